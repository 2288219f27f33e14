"""HubSpot's connector: what its answers mean, and the double held to the examples of its errors."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from integrations import http
from integrations.connectors import base, crm
from integrations.connectors.hubspot import HubSpot, meeting_values, remote_field, same
from integrations.connectors.hubspot_errors import error_of
from integrations.sandbox import hubspot_shapes as shapes
from integrations.sandbox.hubspot import HubSpotDouble
from tests.integrations.vendors import HUBSPOT, CheckedDouble, FixedSignIn, network
from tests.shared import shared_json

NOON = datetime(2031, 1, 6, 17, tzinfo=UTC)
EXAMPLES = {
    "400_validation": base.PermanentError, "401_invalid_auth": base.ReconnectRequired,
    "409_contact_exists": crm.AddressTaken, "429_secondly_search": base.RetryableError,
    "429_ten_secondly": base.RetryableError,
}  # fmt: skip


def answer_of(reply: Any) -> http.Answer:
    return http.Answer(reply.status, {k.lower(): v for k, v in reply.headers.items()}, httpx.Response(200, json=reply.body).content)  # fmt: skip


def example(name: str) -> tuple[int, dict[str, Any]]:
    told = shared_json(f"contracts/examples/hubspot_{name}.json")
    return told["status"], told["body"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_errors_mean_what_they_should(name: str) -> None:
    status, body = example(name)
    found = error_of(http.Answer(status, {}, httpx.Response(200, json=body).content), NOON)
    assert type(found) is EXAMPLES[name] and body["correlationId"] in str(found)


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        ("400", base.PermanentError, None), ("401", base.ReconnectRequired, None),
        ("403", base.PermissionMissing, None), ("404", base.TargetGone, None),
        ("409", crm.AddressTaken, None), ("423", base.RetryableError, 2),
        ("429 secondly", base.RetryableError, 1), ("429 ten secondly", base.RetryableError, 10),
        ("429 after 7", base.RetryableError, 10), ("477", base.RetryableError, 24),
        ("429 daily", base.RetryableError, 12 * 3600), ("500", base.RetryableError, 0),
        ("502", base.RetryableError, 0), ("503", base.RetryableError, 0),
        ("524", base.RetryableError, 0),
    ],
)  # fmt: skip
def test_every_error_of_the_double_has_its_meaning(fault: str, kind: type, wait: float | None) -> None:  # fmt: skip
    """The day of an account in New York ends twelve hours after its noon."""
    found = error_of(answer_of(shapes.failure(fault)), NOON, "America/New_York")
    assert type(found) is kind and getattr(found, "retry_after", None) == wait


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("401_invalid_auth", shapes.failure("401")), ("409_contact_exists", shapes.taken("12345")),
        ("429_secondly_search", shapes.failure("429 secondly")),
        ("429_ten_secondly", shapes.failure("429 ten secondly", 110)),
    ],
)  # fmt: skip
def test_the_doubles_errors_have_the_shape_of_the_examples(name: str, made: Any) -> None:
    status, body = example(name)
    assert made.status == status and set(made.body) == set(body)
    assert (made.body["category"], made.body["message"]) == (body["category"], body["message"])


def test_the_existing_record_is_read_from_the_message_and_may_be_missing() -> None:
    assert error_of(answer_of(shapes.taken("77")), NOON).other == "77"  # type: ignore[attr-defined]
    assert error_of(answer_of(shapes.failure("409")), NOON).other == ""  # type: ignore[attr-defined]


def test_refused_fields_are_named_and_values_are_not() -> None:
    faults = [("city", "PROPERTY_DOESNT_EXIST"), ("email", "INVALID_EMAIL")]
    found = error_of(answer_of(shapes.invalid(faults)), NOON)
    assert isinstance(found, crm.FieldsRefused) and found.names == ("city",)
    body = {"message": "Email address ada@example.com is invalid", "category": "VALIDATION_ERROR"}
    told = error_of(http.Answer(400, {}, httpx.Response(200, json=body).content), NOON)
    assert "@" not in str(told) and "is invalid" in str(told)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"message": 7, "errors": "x"}', b'{"errors": [7]}', b'{"message": "x [{"}'])  # fmt: skip
def test_an_error_in_any_shape_is_no_crash(body: bytes) -> None:
    assert isinstance(error_of(http.Answer(400, {}, body), NOON), base.PermanentError)


@pytest.mark.parametrize(
    ("row", "kind", "locked"),
    [
        (shapes.one("email", "Email"), crm.EMAIL, False),
        (shapes.one("a", "A", "string", "phonenumber"), crm.PHONE, False),
        (shapes.one("a", "A", "enumeration", "checkbox", ("x",)), crm.CHOICES, False),
        (shapes.one("a", "A", "enumeration", "radio", ("x",)), crm.CHOICE, False),
        (shapes.one("a", "A", "bool", "booleancheckbox"), crm.YES_NO, False),
        (shapes.one("a", "A", "date", "date"), crm.DATE, False),
        (shapes.one("a", "A", "object_coordinates", "text"), crm.OTHER, False),
        ({**shapes.one("a", "A"), "calculated": True}, crm.TEXT, True),
    ],
)
def test_properties_are_told_in_common_words(row: Any, kind: str, locked: bool) -> None:
    found = remote_field(row)
    assert (found.kind, found.locked) == (kind, locked)


@pytest.mark.parametrize("answer", [[], {"id": "7", "properties": {}}, "x", {"id": None}, {"id": "1"}])  # fmt: skip
def test_an_answer_for_another_record_is_not_believed(answer: object) -> None:
    with network(httpx.MockTransport(lambda _: httpx.Response(200, json=answer))):
        hubspot = HubSpot("https://vendor.example", FixedSignIn(HubSpotDouble()))
        with pytest.raises(base.RetryableError, match="cannot be read"):
            hubspot.read("1", ["city"])
        with pytest.raises(base.RetryableError, match="cannot be read"):
            hubspot.by_email("ada@example.com", ["city"])


def test_a_write_that_answers_for_another_record_is_in_doubt() -> None:
    other = {"id": "7", "properties": {}}
    with network(httpx.MockTransport(lambda _: httpx.Response(200, json=other))):
        hubspot = HubSpot("https://vendor.example", FixedSignIn(HubSpotDouble()))
        with pytest.raises(base.AnswerLostError):
            hubspot.update(crm.Record("1"), {"city": "Bath"}, ["city"])


def test_the_search_lags_and_the_store_does_not() -> None:
    double = HubSpotDouble(search_lag=60)
    with network(CheckedDouble(double, HUBSPOT, "")):
        hubspot = HubSpot("https://vendor.example", FixedSignIn(double))
        made = hubspot.create({"email": "a@example.com", "phone": "+12025550195"}, ["phone"])
        assert hubspot.by_email("A@example.com", [])[0].id == made.id
        assert hubspot.by_phone("+12025550195", []) == []
        double.now = lambda: 4102444800.0
        double.sign_in.now = lambda: 0.0
        assert [row.id for row in hubspot.by_phone("+12025550195", [])] == [made.id]


@pytest.mark.parametrize("address", ["o'neil@example.com", "dörte@bücher.example", "a+b/c@example.com", f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.com"])  # fmt: skip
def test_addresses_with_quotes_letters_and_slashes_are_found(address: str) -> None:
    double = HubSpotDouble()
    with network(CheckedDouble(double, HUBSPOT, "")):
        hubspot = HubSpot("https://vendor.example", FixedSignIn(double))
        record = double.add("contacts", {"email": address})
        assert [row.id for row in hubspot.by_email(address.upper().lower(), [])] == [record["id"]]


def test_a_moment_may_be_spelled_in_another_way() -> None:
    assert same("2031-01-06T10:00:00Z", "2031-01-06T10:00:00.000Z") and not same("", "x")
    told = crm.LoggedMeeting("k", "Tax", NOON, NOON, "no_show")
    assert meeting_values(told)["hs_meeting_outcome"] == "NO_SHOW"
    assert "hs_meeting_location" not in meeting_values(told)
