"""`manage.py load_contacts`: many made-up contacts, the same each time."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from contacts.models import Contact, Identifier, User
from contacts.sample.crowd import crowd
from contacts.search import DERIVED, derive
from tests.factories import make_contact

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_to_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL vacuums in no transaction, and a test is one."""
    monkeypatch.setattr("contacts.management.commands.load_contacts.settle", lambda: None)


def load(number: int, *options: str) -> str:
    out = StringIO()
    call_command("load_contacts", str(number), *options, stdout=out)
    return out.getvalue()


def test_contacts_are_owned_found_and_have_identifiers(member: User, stranger: User) -> None:
    assert "300 contacts" in load(300)
    contacts = Contact.objects.all()
    assert contacts.count() == 300
    assert 0 < contacts.visible_to(stranger).count() < contacts.visible_to(member).count()
    assert contacts.search("james", region="US").exists()
    for contact in contacts.prefetch_related("identifiers")[:50]:
        held = sorted(identifier.value for identifier in contact.identifiers.all())
        assert held == sorted(filter(None, (contact.email, contact.mobile_phone)))


def test_a_contact_is_the_same_in_every_crowd() -> None:
    def told(first: int, count: int) -> list[tuple[str, ...]]:
        people = crowd(first, count, owners=[1, 2], until=NOON)
        return [(c.public_id, c.email, c.search_text, str(c.owner_id)) for c, _ in people]

    assert told(1, 1500)[1200:1300] == told(1201, 100)


def test_the_derived_columns_are_those_of_the_product(member: User) -> None:
    load(20)
    for contact in Contact.objects.all():
        stored = [getattr(contact, name) for name in DERIVED]
        derive(contact)
        assert [getattr(contact, name) for name in DERIVED] == stored


def test_a_crowd_comes_behind_what_is_there_and_people_go_on_behind_it(member: User) -> None:
    make_contact(member, email="ada@example.com")
    load(30)
    load(30)
    assert make_contact(member, first_name="After").pk > 60
    assert (Contact.objects.count(), Identifier.objects.filter(value="ada@example.com").count()) == (62, 1)  # fmt: skip


def test_a_production_database_with_contacts_is_refused_unless_told(
    member: User, ada: Contact
) -> None:
    with override_settings(PRODUCTION=True):
        with pytest.raises(CommandError, match="There are contacts in this database"):
            load(10)
        assert Contact.objects.count() == 1
        load(10, "--among-real")
    assert Contact.objects.count() == 11


def test_without_anybody_to_own_them_nothing_is_loaded(db: None) -> None:
    with pytest.raises(CommandError, match="nobody to own contacts"):
        load(10)
