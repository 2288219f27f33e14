"""Salesforce's connector: what its answers mean, and the double held to the examples of its errors."""

import json
from typing import Any

import httpx
import pytest

from integrations import http, oauth
from integrations.connectors import base, crm
from integrations.connectors import salesforce_words as words
from integrations.connectors.salesforce import Salesforce
from integrations.connectors.salesforce_errors import LeadConverted, error_of, used_share
from integrations.crm import vendors
from integrations.sandbox import salesforce_shapes as shapes
from integrations.sandbox import soql
from integrations.sandbox.salesforce import SalesforceDouble
from tests.integrations.vendors import CheckedSalesforce, FixedSignIn, network
from tests.shared import shared_json

EXAMPLES = {
    "300_multiple": crm.DuplicatesFound, "400_converted_lead": LeadConverted,
    "400_duplicates": crm.DuplicatesFound, "400_lock_row": base.RetryableError,
    "401_expired": base.ReconnectRequired, "403_limit": base.RetryableError,
    "404_deleted": base.TargetGone,
}  # fmt: skip


def answer(status: int, body: Any) -> http.Answer:
    return http.Answer(status, {}, httpx.Response(200, json=body).content)


def example(name: str) -> tuple[int, Any]:
    told = shared_json(f"contracts/examples/salesforce_{name}.json")
    return told["status"], told["body"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_errors_mean_what_they_should(name: str) -> None:
    found = error_of(answer(*example(name)))
    assert type(found) is EXAMPLES[name]
    if isinstance(found, crm.DuplicatesFound):
        assert found.other == "0031t00000aaaaAAAQ"


def test_a_grant_that_is_over_needs_somebody() -> None:
    found = oauth.error_of(answer(*example("oauth_invalid_grant")), "Salesforce")
    assert isinstance(found, base.ReconnectRequired)


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        ("400", base.PermanentError, None), ("400 converted", LeadConverted, None),
        ("400 lock", base.RetryableError, 0), ("400 query", base.PermanentError, None),
        ("400 rule", base.PermanentError, None), ("401", base.ReconnectRequired, None),
        ("403", base.PermissionMissing, None), ("403 off", base.PermissionMissing, None),
        ("403 limit", base.RetryableError, 7200), ("403 at once", base.RetryableError, 30),
        ("404", base.TargetGone, None), ("404 deleted", base.TargetGone, None),
        ("406", base.RetryableError, 0), ("412", base.RetryableError, 1),
        ("500", base.RetryableError, 0), ("503", base.RetryableError, 0),
    ],
)  # fmt: skip
def test_every_error_of_the_double_has_its_meaning(fault: str, kind: type, wait: float | None) -> None:  # fmt: skip
    reply = shapes.failure(fault)
    found = error_of(answer(reply.status, reply.body))
    assert type(found) is kind and getattr(found, "retry_after", None) == wait


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("400_converted_lead", shapes.failure("400 converted")),
        ("400_lock_row", shapes.failure("400 lock")), ("401_expired", shapes.failure("401")),
        ("403_limit", shapes.failure("403 limit")), ("404_deleted", shapes.failure("404 deleted")),
        (
            "400_duplicates",
            shapes.duplicates("Contact", ["0031t00000aaaaAAAQ"], allow=True, key="duplicateResut"),
        ),
    ],
)  # fmt: skip
def test_the_doubles_errors_are_those_of_the_examples(name: str, made: Any) -> None:
    status, body = example(name)
    told = json.loads(json.dumps(made.body).replace("/v62.0/", "/v50.0/"))
    assert made.status == status and told == body


def test_refused_fields_are_named_and_values_are_not() -> None:
    for reply in (shapes.no_column("City__c", "Contact"), shapes.refused(["City__c"])):
        found = error_of(answer(reply.status, reply.body))
        assert isinstance(found, crm.FieldsRefused) and found.names == ("City__c",)
    told = shapes.error("INVALID_EMAIL_ADDRESS", "Email: invalid email address: a@b", ["Email"])
    assert "@" not in str(error_of(answer(400, told))) and "invalid" in str(error_of(answer(400, told)))  # fmt: skip
    unique = shapes.error("DUPLICATE_VALUE", "duplicate value found: Kith_Id__c duplicates value on record with id: 0031t00000aaaaA")  # fmt: skip
    assert error_of(answer(400, unique)).other == "0031t00000aaaaA"  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"", b"{}", b"[7]", b"[", b'[{"errorCode": 7, "fields": 3}]', b'[{"duplicateResut": [], "errorCode": "DUPLICATES_DETECTED"}]'])  # fmt: skip
@pytest.mark.parametrize("status", [300, 400, 403, 500])
def test_an_error_in_any_shape_is_no_crash(body: bytes, status: int) -> None:
    assert isinstance(error_of(http.Answer(status, {}, body)), base.ConnectorError)


