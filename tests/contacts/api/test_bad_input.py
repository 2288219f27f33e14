"""What no client should send: always the documented 4xx, never a page, never a 500."""

import json
from typing import Any

import pytest

from contacts.models import Contact
from tests.contacts.api.client import Api, person, problem

GOOD = json.dumps(person())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\xff\xfe{}", "The request body is not valid UTF-8."),
        ('{"first_name": "' + "\\" + 'ud800"}', "Invalid characters in first_name."),
        ('{"first_name": "a' + "\\" + 'u0000b"}', "Invalid characters in first_name."),
        ('{"a' + "\\" + 'u0000": 1}', "Invalid characters in body."),
        ("{", "The request body is not valid JSON."),
        ("[]", "The request body must be a JSON object."),
        ("null", "The request body must be a JSON object."),
        ('"text"', "The request body must be a JSON object."),
        ('{"employees": NaN}', "The request body is not valid JSON: NaN is no number."),
        ('{"employees": -Infinity}', "The request body is not valid JSON: -Infinity is no number."),
        ('{"employees": ' + "9" * 5000 + "}", "The request body is not valid JSON."),
        ('{"email": "a@b.example", "email": "c@d.example"}', "Received 'email' more than once."),
        ("[" * 100_000, "The request body is nested too deeply."),
        ('{"custom_fields": ' + "[" * 50 + "]" * 50 + "}", "The request body is nested too deeply."),
        (GOOD + GOOD, "The request body is not valid JSON."),
    ],
)  # fmt: skip
def test_a_body_that_is_no_clear_json_is_refused(api: Api, body: str | bytes, message: str) -> None:
    assert problem(api.post("contacts", body))[:2] == (400, message)
    assert not Contact.objects.exists()


def test_five_megabytes_are_too_much(api: Api) -> None:
    said = problem(api.post("contacts", person(company="x" * 5_000_000)))
    assert said == (400, "The request body is too large: at most 1 MB.", "body")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/xml", "application/jsonp", "nonsense"],
)  # fmt: skip
def test_another_content_type_is_refused(api: Api, kind: str) -> None:
    said = problem(api.post("contacts", GOOD, content_type=kind))
    assert said == (400, "The Content-Type must be application/json.", "body")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", ""]
)
def test_json_goes_by_its_usual_names(api: Api, kind: str) -> None:
    assert api.post("contacts", GOOD, content_type=kind).status_code == 201


@pytest.mark.parametrize("field", ["first_name", "email", "company", "owner", "status", "timezone"])
@pytest.mark.parametrize("value", [1, 1.5, True, [], {}, ["a"]])
def test_a_text_is_a_text(api: Api, field: str, value: Any) -> None:
    status, message, param = problem(api.post("contacts", person(**{field: value})))
    assert (status, param) == (400, field) and message.startswith(f"Invalid value for {field}: ")


@pytest.mark.parametrize(
    ("field", "value"),
    [("employees", "3"), ("employees", 3.5), ("employees", True), ("employees", -1),
     ("employees", 2**31), ("has_consent", "yes"), ("has_consent", 1), ("terms_of_sevice", [])],
)  # fmt: skip
def test_numbers_and_flags_are_what_they_are(api: Api, field: str, value: Any) -> None:
    status, _, param = problem(api.post("contacts", person(**{field: value})))
    assert (status, param) == (400, field)


def test_a_million_of_employees_is_a_number(api: Api) -> None:
    answer = api.post("contacts", person(employees=2**31 - 1))
    assert answer.json()["employees"] == 2**31 - 1
