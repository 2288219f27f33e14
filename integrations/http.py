"""The one way out to other systems: the only module that opens a connection.

Every call has a deadline for connecting and one for the whole of it; no redirect is followed, no
proxy or sign-in is taken from the environment, and an answer is read up to a limit. What goes wrong
is told apart by the one thing that matters to the caller: whether the other side may have acted.
"""

import functools
import json as json_text
import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

CONNECT_WITHIN = 5.0  # seconds
DEADLINE = 20.0
LONGEST_ANSWER = 1024 * 1024  # bytes
LONGEST_WAIT = 24 * 60 * 60.0  # seconds; whoever asks for more is asked again after a day

#: How addresses are read, here and wherever one is looked at first: two readers would differ.
Url = httpx.URL
InvalidUrl = httpx.InvalidURL

#: What tests put in the place of the network.
transport: httpx.BaseTransport | None = None


class NotReached(Exception):
    """No connection: the other side has got nothing."""


class AnswerLost(Exception):
    """The request has left, or part of it; what the other side did with it is not known."""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json_text.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def retry_after(self) -> float:
        """How long the other side asks to be left alone, in seconds; 0 where it does not say."""
        return seconds_in(self.headers.get("retry-after", ""), datetime.now(UTC))


def call(
    method: str,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    json: Any = None,
    content: bytes | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    sign_in: tuple[str, str] | None = None,
    deadline: float = DEADLINE,
    address: str = "",
    read: bool = True,
    longest: int = LONGEST_ANSWER,
) -> Answer:
    """Make one request, with a body of `form`, `json` or `content`. `deadline` is in seconds.

    Raises NotReached and AnswerLost.

    With `address` the connection goes to that IP address and no other, while the certificate and
    the Host header are still those of the name in the URL. Without `read` the body is left unread;
    of `longest` bytes it is at most.
    """
    ends = time.monotonic() + deadline
    timeout = httpx.Timeout(deadline, connect=min(CONNECT_WITHIN, deadline))
    where, named, sni = _pinned(url, address)
    with (
        _cut_after(deadline) as trace,
        httpx.Client(
            transport=transport,
            verify=_trust(),
            trust_env=False,
            follow_redirects=False,
            auth=sign_in,
        ) as client,
    ):
        try:
            with client.stream(
                method,
                where,
                data=form,
                json=json,
                content=content,
                params=query,
                headers={**named, **(headers or {})},
                timeout=timeout,
                extensions={"trace": trace, **sni},
            ) as response:
                body = _read(response, ends, longest) if read else b""
                return Answer(response.status_code, response.headers, body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotReached(type(error).__name__) from None
        except httpx.HTTPError as error:
            raise AnswerLost(type(error).__name__) from None


def _pinned(url: str, address: str) -> tuple[httpx.URL, dict[str, str], dict[str, str]]:
    """Where to connect, and the Host header and the TLS name that go with it."""
    parsed = httpx.URL(url)
    if not address:
        return parsed, {}, {}
    name = parsed.raw_host.decode()
    host = {"Host": parsed.netloc.decode()}
    return parsed.copy_with(host=address), host, {"sni_hostname": name}


@contextmanager
def _cut_after(seconds: float) -> Iterator[Any]:
    """Cut the connection when the time is up: httpx only limits each read, and bytes may drip."""
    streams: list[Any] = []

    def trace(event: str, info: dict[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            streams.append(info["return_value"])

    def cut() -> None:
        for stream in streams[-1:]:
            with suppress(OSError):
                socket.socket.shutdown(stream.get_extra_info("socket"), socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield trace
    finally:
        timer.cancel()


def _read(response: httpx.Response, ends: float, longest: int) -> bytes:
    """The body, while there is time. Raises AnswerLost when it drips or does not end."""
    body = b""
    for part in response.iter_bytes():
        body += part
        if time.monotonic() > ends or len(body) > longest:
            raise AnswerLost("too slow or too long")
    return body


def seconds_in(text: str, now: datetime) -> float:
    """What a Retry-After asks for, in seconds from `now`: a number or a date; 0 for anything else."""
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        asked = (parsedate_to_datetime(text) - now).total_seconds()
    except (TypeError, ValueError):  # not a date, or one without a zone
        return 0.0
    return float(min(max(math.ceil(asked), 0), LONGEST_WAIT))


@functools.cache
def _trust() -> ssl.SSLContext:
    """The machine's certificates, read once."""
    return ssl.create_default_context()
