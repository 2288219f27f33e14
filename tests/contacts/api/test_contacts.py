"""One contact: the messages are the contract, word for word."""

from typing import Any

import pytest

from contacts.models import Contact, FieldChange, User
from contacts.services import update_contact
from tests.contacts.api.client import Api, person, problem
from tests.factories import by, make_contact, make_property

FIELDS = [
    "object", "id", "creation_time", "last_updated_time", "last_interacted_time", "owner", "status",
    "first_name", "last_name", "email", "mobile_phone", "phone", "company", "company_size",
    "job_title", "salutation", "street_address", "city", "state", "post_code", "country",
    "timezone", "employees", "has_consent", "terms_of_sevice", "terms_of_service", "custom_fields",
    "bot", "form",
]  # fmt: skip
EVERYTHING = {
    "mobile_phone": "+1-202-555-0143", "phone": "(202) 555-0144", "company": "Engines",
    "company_size": "11-50", "job_title": "Analyst", "salutation": "Ms", "street_address": "1 Mill Lane",
    "city": "London", "state": "Greater London", "post_code": "N1", "country": "UK",
    "timezone": "europe/london", "status": "Qualified", "employees": 12, "has_consent": True,
}  # fmt: skip


def made(api: Api, **values: Any) -> dict[str, Any]:
    answer = api.post("contacts", person(**values))
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def test_a_new_contact_is_answered_whole(api: Api, owner: User) -> None:
    shown = made(api)
    assert list(shown) == FIELDS
    assert shown["object"] == "contact" and shown["id"].startswith("CTC-")
    assert shown["creation_time"][-5] == "." and shown["creation_time"].endswith("Z")
    assert shown["company"] is None and shown["custom_fields"] == []
    assert api.get(f"contacts/{shown['id']}").json() == shown
    assert Contact.objects.get().owner == owner


def test_every_field_that_can_be_written_is(api: Api) -> None:
    shown = made(api, **EVERYTHING)
    normal = {"mobile_phone": "+12025550143", "phone": "+12025550144", "timezone": "Europe/London"}
    assert {name: shown[name] for name in EVERYTHING} == {**EVERYTHING, **normal}


