"""Reading a body strictly: what could be understood in two ways is refused, not guessed."""

import json
import re
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from ninja.parser import Parser

from contacts.api.errors import ApiError, bad

DEEPEST = 20  # of lists and objects in each other; our own bodies have three
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


class StrictParser(Parser):
    """JSON objects only: no double names, no NaN, no NUL, no half characters, not too deep."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Raises ApiError."""
        kind = request.META.get("CONTENT_TYPE", "")
        if kind and not _JSON.fullmatch(kind.strip()):
            raise bad("The Content-Type must be application/json.", "body")
        return read_object(body_of(request))


def body_of(request: HttpRequest) -> bytes:
    """Raises ApiError for a body over DATA_UPLOAD_MAX_MEMORY_SIZE, or one that breaks off."""
    try:
        return request.body
    except (RequestDataTooBig, UnreadablePostError) as fault:
        raise of_body(fault) from None


def of_body(fault: Exception) -> ApiError:
    """What is wrong with a body that could not be read at all."""
    if isinstance(fault, RequestDataTooBig):
        return bad("The request body is too large: at most 1 MB.", "body")
    return bad("The request body broke off.", "body")


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises ApiError."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise bad("The request body is not valid UTF-8.", "body") from None
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        raise bad("The request body is nested too deeply.", "body") from None
    except ValueError:  # its own kind, and that of a number with thousands of digits
        raise bad("The request body is not valid JSON.", "body") from None
    if not isinstance(found, dict):
        raise bad("The request body must be a JSON object.", "body")
    _check(found, "", 1)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise bad(f"Received '{name}' more than once.", name)
        found[name] = value
    return found


def _no_constant(name: str) -> None:
    raise bad(f"The request body is not valid JSON: {name} is no number.", "body")


def _check(value: Any, where: str, depth: int) -> None:
    """No text that a database or an answer could not hold. `where` is the field at the top."""
    if depth > DEEPEST:
        raise bad("The request body is nested too deeply.", where or "body")
    if isinstance(value, str):
        if "\x00" in value or _SURROGATE.search(value):
            raise bad(f"Invalid characters in {where}.", where)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check(name, where or "body", depth)
            _check(inner, where or name, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, where, depth + 1)


def cause_of(error: Exception) -> ApiError | None:
    """What StrictParser found, where django-ninja has wrapped it into an error of its own."""
    cause = error.__cause__ or error.__context__
    return cause if isinstance(cause, ApiError) else None
