"""What an import, and its undo, makes happen elsewhere: said before, and exactly that done."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.imports import running as imports
from contacts.imports.effects import lines_of
from contacts.imports.undoing import preview, start_undo
from contacts.models import Contact, Import, User
from integrations.models import Delivery
from tests.activities.bookings import make_calendar, make_meeting
from tests.contacts.imports.engine import commit, plan
from tests.contacts.pages import text_of
from tests.factories import make_contact
from tests.integrations.calendars import Calendar, sent, served
from tests.integrations.webhooks.receiver import subscribe

pytestmark = pytest.mark.django_db
MOBILE = "+12025550118"
FILE = (
    f"Email,Mobile Phone,City\nnoor@new.example,{MOBILE},Bath\nx@example.com,,\ny@example.com,,\n"
)


@pytest.fixture
def kept(settings: Any) -> Iterator[Calendar]:
    settings.WEBHOOKS_TO_LOOPBACK = True
    yield from served("google_calendar", settings)


@pytest.fixture
def noor(kept: Calendar, member: User) -> Contact:
    """Has a meeting ahead, with an event and a reminder; two webhooks listen."""
    subscribe("contact", name="All")
    subscribe("contact.updated", name="Updates")
    contact = make_contact(member, email="noor@example.com", mobile_phone=MOBILE)
    kept.connect(member)
    make_meeting(make_calendar(member), email="noor@example.com")
    sent()
    Delivery.objects.all().delete()
    return contact


def texts(lines: list[Any]) -> list[str]:
    return [line.text for line in lines]


def kinds() -> Counter[str]:
    return Counter(Delivery.objects.values_list("kind", flat=True))


def test_the_preview_says_what_the_import_then_does(admin_user: User, noor: Contact) -> None:
    batch = plan(FILE, admin_user)
    told = texts(lines_of(batch))
    assert told[-2:] == ["update the guest list on 1 Google Calendar event", "fire 4 webhooks"]
    assert "upcoming reminder" in told[0] and kinds() == Counter()
    commit(batch)
    assert kinds() == {"event.guest": 1, "contact.created": 2, "contact.updated": 2}


def test_the_preview_page_tells_it_and_nothing_where_nothing_follows(
    as_admin: Client, admin_user: User, noor: Contact
) -> None:
    batch = plan(FILE, admin_user)
    told = text_of(as_admin.get(reverse("import_preview", args=[batch.pk])))
    assert "Importing will also: " in told and "fire 4 webhooks" in told
    same = plan(f"Email,Mobile Phone\nnoor@example.com,{MOBILE}\n", admin_user)
    assert "will also" not in text_of(as_admin.get(reverse("import_preview", args=[same.pk])))


def test_the_undo_says_what_it_then_does_and_the_event_has_its_guest_again(
    as_admin: Client, admin_user: User, noor: Contact, kept: Calendar
) -> None:
    batch = commit(plan(FILE, admin_user))
    sent()
    assert kept.guests() == ["noor@new.example"]
    Delivery.objects.all().delete()
    told = texts(preview(batch).lines)
    assert told[-2:] == ["update the guest list on 1 Google Calendar event", "fire 4 webhooks"]
    assert "fire 4 webhooks" in text_of(as_admin.get(reverse("import_undo", args=[batch.pk])))
    start_undo(import_id=batch.pk, user=admin_user)
    imports.run(batch.pk)
    assert Import.objects.get(pk=batch.pk).state == Import.State.UNDONE
    assert kinds() == {"event.guest": 1, "contact.deleted": 2, "contact.updated": 2}
    sent()
    assert kept.guests() == ["noor@example.com"]


def test_what_waits_behind_an_edit_is_a_backlog(admin_user: User, noor: Contact) -> None:
    batch = commit(plan(FILE, admin_user))
    start_undo(import_id=batch.pk, user=admin_user)
    imports.run(batch.pk)
    assert set(Delivery.objects.values_list("priority", flat=True)) == {Delivery.Priority.BACKLOG}
