"""Identifiers, merge and undo: by the rules of the product, in one call."""

from typing import Any

import pytest

from contacts.models import Contact, Merge, User
from tests.contacts.api.client import Api, problem
from tests.factories import make_contact


@pytest.fixture
def pair(member: User, stranger: User) -> tuple[Contact, Contact]:
    """Ada, and Ada once more under another address."""
    first = make_contact(member, last_name="Lovelace", email="ada@example.com", city="London")
    second = make_contact(
        stranger, last_name="King", email="king@example.com", company="Engines", city="Turin"
    )
    return first, second


def test_an_address_is_changed_and_the_old_one_stays_known(
    api: Api, pair: tuple[Contact, Contact]
) -> None:
    ada, _ = pair
    answer = api.post(f"contacts/{ada.public_id}/identifiers", {"email": "Ada@Example.org"})
    assert (answer.status_code, answer.json()["email"]) == (200, "Ada@Example.org")
    assert ada.identifiers.filter(current=False, key="ada@example.com").exists()


def test_an_address_of_somebody_else_is_409_with_the_other_id(
    api: Api, pair: tuple[Contact, Contact]
) -> None:
    ada, king = pair
    answer = api.post(f"contacts/{ada.public_id}/identifiers", {"email": "king@example.com"})
    assert problem(answer) == (409, "Contact already exists: 'king@example.com'", "email")
    assert answer.json()["existing_id"] == king.public_id
    assert Contact.objects.count() == 2


def test_with_merge_the_holder_survives(api: Api, pair: tuple[Contact, Contact]) -> None:
    ada, king = pair
    body = {"email": "king@example.com", "merge": True}
    shown = api.post(f"contacts/{ada.public_id}/identifiers", body).json()
    assert shown["id"] == king.public_id
    assert (shown["last_name"], shown["company"], shown["city"]) == (
        "Lovelace",
        "Engines",
        "London",
    )
    assert api.get(f"contacts/{ada.public_id}").json() == shown
    assert str(Merge.objects.get().api_key) == "API key Warehouse"


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({}, "At least one of 'email' or 'mobile_phone' is required.", "email"),
        ({"merge": True}, "At least one of 'email' or 'mobile_phone' is required.", "email"),
        ({"email": "x@invalid"}, "Invalid email format: 'x@invalid'", "email"),
        ({"phone": "+12025550100"}, "Unsupported field", "phone"),
    ],
)
def test_what_is_wrong_with_an_identifier_is_said(
    api: Api, pair: tuple[Contact, Contact], body: dict[str, Any], message: str, param: str
) -> None:
    answer = api.post(f"contacts/{pair[0].public_id}/identifiers", body)
    assert problem(answer) == (400, message, param)


def merge_body(pair: tuple[Contact, Contact], **more: Any) -> dict[str, Any]:
    return {"survivor": pair[0].public_id, "duplicates": [pair[1].public_id], **more}


def test_a_dry_run_tells_and_changes_nothing(api: Api, pair: tuple[Contact, Contact]) -> None:
    shown = api.post("contacts/merge", merge_body(pair, dry_run=True), idempotency_key="d").json()
    fields = {each["name"]: each for each in shown["fields"]}
    assert fields["company"] == {
        "name": "company", "existing": None, "result": "Engines", "outcome": "fill",
        "from": pair[1].public_id,
    }  # fmt: skip
    assert fields["city"]["outcome"] == "keep" and fields["owner"]["result"].startswith("USR-")
    assert shown["id"] is None and Contact.objects.count() == 2
    done = api.post("contacts/merge", merge_body(pair), idempotency_key="m")
    assert done.json()["fields"] == shown["fields"] and Contact.objects.count() == 1


def test_a_value_can_be_chosen(api: Api, pair: tuple[Contact, Contact]) -> None:
    body = merge_body(pair, fields={"city": pair[1].public_id})
    shown = api.post("contacts/merge", body).json()
    assert shown["contact"]["city"] == "Turin" and shown["contact"]["id"] == pair[0].public_id


def test_a_merge_is_undone_once(api: Api, pair: tuple[Contact, Contact]) -> None:
    before = [api.get(f"contacts/{contact.public_id}").json() for contact in pair]
    merged = api.post("contacts/merge", merge_body(pair)).json()
    undone = api.post(f"merges/{merged['id']}/undo").json()
    assert [each["id"] for each in undone["returned"]] == [pair[1].public_id]
    after = [api.get(f"contacts/{contact.public_id}").json() for contact in pair]
    for old, new in zip(before, after, strict=True):
        assert {**new, "last_updated_time": None} == {**old, "last_updated_time": None}
    said = problem(api.post(f"merges/{merged['id']}/undo"))
    assert said == (409, "This merge was undone already.", "id")


def test_the_history_of_merge_and_undo_names_the_key(
    api: Api, pair: tuple[Contact, Contact], as_admin: Any
) -> None:
    merged = api.post("contacts/merge", merge_body(pair)).json()
    api.post(f"merges/{merged['id']}/undo", {})
    for contact in pair:
        page = as_admin.get(f"/contacts/{contact.public_id}/").content.decode()
        assert "API key Warehouse" in page


@pytest.mark.parametrize("merge_id", ["1", "MRG-00000000", "MRG-0000ZZZZ", "CTC-00000001"])
def test_no_such_merge(api: Api, merge_id: str) -> None:
    assert problem(api.post(f"merges/{merge_id}/undo")) == (
        404,
        f"No such merge: '{merge_id}'",
        "id",
    )


@pytest.mark.parametrize(
    ("more", "param"),
    [({"duplicates": []}, "duplicates"), ({"duplicates": ["CTC-1"] * 10}, "duplicates"),
     ({"duplicates": "CTC-1"}, "duplicates"), ({"survivor": None}, "survivor"),
     ({"fields": {"city": "CTC-000000000000"}}, "fields"), ({"fields": {"hat": "x"}}, "fields"),
     ({"extra": 1}, "extra"), ({"dry_run": "no"}, "dry_run")],
)  # fmt: skip
def test_a_merge_that_cannot_be_is_refused(
    api: Api, pair: tuple[Contact, Contact], more: dict[str, Any], param: str
) -> None:
    status, _, named = problem(api.post("contacts/merge", merge_body(pair, **more)))
    assert (status, named) == (400, param)
    assert Contact.objects.count() == 2


def test_a_contact_is_not_merged_with_itself(api: Api, pair: tuple[Contact, Contact]) -> None:
    body = {"survivor": pair[0].public_id, "duplicates": [pair[0].public_id]}
    assert problem(api.post("contacts/merge", body))[0] == 400
    missing = {"survivor": pair[0].public_id, "duplicates": ["CTC-000000000000"]}
    assert problem(api.post("contacts/merge", missing))[0] == 404
