"""Every request: the key, the shape of errors, ids of requests, what no page may answer."""

import json
import re

import pytest
from django.test import Client

from contacts.access import Role
from contacts.api_keys import revoke_key
from contacts.models import User
from tests.contacts.api.client import Api, problem
from tests.factories import by, make_user

INVALID = b'{"type":"authentication_error","message":"Invalid API key."}'


def test_the_key_is_valid_for_the_owner_of_the_account(api: Api) -> None:
    make_user(Role.ADMINISTRATOR, email="other@kith.test")
    answer = api.get("test")
    assert answer.status_code == 200
    said = b'{"message":"The API key is valid for account: owner@kith.test"}'
    assert answer.content == said


@pytest.mark.parametrize("header", ["api-key", "API-KEY", "Api-Key"])
def test_the_header_is_written_in_any_case(api: Api, header: str) -> None:
    assert Client().get("/v2/test", headers={header: api.key}).status_code == 200


def test_a_bearer_token_is_taken_too(api: Api) -> None:
    answer = Client().get("/v2/test", headers={"Authorization": f"Bearer {api.key}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"API-Key": ""}, {"API-Key": "kith_wrong"}, {"API-Key": "ü" * 40}, {"API-Key": "x" * 5000},
     {"Authorization": "Basic abc"}, {"Authorization": "Bearer"}],
)  # fmt: skip
def test_without_a_valid_key_the_answer_is_these_bytes(api: Api, headers: dict[str, str]) -> None:
    answer = Client().get("/v2/contacts", headers=headers)
    assert (answer.status_code, answer.content) == (401, INVALID)
    assert answer["Content-Type"] == "application/json"


def test_a_session_is_no_key(api: Api, owner: User) -> None:
    client = Client()
    client.force_login(owner)
    assert client.get("/v2/contacts").content == INVALID


def test_a_key_is_dead_as_soon_as_it_is_revoked(api: Api, owner: User) -> None:
    assert api.get("test").status_code == 200
    revoke_key(key=api.row, actor=by(owner))
    assert api.get("test").content == INVALID


def test_last_use_is_noted(api: Api) -> None:
    assert api.row.last_used_at is None
    api.get("test")
    api.row.refresh_from_db()
    assert api.row.last_used_at is not None


@pytest.mark.parametrize("path", ["nowhere", "contacts/", "contacts/CTC-1/more", "%00", "a/b/c"])
def test_an_unknown_address_has_the_shape(api: Api, path: str) -> None:
    status, message, _ = problem(api.get(path))
    assert (status, message) == (404, "There is nothing at this address.")
    assert Client().get(f"/v2/{path}").content == INVALID


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_wrong_method_has_the_shape(api: Api, method: str) -> None:
    answer = api.ask(method, "contacts")
    assert problem(answer)[0] == 405
    assert set(answer["Allow"].split(", ")) == {"GET", "POST"}


def test_another_host_has_the_shape_too(api: Api) -> None:
    assert problem(api.get("contacts", host="evil.example"))[0] == 400


def test_every_answer_names_its_request_as_the_log_does(
    api: Api, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = {api.get(path)["Request-Id"] for path in ("test", "nowhere", "contacts?limit=x")}
    assert len(ids) == 3
    assert all(re.fullmatch(r"req_[0-9a-f]{16,}", each) for each in ids)


def test_the_log_says_what_was_asked_and_by_which_key_but_no_address(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="kith.api"):
        api.get("contacts?email=ada@example.com")
        api.get("contacts/ada@example.com")
    assert [record.getMessage().split(" in ")[0] for record in caplog.records] == [
        "GET /v2/contacts 200",
        "GET /v2/contacts/<id> 404",
    ]
    assert api.row.public_id in caplog.text and "ada@example.com" not in caplog.text


def test_a_line_of_the_log_carries_the_id_of_the_request() -> None:
    import logging

    from config.logs import JsonFormatter
    from contacts.request_ids import forget_request_id, new_request_id

    record = logging.LogRecord("kith", logging.INFO, __file__, 1, "said", None, None)
    request_id = new_request_id()
    assert json.loads(JsonFormatter().format(record))["request"] == request_id
    forget_request_id()
    assert "request" not in json.loads(JsonFormatter().format(record))


def test_what_fails_on_our_side_is_said_in_the_shape(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr("contacts.api.contacts.Listing.answer", broken)
    answer = api.get("contacts")
    assert answer.status_code == 500
    assert json.loads(answer.content)["type"] == "api_error"
    assert b"fire" not in answer.content and "disk on fire" in caplog.text


def test_json_is_compact_and_neither_cached_nor_framed(api: Api) -> None:
    answer = api.get("contacts")
    assert answer.content == b'{"object":"list","data":[],"has_more":false}'
    assert answer["Cache-Control"] == "no-store, private"


def test_a_content_type_without_a_body_is_ignored(api: Api) -> None:
    assert api.ask("GET", "contacts", b"", content_type="text/plain").status_code == 200