def test_history_names_the_key(api: Api, as_admin: Any) -> None:
    contact = Contact.objects.get(public_id=made(api)["id"])
    api.patch(f"contacts/{contact.public_id}", {"city": "Turin"})
    assert {str(row.api_key) for row in FieldChange.objects.all()} == {"API key Warehouse"}
    page = as_admin.get(f"/contacts/{contact.public_id}/").content.decode()
    assert "API key Warehouse" in page


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({"email": None}, "At least one of 'email' or 'mobile_phone' is required.", "email"),
        ({"email": " "}, "At least one of 'email' or 'mobile_phone' is required.", "email"),
        ({"first_name": None}, "first_name is required", "first_name"),
        ({"first_name": " \u200b"}, "first_name is required", "first_name"),
        ({"last_name": ""}, "last_name is required", "last_name"),
        ({"email": "john.doe@invalid"}, "Invalid email format: 'john.doe@invalid'", "email"),
        ({"mobile_phone": "+91999999"}, "Invalid phone format: '+91999999'", "mobile_phone"),
        ({"phone": "abc"}, "Invalid phone format: 'abc'", "phone"),
        ({"favourite": 1}, "Unsupported fields", "favourite"),
        ({"id": "CTC-1"}, "Unsupported fields", "id"),
        ({"timezone": "Invalid/Timezone"}, "Invalid timezone: 'Invalid/Timezone'", "timezone"),
        ({"owner": "USR-99999999"}, "Invalid owner: 'USR-99999999'", "owner"),
        ({"custom_fields": {"unknown_field": 1}},
         "Custom field 'unknown_field' does not exist in field library", "custom_fields"),
        ({"company": "x" * 256},
         "Invalid value for company: Too long: 256 characters, at most 255", "company"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_contact_is_said(
    api: Api, body: dict[str, Any], message: str, param: str
) -> None:
    assert problem(api.post("contacts", person(**body))) == (400, message, param)
    assert not Contact.objects.exists()


def test_an_empty_body_needs_an_identifier(api: Api) -> None:
    said = problem(api.post("contacts", {}))
    assert said == (400, "At least one of 'email' or 'mobile_phone' is required.", "email")


def test_a_contact_that_exists_is_not_made_again(api: Api) -> None:
    made(api, email="carrie.customer@gmail.com", mobile_phone="+12025550195")
    answer = api.post("contacts", person(email="carrie.customer@gmail.com"))
    message = "Contact already exists: 'carrie.customer@gmail.com'"
    assert problem(answer) == (409, message, "email")
    assert set(answer.json()) == {"type", "message", "param"}
    phone = person(email=None, mobile_phone="+1 202 555 0195")
    message = "Contact already exists: '+12025550195'"
    assert problem(api.post("contacts", phone)) == (409, message, "mobile_phone")
    assert Contact.objects.count() == 1


def test_a_former_address_is_taken_too(api: Api) -> None:
    public_id = made(api, email="old@example.com")["id"]
    api.post(f"contacts/{public_id}/identifiers", {"email": "new@example.com"})
    said = problem(api.post("contacts", person(email="OLD@example.com")))
    assert said == (409, "Contact already exists: 'OLD@example.com'", "email")


@pytest.mark.parametrize("status", ["Customer", "", None])
def test_an_unknown_status_becomes_null(api: Api, status: str | None) -> None:
    shown = made(api, status=status)
    assert shown["status"] is None
    api.patch(f"contacts/{shown['id']}", {"status": "Sales qualified"})
    assert api.patch(f"contacts/{shown['id']}", {"status": status}).json()["status"] is None


@pytest.mark.parametrize("spelling", ["terms_of_sevice", "terms_of_service"])
def test_both_spellings_of_the_terms_are_taken_and_given(api: Api, spelling: str) -> None:
    shown = made(api, **{spelling: True})
    assert (shown["terms_of_sevice"], shown["terms_of_service"]) == (True, True)


@pytest.mark.parametrize("as_array", [True, False])
def test_custom_fields_are_an_array_or_an_object(api: Api, as_array: bool) -> None:
    make_property("Tier", "select", "Gold", "Silver")
    make_property("Visits", "number")
    make_property("Notes")
    values = {"tier": "gold", "visits": 12.5}
    array = [{"name": name, "value": value} for name, value in values.items()]
    shown = made(api, custom_fields=array if as_array else values)
    assert {each["name"]: each["value"] for each in shown["custom_fields"]} == {
        "tier": "Gold", "visits": "12.5", "notes": None,
    }  # fmt: skip


def test_custom_fields_change_by_name_and_null_clears(api: Api) -> None:
    for label in ("Tier", "Notes"):
        make_property(label)
    public_id = made(api, custom_fields={"tier": "Gold", "notes": "Tall"})["id"]
    shown = api.patch(f"contacts/{public_id}", {"custom_fields": {"notes": None}}).json()
    assert shown["custom_fields"] == [
        {"name": "tier", "value": "Gold"}, {"name": "notes", "value": None},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [[1], [{"name": "tier"}], [{"name": 1, "value": 1}], "tier", 5, {"tier": {}}, {"tier": [1]},
     {"tier": "Iron"}, [{"name": "tier", "value": "Gold"}, {"name": "tier", "value": "Gold"}]],
)  # fmt: skip
def test_custom_fields_that_cannot_be_are_refused(api: Api, given: Any) -> None:
    make_property("Tier", "select", "Gold")
    status, _, param = problem(api.post("contacts", person(custom_fields=given)))
    assert (status, param) == (400, "custom_fields")


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({}, "At least one field must be provided to update.", "body"),
        (None, "At least one field must be provided to update.", "body"),
        ({"email": "a@b.example"},
         "Identifier fields (email, mobile_phone) cannot be updated via this endpoint", "email"),
        ({"mobile_phone": None},
         "Identifier fields (email, mobile_phone) cannot be updated via this endpoint",
         "mobile_phone"),
        ({"phone": "+91999999"}, "Invalid phone format: '+91999999'", "phone"),
        ({"timezone": "Invalid/Timezone"}, "Invalid timezone: 'Invalid/Timezone'", "timezone"),
        ({"custom_fields": {"unknown_field": "x"}},
         "Custom field 'unknown_field' does not exist in field library", "custom_fields"),
        ({"creation_time": "2026-01-01"}, "Unsupported field", "creation_time"),
        ({"owner": None}, "Invalid owner: 'None'", "owner"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_change_is_said(api: Api, body: Any, message: str, param: str) -> None:
    shown = made(api)
    assert problem(api.patch(f"contacts/{shown['id']}", body)) == (400, message, param)
    assert api.get(f"contacts/{shown['id']}").json() == shown


def test_a_change_leaves_what_it_does_not_name(api: Api) -> None:
    shown = made(api, city="London", company="Engines")
    after = api.patch(f"contacts/{shown['id']}", {"city": None}).json()
    assert (after["city"], after["company"]) == (None, "Engines")


def test_a_contact_keeps_at_least_a_name_or_an_address(api: Api, member: User) -> None:
    contact = make_contact(member, first_name="Ada")
    said = problem(api.patch(f"contacts/{contact.public_id}", {"first_name": None}))
    assert said == (400, "Enter a name, an email or a mobile phone", "first_name")


@pytest.mark.parametrize("public_id", ["123", "CTC-000000000000", "ctc-000000000000", "%00", "ü"])
def test_no_such_contact(api: Api, public_id: str) -> None:
    for method in ("GET", "DELETE"):
        status, message, param = problem(api.ask(method, f"contacts/{public_id}"))
        assert (status, param) == (404, "id") and message.startswith("No such contact: '")
    assert problem(api.patch("contacts/123", {"city": "X"}))[1] == "No such contact: '123'"


def test_a_deleted_contact_says_so_and_can_be_deleted_again(api: Api) -> None:
    public_id = made(api)["id"]
    for _ in range(2):
        answer = api.delete(f"contacts/{public_id}")
        assert answer.content == f'{{"id":"{public_id}","deleted":true}}'.encode()
    shown = api.get(f"contacts/{public_id}")
    assert shown.content == f'{{"id":"{public_id}","object":"contact","deleted":true}}'.encode()
    assert problem(api.patch(f"contacts/{public_id}", {"city": "X"}))[0] == 404
    assert made(api)["id"] != public_id


def test_the_owner_is_expanded_with_teams(api: Api) -> None:
    public_id = made(api)["id"]
    owner = api.get(f"contacts/{public_id}?expand=owner.teams").json()["owner"]
    assert (owner["object"], owner["email"], owner["teams"]) == ("user", "owner@kith.test", [])


@pytest.mark.parametrize(
    "path", ["invalid_property", "email", "owner.teams.members", "data.owner", "owner.x"]
)
def test_what_cannot_be_expanded_is_named(api: Api, path: str) -> None:
    said = problem(api.get(f"contacts/{made(api)['id']}?expand={path}"))
    assert said == (400, f"This property cannot be expanded: {path}", "expand")


def test_a_change_of_a_stale_contact_is_412(api: Api, member: User) -> None:
    shown = made(api)
    first = api.get(f"contacts/{shown['id']}")
    contact = Contact.objects.get()
    update_contact(contact_id=contact.pk, actor=by(member), values={"city": "Turin"})
    stale = api.patch(f"contacts/{shown['id']}", {"city": "Rome"}, if_match=first["ETag"])
    assert problem(stale)[0] == 412
    assert problem(api.delete(f"contacts/{shown['id']}", if_match=first["ETag"]))[0] == 412
    fresh = api.get(f"contacts/{shown['id']}")
    assert fresh.json()["city"] == "Turin" and fresh["ETag"] != first["ETag"]
    done = api.patch(f"contacts/{shown['id']}", {"city": "Rome"}, if_match=fresh["ETag"])
    assert done.status_code == 200 and done["ETag"] != fresh["ETag"]


def test_a_member_is_the_owner_whom_the_key_names(api: Api, member: User) -> None:
    users = {each["email"]: each["id"] for each in api.get("users?limit=100").json()["data"]}
    made(api, owner=users[member.email])
    assert Contact.objects.get().owner == member
