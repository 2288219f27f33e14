"""Answers as bytes: compact JSON in UTF-8, and the tag of what they show."""

import hashlib
import json
from typing import Any

from django.http import HttpResponse

JSON = "application/json"


def compact(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def json_answer(data: Any, *, status: int = 200) -> HttpResponse:
    return HttpResponse(compact(data), status=status, content_type=JSON)


def etag_of(shown: Any) -> str:
    """A strong tag: another one as soon as any byte of the object is another."""
    return f'"{hashlib.sha256(compact(shown)).hexdigest()[:32]}"'
