"""What the doubles of web APIs have in common: requests in, answers out, a journal, and faults.

A fault is named and takes effect once, on the next request that it is meant for:

* `slow`, `hang`: the answer comes late, or so late that nobody waits for it
* `lost`: what was asked is done, and the answer breaks off
* `malformed`: what was asked is done, and the answer is not JSON
* `huge`: the answer is longer than anybody reads
* anything else is the name of one of the vendor's own errors, and nothing is done
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import parse_qs

SLOW, HANG = 1.0, 3600.0  # seconds
HUGE = 2 * 1024 * 1024  # bytes
#: Each gives the next fault of a vendor, "" for none. The demo's server adds its own.
switches: list[Callable[[str], str]] = []
LATE = {"slow": SLOW, "hang": HANG}


@dataclass(frozen=True)
class Request:
    """One request, with its parameters and headers by lower-case name; the last of a kind counts."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def form(self) -> dict[str, str]:
        return {
            name: values[-1]
            for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()
        }


@dataclass(frozen=True)
class Reply:
    """An answer; `body` None is an empty one, text is HTML, anything else JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Double:
    """A WSGI application with its state in memory; `faults` are for the next API requests."""

    vendor: ClassVar[str] = ""  # as the switch of the demo knows it (integrations.sandbox.switch)
    requests: list[Request] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    sleep: Callable[[float], object] = time.sleep
    changed: Callable[[], None] = lambda: None  # called after each request that may write
    lock: Any = field(default_factory=threading.RLock, repr=False)

    def respond(self, request: Request) -> Reply:
        """Answer one request, without faults."""
        raise NotImplementedError

    def failure(self, name: str) -> Reply:
        """The vendor's own error of that name."""
        raise NotImplementedError

    def meets_faults(self, request: Request) -> bool:
        """Whether a fault may befall this request; signing in is spared."""
        return "authorization" in request.headers

    def _fault(self) -> str:
        if self.faults or not switches:
            return self.faults.pop(0) if self.faults else ""
        return next(filter(None, (take(self.vendor) for take in switches)), "")

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        request = _request(environ)
        with self.lock:
            self.requests.append(request)
            fault = self._fault() if self.meets_faults(request) else ""
        if fault in LATE:
            self.sleep(LATE[fault])
        kinds = {"", "lost", "malformed", "huge", *LATE}
        with self.lock:
            reply = self.respond(request) if fault in kinds else self.failure(fault)
            if request.method != "GET":
                self.changed()
        return _send(reply, fault, start_response)


def _request(environ: dict[str, Any]) -> Request:
    size = int(environ.get("CONTENT_LENGTH") or 0)
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return Request(
        method=environ["REQUEST_METHOD"],
        path=_path(environ["PATH_INFO"]),
        query={name: values[-1] for name, values in query.items()},
        headers=headers,
        body=environ["wsgi.input"].read(size),
    )


def _path(given: str) -> str:
    """WSGI spells bytes as Latin-1 (PEP 3333); a transport within one process may have read them."""
    try:
        return given.encode("latin-1").decode()
    except UnicodeError:
        return given


def _send(reply: Reply, fault: str, start_response: Callable[..., object]) -> list[bytes]:
    kind = "text/html; charset=utf-8" if isinstance(reply.body, str) else "application/json"
    body = b"" if reply.body is None else _bytes(reply.body)
    if fault == "malformed":
        body = b"<html>" + body[: len(body) // 2]
    if fault == "huge":
        body = b" " * HUGE + body
    length = str(len(body) + 1000 if fault == "lost" else len(body))  # it ends before its end
    headers = [*{"Content-Type": kind, "Content-Length": length, **reply.headers}.items()]
    start_response(f"{reply.status} {_phrase(reply.status)}", headers)
    return [b"" if fault == "lost" else body]


def _phrase(status: int) -> str:
    """Vendors have statuses of their own."""
    return HTTPStatus(status).phrase if status in list(HTTPStatus) else "Own"


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
