"""Sync activity where it needs somebody: cards, filters, Reconnect, Review, Check now."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact, User
from contacts.services import update_contact
from integrations import systems
from integrations.activity_cards import line_of
from integrations.models import Connection, Delivery
from tests.activities.bookings import make_calendar, make_meeting
from tests.contacts.pages import text_of
from tests.factories import by
from tests.integrations.calendars import CONFIG
from tests.integrations.webhooks.receiver import subscribe

pytestmark = pytest.mark.django_db
PAGE = "/sync/"
State = Delivery.State


def put(contact: Contact, state: str, **columns: Any) -> Delivery:
    gate = columns.pop("gate", "webhook 1")
    values = {"family": "webhooks", "kind": "contact.updated", "target": gate, "next_at": None}
    values |= {"contact_id": contact.pk, "sent_to": "Billing", "gate": gate, "state": state}
    return Delivery.objects.create(**{**values, **columns})


@pytest.fixture
def calendar(member: User, settings: Any) -> Connection:
    settings.CALENDARS = CONFIG
    return Connection.objects.create(
        vendor="google_calendar", user=member, label="mia@kith.test", state="needs_reconnect"
    )


def held(contact: Contact, calendar: Connection) -> Delivery:
    return put(
        contact, State.NEEDS_RECONNECT, family="calendars", gate=calendar.gate,
        sent_to="Google Calendar", words="Sign-in expired.",
    )  # fmt: skip


# --- the cards


def test_a_card_says_what_its_system_got_today_and_what_needs_somebody_most(
    as_member: Client, ada: Contact
) -> None:
    for state in (State.DELIVERED, State.RETRYING, State.CONFLICT, State.CONFLICT):
        put(ada, state)
    put(ada, State.FAILED, created_at=timezone.now() - timedelta(hours=25))
    page = as_member.get(PAGE)
    assert "42 conflicts" in text_of(page).split("Delivery state")[0]
    card = page.context["cards"][0]
    assert (card.look.label, card.total, card.text, card.tone) == (
        "Webhooks",
        4,
        "2 conflicts",
        "bad",
    )


def test_a_card_shows_only_that_system_and_pressed_again_everything(
    as_member: Client, ada: Contact, calendar: Connection
) -> None:
    put(ada, State.DELIVERED)
    held(ada, calendar)
    page = as_member.get(PAGE)
    card = next(c for c in page.context["cards"] if c.look.label == "Google Calendar")
    only = as_member.get(PAGE + card.url)
    assert [line.look.tile for line in only.context["lines"]] == ["GC"]
    again = next(c for c in only.context["cards"] if c.current)
    assert len(as_member.get(PAGE + again.url).context["lines"]) == 2


def test_a_stranger_sees_no_numbers_of_it(
    client: Client, stranger: User, ada: Contact, calendar: Connection
) -> None:
    put(ada, State.DELIVERED)
    client.force_login(stranger)
    assert client.get(PAGE).context["cards"] == []


def test_reminders_have_a_card_and_lead_to_their_own_page(as_member: Client, member: User) -> None:
    meeting = make_meeting(make_calendar(member))
    assert "Reminders" not in text_of(as_member.get(PAGE)).split("Delivery state")[0]
    meeting.reminders.update(state="sent", ended_at=timezone.now())
    card = as_member.get(PAGE).context["cards"][0]
    number = meeting.reminders.count()
    assert (card.look.label, card.total, card.text) == ("Reminders", number, "All delivered")
    assert as_member.get(card.url).status_code == 200


def test_the_line_goes_from_edge_to_edge_within_its_box() -> None:
    line = line_of([0, 5, 10])
    assert line == "M0.0 22.0 L36.0 12.0 L72.0 2.0"
    assert line_of([0, 0]) == "M0.0 22.0 L72.0 22.0"


# --- the filters


def test_changes_are_filtered_by_who_made_them(
    as_admin: Client, admin_user: User, member: User, ada: Contact, settings: Any
) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True
    subscribe("contact", "booking")
    update_contact(contact_id=ada.pk, actor=by(admin_user), values={"city": "Bath"})
    update_contact(contact_id=ada.pk, actor=by(member), values={"company": "Analytical"})
    make_meeting(make_calendar(member), name="Grace", email="grace@example.com")
    mine = as_admin.get(PAGE, {"by": admin_user.pk})
    assert [line.change for line in mine.context["lines"]] == ["City"]
    assert "Changed by Hanna" in text_of(mine)
    nobody = as_admin.get(PAGE, {"by": "nobody"}).context["lines"]
    assert {line.change for line in nobody} == {"New contact", "Meeting scheduled"}


def test_only_the_last_24_hours_are_shown_where_they_are_asked_for(
    as_member: Client, ada: Contact
) -> None:
    put(ada, State.DELIVERED, created_at=timezone.now() - timedelta(hours=25))
    put(ada, State.FAILED)
    page = as_member.get(PAGE, {"since": "day"})
    assert [line.row.state for line in page.context["lines"]] == ["failed"]
    assert "Last 24 hours" in text_of(page) and "1 delivery" in text_of(page)
    assert len(as_member.get(PAGE).context["lines"]) == 2


@pytest.mark.parametrize("query", ["by=x", "since=x", "system=%00", "by=99999999999999999999"])
def test_whatever_stands_in_the_address_the_page_answers(as_member: Client, query: str) -> None:
    assert as_member.get(f"{PAGE}?{query}").status_code == 200


def test_retry_all_keeps_to_the_filters(as_admin: Client, admin_user: User, ada: Contact) -> None:
    mine = put(ada, State.FAILED, changed_by=admin_user)
    other = put(ada, State.FAILED)
    as_admin.post(reverse("sync_retry_all"), {"by": admin_user.pk})
    assert Delivery.objects.get(pk=mine.pk).state == State.PENDING
    assert Delivery.objects.get(pk=other.pk).state == State.FAILED


# --- where a person helps


def test_whose_calendar_it_is_gets_reconnect_and_others_are_told_whose(
    as_member: Client, admin_user: User, ada: Contact, calendar: Connection, client: Client
) -> None:
    held(ada, calendar)
    url = reverse("calendar_connect", args=["google_calendar"])
    assert f'href="{url}"' in as_member.get(PAGE).content.decode()
    client.force_login(admin_user)
    page = client.get(PAGE)
    assert f'href="{url}"' not in page.content.decode()
    assert "Sign-in expired. Mia has to sign in again." in text_of(page)


def test_what_failed_is_reviewed_on_a_page_with_all_that_is_known(
    as_member: Client, ada: Contact, member: User
) -> None:
    row = put(
        ada, State.FAILED, words="The receiver answered 404.", last_status=404, changed_by=member
    )
    url = reverse("delivery_detail", args=[row.pk])
    assert f'href="{url}"' in as_member.get(PAGE).content.decode()
    told = text_of(as_member.get(url))
    for part in ("The receiver answered 404.", "Ada Lovelace", "Mia", str(row.uid), "Retry now"):
        assert part in told, part


def test_a_strangers_delivery_is_404(client: Client, stranger: User, ada: Contact) -> None:
    row = put(ada, State.FAILED)
    client.force_login(stranger)
    assert client.get(reverse("delivery_detail", args=[row.pk])).status_code == 404


def test_a_family_has_its_conflicts_reviewed_on_its_own_page(
    as_member: Client, ada: Contact
) -> None:
    put(ada, State.CONFLICT, family="hub", words="Email is on another record.")
    systems.register_review("hub", lambda delivery, user: f"/hub/{delivery.kind}/{user.pk}/")
    try:
        page = as_member.get(PAGE).content.decode()
    finally:
        systems.unregister_review("hub")
    assert f'href="/hub/contact.updated/{ada.owner_id}/"' in page
    assert "/hub/" not in as_member.get(PAGE).content.decode()


def test_an_unknown_outcome_is_checked(as_member: Client, ada: Contact) -> None:
    put(ada, State.UNKNOWN, next_at=timezone.now() + timedelta(minutes=5))
    told = text_of(as_member.get(PAGE))
    assert "Check now" in told and "Retry now" not in told
