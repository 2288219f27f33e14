"""A program that speaks to the API, as a test drives it."""

import json
from typing import Any

from django.test import Client

from contacts.api_keys import create_key
from contacts.models import User
from tests.factories import by

Answer = Any  # of the test client: status_code, content, headers, json()


class Api:
    """One key of an account."""

    def __init__(self, owner: User, name: str = "Warehouse") -> None:
        self.row, self.key = create_key(name=name, actor=by(owner))
        self.client = Client(raise_request_exception=False)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """`headers` in Python's spelling: if_match. A body that is no text is sent as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("API-Key", self.key)
        raw = body if isinstance(body, str | bytes) else json.dumps(body)
        more: dict[str, Any] = {}
        if body is not None:
            more = {"data": raw, "content_type": sent.pop("content-type", "application/json")}
        return self.client.generic(method, f"/v2/{path}", headers=sent, **more)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.ask("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.ask("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.ask("DELETE", path, **headers)


def problem(answer: Answer) -> tuple[int, str, str]:
    """Status, message and parameter of an error, whose type is checked on the way."""
    said = json.loads(answer.content)
    assert answer["Content-Type"] == "application/json"
    assert said["type"] in {"authentication_error", "invalid_request_error", "rate_limit_error"}
    return answer.status_code, said["message"], said.get("param", "")


def person(**values: Any) -> dict[str, Any]:
    """A body that is accepted, some of its fields otherwise."""
    known = {"first_name": "Carrie", "last_name": "Customer", "email": "carrie@example.com"}
    return {**known, **values}
