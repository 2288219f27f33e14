"""Which contact an activity belongs to, and what its values do to that contact."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from contacts.models import (
    Account,
    Contact,
    FieldChange,
    Identifier,
    PossibleDuplicate,
    Source,
    Suggestion,
    User,
)
from contacts.resolving import Resolved, Visitor, resolve
from contacts.services import update_contact
from contacts.signals import Actor
from tests.factories import by, make_contact, make_property

BOOKING = Actor(None, Source.BOOKING, "Tax review, BKNG-1")
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


def came(owner: User, **values: Any) -> Resolved:
    """Somebody books, and says this of themselves."""
    at = values.pop("at", MONDAY)
    with transaction.atomic():
        return resolve(Visitor(values=values, actor=BOOKING, owner_id=owner.pk, at=at))


def suggested(contact: Contact) -> dict[str, str]:
    rows = Suggestion.objects.filter(contact=contact, state="open")
    return dict(rows.values_list("field", "value"))


def test_a_stranger_becomes_a_contact_of_the_host(member: User) -> None:
    found = came(member, first_name="Ada", last_name="Lovelace", email="ada@example.com")
    contact = Contact.objects.get()
    assert found.created and found.contact == contact and contact.owner == member
    assert contact.last_interacted_time == contact.creation_time == MONDAY
    change = FieldChange.objects.get(contact=contact, field="email")
    assert (change.source, change.detail, change.actor) == ("booking", "Tax review, BKNG-1", None)


def test_the_email_finds_the_contact_in_any_spelling(member: User, ada: Contact) -> None:
    found = came(member, email="ADA@Example.com", mobile_phone="+12025550101")
    assert (found.contact, found.matched_on, found.former) == (ada, "email", False)
    ada.refresh_from_db()
    assert (ada.email, ada.mobile_phone, suggested(ada)) == ("ada@example.com", "+12025550101", {})


def test_without_an_email_the_mobile_phone_finds_the_contact(member: User) -> None:
    ada = make_contact(member, mobile_phone="+12025550101")
    assert came(member, mobile_phone="+12025550101").contact == ada
    assert Contact.objects.count() == 1


def test_with_a_name_alone_it_is_a_new_contact_each_time(member: User) -> None:
    first, second = (came(member, first_name="Ada", last_name="Lovelace") for _ in range(2))
    assert first.created and second.created and first.contact != second.contact


def test_an_address_that_was_given_up_still_finds_its_contact_and_stays_former(
    member: User, ada: Contact
) -> None:
    update_contact(contact_id=ada.pk, actor=by(member), values={"email": "new@example.com"})
    found = came(member, email="ada@example.com")
    assert (found.contact, found.former) == (ada, True)
    ada.refresh_from_db()
    assert ada.email == "new@example.com"
    assert not Identifier.objects.get(key="ada@example.com").current


def test_a_former_identifier_does_not_fill_a_blank_nor_come_back_at_once(
    member: User, ada: Contact
) -> None:
    update_contact(contact_id=ada.pk, actor=by(member), values={"email": ""})
    Account.objects.update_or_create(pk=1, defaults={"apply_suggestions": True})
    came(member, email="ada@example.com")
    ada.refresh_from_db()
    assert (ada.email, suggested(ada)) == ("", {"email": "ada@example.com"})


def test_email_and_phone_of_two_contacts_are_a_possible_duplicate(
    member: User, stranger: User
) -> None:
    by_phone = make_contact(stranger, mobile_phone="+12025550101")
    by_email = make_contact(member, email="ada@example.com")
    for _ in range(2):
        found = came(member, email="ada@example.com", mobile_phone="+12025550101")
    assert found.contact == by_email
    assert Identifier.objects.get(key="+12025550101").contact == by_phone
    pair = PossibleDuplicate.objects.get()
    assert (pair.first, pair.second) == (by_phone, by_email)
    assert suggested(by_email) == suggested(by_phone) == {}


def test_a_new_email_with_a_known_phone_is_a_new_contact_without_it(member: User) -> None:
    by_phone = make_contact(member, mobile_phone="+12025550101")
    found = came(member, email="ada@example.com", mobile_phone="+12025550101")
    assert found.created and found.contact.mobile_phone == ""
    assert PossibleDuplicate.objects.get().first == by_phone


def test_not_a_duplicate_is_remembered(member: User) -> None:
    first = make_contact(member, mobile_phone="+12025550101")
    second = make_contact(member, email="ada@example.com")
    PossibleDuplicate.objects.create(first=first, second=second, reason="x", dismissed_at=MONDAY)
    came(member, email="ada@example.com", mobile_phone="+12025550101")
    assert PossibleDuplicate.objects.get().dismissed_at == MONDAY


# --- what the values do


def test_blanks_are_filled_and_other_values_are_suggested(member: User, ada: Contact) -> None:
    came(member, email="ada@example.com", company="Other Ltd", city="Turin", employees=3)
    ada.refresh_from_db()
    assert (ada.company, ada.city, ada.employees) == ("Engines", "Turin", 3)
    row = Suggestion.objects.get()
    assert (row.field, row.value, row.source, row.detail) == (
        "company", "Other Ltd", "booking", "Tax review, BKNG-1",
    )  # fmt: skip
    assert ada.version == 2 and {c.field for c in ada.history.filter(version=2)} == {
        "city",
        "employees",
    }


def test_a_custom_property_is_filled_like_any_field(member: User, ada: Contact) -> None:
    field = make_property("Budget")
    came(member, email="ada@example.com", **{field.name: "10,000"})
    ada.refresh_from_db()
    assert ada.custom == {field.name: "10,000"}


def test_the_setting_replaces_at_once_and_keeps_the_old_phone(member: User) -> None:
    ada = make_contact(member, email="ada@example.com", mobile_phone="+12025550101", city="Turin")
    Account.objects.update_or_create(pk=1, defaults={"apply_suggestions": True})
    came(member, email="ada@example.com", mobile_phone="+12025550199", city="Rome")
    ada.refresh_from_db()
    assert (ada.mobile_phone, ada.city, suggested(ada)) == ("+12025550199", "Rome", {})
    assert not Identifier.objects.get(key="+12025550101").current


def test_another_phone_is_suggested(member: User) -> None:
    ada = make_contact(member, email="ada@example.com", mobile_phone="+12025550101")
    came(member, email="ada@example.com", mobile_phone="+12025550199")
    assert suggested(ada) == {"mobile_phone": "+12025550199"}
    assert not Identifier.objects.filter(key="+12025550199").exists()


@pytest.mark.parametrize(
    ("saved", "told", "expected", "suggestions"),
    [
        (("Ada", ""), ("Ada", "Lovelace"), ("Ada", "Lovelace"), {}),
        (("", ""), ("Ada", "Lovelace"), ("Ada", "Lovelace"), {}),
        (("ADA", "Lovelacé"), ("Ada", "Lovelace"), ("ADA", "Lovelacé"), {}),
        (("Ada Lovelace", ""), ("Ada", "Lovelace"), ("Ada Lovelace", ""), {}),
        # somebody else uses this address: half of their name makes no name
        (("Charles", ""), ("Ada", "Lovelace"), ("Charles", ""), {"first_name": "Ada", "last_name": "Lovelace"}),
        (("Ada", "King"), ("Ada", "Lovelace"), ("Ada", "King"), {"last_name": "Lovelace"}),
    ],
)  # fmt: skip
def test_a_name_is_filled_as_a_whole(
    member: User, saved: tuple[str, str], told: tuple[str, str], expected: tuple[str, str],
    suggestions: dict[str, str],
) -> None:  # fmt: skip
    names = ("first_name", "last_name")
    ada = make_contact(member, email="ada@example.com", **dict(zip(names, saved, strict=True)))
    came(member, email="ada@example.com", **dict(zip(names, told, strict=True)))
    ada.refresh_from_db()
    assert ((ada.first_name, ada.last_name), suggested(ada)) == (expected, suggestions)


def test_consent_comes_only_from_a_box_that_was_ticked(member: User, ada: Contact) -> None:
    came(member, email="ada@example.com", has_consent=False)
    ada.refresh_from_db()
    assert not ada.has_consent
    came(member, email="ada@example.com", has_consent=True)
    came(member, email="ada@example.com", has_consent=False)
    ada.refresh_from_db()
    assert ada.has_consent


def test_the_last_activity_only_moves_forward(member: User, ada: Contact) -> None:
    came(member, email="ada@example.com")
    came(member, at=datetime(2020, 1, 1, tzinfo=UTC), email="ada@example.com")
    ada.refresh_from_db()
    assert ada.last_interacted_time == MONDAY


def test_the_same_value_is_suggested_once_and_not_again_when_dismissed(
    member: User, ada: Contact
) -> None:
    for _ in range(2):
        came(member, email="ada@example.com", company="Other Ltd")
    Suggestion.objects.update(state="dismissed")
    came(member, email="ada@example.com", company="Other Ltd")
    assert Suggestion.objects.count() == 1


def test_of_one_field_only_the_latest_suggestions_stay_open(member: User, ada: Contact) -> None:
    for n in range(8):
        came(member, email="ada@example.com", company=f"Company {n}")
    rows = Suggestion.objects.filter(state="open").values_list("value", flat=True)
    assert list(rows) == [f"Company {n}" for n in (7, 6, 5, 4, 3)]


@pytest.mark.django_db(transaction=True)
def test_it_belongs_into_the_transaction_of_the_activity() -> None:
    with pytest.raises(RuntimeError, match="transaction of the activity"):
        resolve(Visitor(values={}, actor=BOOKING, owner_id=1, at=MONDAY))


def test_an_email_told_later_belongs_to_the_contact_that_the_same_activity_made(
    member: User,
) -> None:
    first = came(member, mobile_phone="+12025550101").contact
    values = {"mobile_phone": "+12025550101", "email": "ada@example.com"}
    for email in ("ada@example.com", "ADA@example.com"):
        told = Visitor({**values, "email": email}, BOOKING, member.pk, MONDAY, made=first.pk)
        with transaction.atomic():
            assert resolve(told).contact == first
    first.refresh_from_db()
    assert first.email == "ada@example.com" and not PossibleDuplicate.objects.exists()


def test_an_email_of_somebody_else_is_theirs_whatever_the_activity_made(
    member: User, ada: Contact
) -> None:
    made = came(member, mobile_phone="+12025550101").contact
    values = {"mobile_phone": "+12025550101", "email": "ada@example.com"}
    with transaction.atomic():
        found = resolve(Visitor(values, BOOKING, member.pk, MONDAY, made=made.pk))
    assert found.contact == ada and PossibleDuplicate.objects.count() == 1