@pytest.mark.parametrize("told", ["", "api-usage=", "api-usage=1/0", "x"])
def test_an_allowance_that_is_not_told_is_none(told: str) -> None:
    assert used_share(told) == 0.0 and used_share("api-usage=4500/5000") == 0.9


@pytest.mark.parametrize(
    ("kind", "common"),
    [("string", crm.TEXT), ("email", crm.EMAIL), ("phone", crm.PHONE), ("picklist", crm.CHOICE),
     ("multipicklist", crm.CHOICES), ("boolean", crm.YES_NO), ("currency", crm.NUMBER),
     ("date", crm.DATE), ("reference", crm.OTHER), ("location", crm.OTHER)],
)  # fmt: skip
def test_fields_are_told_in_common_words(kind: str, common: str) -> None:
    row = shapes.one("A__c", "A", kind, custom=True)
    found = words.remote_field(row)
    assert (found.kind, found.locked, found.custom, found.required) == (common, False, True, False)
    assert words.remote_field({**row, "updateable": False}).locked
    assert words.remote_field({**row, "nillable": False, "defaultedOnCreate": False}).required


@pytest.mark.parametrize("text", ["o'neil", "\\", "\\'", "a\nb", '"', "' OR Id != '", "%_", "ü\\n", "\x00x"])  # fmt: skip
def test_whatever_is_quoted_is_read_back_as_it_was(text: str) -> None:
    query = soql.parse(f"SELECT Id FROM Contact WHERE Email = {words.quoted(text)}")
    assert query.test({"Email": text.replace("\x00", "")}) and not query.test({"Email": "y"})


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM Contact", "DELETE FROM Contact", "SELECT Id FROM Contact WHERE Email LIKE 'x'",
        "SELECT Id FROM Contact WHERE Email = 'x", "SELECT Id FROM Contact; SELECT Id FROM Lead",
        "SELECT Id FROM Contact WHERE A = 'x' AND B = 'y' OR C = 'z'", "SELECT Id, Id FROM Contact",
        "SELECT Id FROM Contact LIMIT x", "", "SELECT (SELECT Id FROM Contacts) FROM Account",
        "SELECT Id FROM Contact WHERE Email = 'o'neil'",
    ],
)  # fmt: skip
def test_the_double_refuses_what_it_does_not_understand(text: str) -> None:
    with pytest.raises(soql.Malformed):
        soql.parse(text)


@pytest.mark.parametrize("body", [[], {"Id": "0035e0000000007AAA"}, "x", {"Id": None}, {}])
def test_an_answer_for_another_record_is_not_believed(body: object) -> None:
    with network(httpx.MockTransport(lambda _: httpx.Response(200, json=body))):
        salesforce = Salesforce("https://vendor.example", FixedSignIn(SalesforceDouble()))
        with pytest.raises(base.RetryableError, match="cannot be read"):
            salesforce.read("0035e0000000001AAA", ["MailingCity"])
        with pytest.raises(base.RetryableError, match="cannot be read"):
            salesforce.by_email("ada@example.com", ["MailingCity"])


def test_a_write_under_an_old_stamp_is_refused_and_nothing_is_written() -> None:
    double = SalesforceDouble()
    with network(CheckedSalesforce(double)):
        salesforce = Salesforce("https://vendor.example", FixedSignIn(double))
        made = salesforce.create({"LastName": "Lovelace"}, ["Title"])
        double.rows["Contact"][made.id]["LastModifiedDate"] = "2099-01-01T00:00:00.000+0000"
        with pytest.raises(base.RetryableError, match="changed the record"):
            salesforce.update(made, {"Title": "Analyst"}, ["Title"])
        assert salesforce.read(made.id, ["Title"]).values.get("Title") is None


def test_records_that_were_merged_in_a_circle_are_gone() -> None:
    double = SalesforceDouble()
    one, two = (double.add("Contact", {"LastName": each})["Id"] for each in "ab")
    double.merge(one, two)
    double.merge(two, one)
    with network(CheckedSalesforce(double)):
        salesforce = Salesforce("https://vendor.example", FixedSignIn(double))
        with pytest.raises(base.TargetGone):
            salesforce.read(one, [])


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.my.salesforce.com", "https://a.my.salesforce.com"), ("http://a.example", ""),
        ("ftp://a", ""), ("", ""), (None, ""), ("https:///x", ""), (7, ""),
    ],
)  # fmt: skip
def test_the_api_is_where_the_sign_in_says_unless_that_is_less_safe(url: Any, kept: str) -> None:
    assert vendors._instance({"instance_url": url}, "https://login.salesforce.com/x") == kept
