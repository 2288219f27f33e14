"""Undoing saves: only what still holds goes back, the rest is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Contact, FieldChange, User
from contacts.services import IdentifierTaken, release_identifier
from contacts.signals import Actor, Source, contacts_changed
from contacts.undoing import (
    NoSuchUndo,
    changes_of_save,
    read_token,
    token_for_merge,
    token_for_save,
    undo_changes,
    undo_save,
    what_goes_back,
)
from tests.contacts.imports.engine import bring_in
from tests.contacts.unmerge_tools import edit
from tests.factories import by, make_contact, make_property, make_user


def undo(contact: Contact, version: int, user: User) -> Any:
    return undo_save(contact_id=contact.pk, version=version, user=user)


def test_all_fields_of_a_save_go_back_at_once(ada: Contact, member: User) -> None:
    saved = edit(ada, member, company="Analytical", city="London", employees=3)
    undone = undo(ada, saved.version, member)
    ada.refresh_from_db()
    assert (ada.company, ada.city, ada.employees) == ("Engines", "", None)
    assert undone.text == "3 fields set back."


def test_a_field_changed_since_stays_and_is_named_with_who_changed_it(
    ada: Contact, member: User
) -> None:
    sofia = make_user(first_name="Sofia")
    saved = edit(ada, member, company="Analytical", city="London")
    edit(ada, sofia, city="Turin")
    undone = undo(ada, saved.version, member)
    ada.refresh_from_db()
    assert (ada.company, ada.city) == ("Engines", "Turin")
    assert undone.text == "1 field set back. City was changed since by Sofia and stays."


def test_a_field_changed_to_and_fro_holds_what_the_save_wrote(ada: Contact, member: User) -> None:
    saved = edit(ada, member, company="Analytical")
    edit(ada, member, company="Other")
    edit(ada, member, company="Analytical")
    undo(ada, saved.version, member)
    ada.refresh_from_db()
    assert ada.company == "Engines"


def test_when_nothing_can_go_back_it_says_so_and_saves_nothing(ada: Contact, member: User) -> None:
    saved = edit(ada, member, city="London")
    last = edit(ada, member, city="Turin")
    undone = undo(ada, saved.version, member)
    assert undone.text == "Nothing was set back. City was changed since by Mia and stays."
    assert undone.contact.version == last.version


def test_undoing_twice_changes_nothing_the_second_time(ada: Contact, member: User) -> None:
    saved = edit(ada, member, city="London")
    undo(ada, saved.version, member)
    version = Contact.objects.get(pk=ada.pk).version
    assert undo(ada, saved.version, member).text == "This was undone already."
    assert Contact.objects.get(pk=ada.pk).version == version


def test_an_undo_is_a_save_that_can_be_undone(ada: Contact, member: User) -> None:
    saved = edit(ada, member, city="London")
    undone = undo(ada, saved.version, member)
    undo(ada, undone.contact.version, member)
    ada.refresh_from_db()
    assert ada.city == "London"


def test_an_undo_is_announced_like_any_save_and_stands_in_the_history(
    ada: Contact, member: User
) -> None:
    saved = edit(ada, member, email="new@example.com")
    heard: list[Any] = []

    def listen(changes: list[Any], **_: Any) -> None:
        heard.extend(changes)

    contacts_changed.connect(listen)
    undo(ada, saved.version, member)
    contacts_changed.disconnect(listen)
    [change] = heard
    assert (change.kind, change.fields["email"]) == (
        "updated",
        ("new@example.com", "ada@example.com"),
    )
    assert ada.history.filter(field="email")[0].detail == "undid an edit"


def test_an_old_address_that_others_have_now_leaves_everything_as_it_is(
    ada: Contact, member: User, stranger: User
) -> None:
    saved = edit(ada, member, email="new@example.com", city="London")
    former = ada.identifiers.get(current=False)
    release_identifier(contact_id=ada.pk, identifier_id=former.pk, actor=by())
    make_contact(stranger, email="ada@example.com")
    with pytest.raises(IdentifierTaken):
        undo(ada, saved.version, member)
    ada.refresh_from_db()
    assert (ada.email, ada.city, ada.version) == ("new@example.com", "London", saved.version)


def test_an_owner_one_may_not_choose_is_not_set_back(member: User, stranger: User) -> None:
    contact = make_contact(stranger)
    saved = edit(contact, stranger, owner=member.pk, city="London")
    undone = undo(contact, saved.version, member)
    contact.refresh_from_db()
    assert (contact.owner, contact.city) == (member, "")
    assert "Owner stays: your role does not let you" in undone.text


def test_the_making_of_a_contact_cannot_be_undone(ada: Contact, member: User) -> None:
    with pytest.raises(LookupError):
        undo(ada, 1, member)


def test_after_30_days_a_save_stays(ada: Contact, member: User) -> None:
    saved = edit(ada, member, city="London")
    FieldChange.objects.update(at=timezone.now() - timedelta(days=30, minutes=1))
    with pytest.raises(LookupError):
        undo(ada, saved.version, member)


def test_custom_properties_go_back_too(ada: Contact, member: User) -> None:
    tier = make_property("Tier")
    edit(ada, member, custom_tier="Gold")
    saved = edit(ada, member, custom_tier="Silver")
    undo(ada, saved.version, member)
    ada.refresh_from_db()
    assert ada.custom == {tier.name: "Gold"}


def test_several_saves_are_undone_as_one_to_the_value_before_the_first(
    ada: Contact, member: User
) -> None:
    """What the undo of a bulk edit or an import needs: any history rows of one contact."""
    for city in ("London", "Turin"):
        edit(ada, member, city=city)
    edit(ada, member, company="Other")
    rows = ada.history.filter(field="city", version__gt=1)
    ada.refresh_from_db()
    assert what_goes_back(ada, rows).values == {"city": ""}
    actor = Actor(member, Source.IMPORT, "undo of a.csv")
    undo_changes(contact_id=ada.pk, changes=[row.pk for row in rows], actor=actor)
    ada.refresh_from_db()
    assert (ada.city, ada.company) == ("", "Other")


def test_the_rows_of_an_import_go_back_unless_a_person_changed_them_since(
    ada: Contact, member: User, admin_user: User
) -> None:
    bring_in("Email,Company,City\nada@example.com,Analytical,London\n", admin_user)
    edit(ada, member, city="Turin")
    ada.refresh_from_db()
    rows = FieldChange.objects.filter(contact=ada, source=Source.IMPORT)
    plan = what_goes_back(ada, rows)
    assert plan.values == {"company": "Engines"}
    assert plan.changed_since["city"] is not None
    assert plan.changed_since["city"].actor == member


def test_history_that_came_from_another_record_is_no_save_of_this_one(
    ada: Contact, member: User
) -> None:
    edit(ada, member, city="London")
    ada.history.update(version=0)
    assert changes_of_save(ada, 0) == []
    assert what_goes_back(ada, ada.history.all()).values == {}


def test_a_token_is_its_persons_alone_and_cannot_be_made_up(member: User, stranger: User) -> None:
    token = token_for_save(member, "CTC-1", 3)
    asked = read_token(member, token)
    assert (asked.public_id, asked.version, asked.merge) == ("CTC-1", 3, 0)
    assert read_token(member, token_for_merge(member, 7)).merge == 7
    for user, bad in ((stranger, token), (member, token + "x"), (member, "")):
        with pytest.raises(NoSuchUndo):
            read_token(user, bad)
