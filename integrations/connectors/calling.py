"""Signed requests to one vendor's API: a refused token is renewed once, an answer is told in classes."""

from collections.abc import Mapping
from typing import Any, Protocol

from integrations import http
from integrations.connectors.base import AnswerLostError, ConnectorError, RetryableError


class SignIn(Protocol):
    """A connection's way in. Both raise ReconnectRequired, Misconfigured, RetryableError."""

    #: Where this account's API is, once a token was asked for; "" where that is the same for all.
    instance: str

    def token(self) -> str:
        """An access token that has not run out."""
        ...

    def renewed(self, refused: str) -> str:
        """Another one, after the vendor has refused `refused`."""
        ...


class Changed(Exception):
    """Somebody else has written what is written since it was read."""


class Caller:
    """Signed requests to one vendor's API; what an answer means is the vendor's `error_of`."""

    vendor = ""

    def __init__(self, api: str, sign_in: SignIn) -> None:
        self.api = api.rstrip("/")
        self.sign_in = sign_in

    @property
    def base(self) -> str:
        """It may be another one after a renewal."""
        return self.sign_in.instance or self.api

    def error_of(self, answer: http.Answer) -> ConnectorError | Changed:
        raise NotImplementedError

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        longest: int = http.LONGEST_ANSWER,
    ) -> http.Answer:
        """A 2xx answer. A refused token is renewed once; everything else is raised."""
        token = self.sign_in.token()
        parts = {"query": query, "headers": headers, "json": json, "longest": longest}
        answer = self._once(method, f"{self.base}{path}", token, **parts)
        if answer.status == 401:
            token = self.sign_in.renewed(token)
            answer = self._once(method, f"{self.base}{path}", token, **parts)
        if 200 <= answer.status < 300:
            return answer
        error = self.error_of(answer)
        if isinstance(error, ConnectorError):
            error.status = answer.status
        raise error

    def _once(self, method: str, url: str, token: str, **parts: Any) -> http.Answer:
        signed = {**(parts.pop("headers") or {}), "Authorization": f"Bearer {token}"}
        try:
            return http.call(method, url, headers=signed, **parts)
        except http.NotReached:
            raise RetryableError(f"{self.vendor} could not be reached.") from None
        except http.AnswerLost:
            lost = f"The connection to {self.vendor} broke before its answer came."
            raise (RetryableError if method == "GET" else AnswerLostError)(lost) from None

    def unreadable(self, method: str) -> RetryableError:
        """For an answer of success that is none: a write may have been done."""
        words = f"{self.vendor} answered with something that cannot be read."
        return (RetryableError if method == "GET" else AnswerLostError)(words)
