"""Connecting a calendar as a person does it, and what the Integrations page says."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import AuditEntry, User
from contacts.services import update_contact
from integrations.models import Connection
from integrations.sandbox.double import Request
from tests.activities.bookings import make_calendar, make_meeting
from tests.contacts.pages import text_of
from tests.factories import by, make_user
from tests.integrations.calendars import Calendar, read_busy_times, sent, served
from tests.integrations.webhooks.receiver import Receiver, receiver, subscribe

__all__ = ["receiver"]

pytestmark = pytest.mark.django_db
PAGE = "/integrations/"


@pytest.fixture(params=["google_calendar", "microsoft_graph"])
def kept(request: pytest.FixtureRequest, settings: Any) -> Iterator[Calendar]:
    yield from served(request.param, settings)


def url(kept: Calendar, step: str) -> str:
    return f"/integrations/calendars/{kept.vendor}/{step}/"


def consent(client: Client, kept: Calendar, *, answer: str = "allow", **changed: str) -> str:
    """To the vendor and back: the address at which the browser returns."""
    asked = dict(parse_qsl(urlsplit(client.get(url(kept, "connect")).headers["Location"]).query))
    asked = {**asked, **changed}
    reply = kept.double.sign_in.consent(Request("GET", "", {**asked, "answer": answer}))
    if answer == "allow":
        return str(reply.headers["Location"]).removeprefix("http://127.0.0.1:8000")
    return f"{url(kept, 'back')}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"


def test_a_calendar_is_connected(as_member: Client, member: User, kept: Calendar) -> None:
    answer = as_member.get(consent(as_member, kept), follow=True)
    row = Connection.objects.get()
    assert (row.user, row.label) == (member, "member@kith.test")
    assert "Connected" in text_of(answer) and "member@kith.test" in text_of(answer)
    assert AuditEntry.objects.get().action == "calendar.connected"
    kept.account = "member@kith.test"
    read_busy_times()
    make_meeting(make_calendar(member))
    assert sent() == ["delivered"] and kept.guests() == ["ada@example.com"]


def test_tokens_are_nowhere_on_the_page_and_nowhere_readable_in_the_database(
    as_member: Client, kept: Calendar
) -> None:
    page = as_member.get(consent(as_member, kept), follow=True).content.decode()
    row = Connection.objects.get()
    access, refresh = row.tokens()
    assert access.startswith("access-") and refresh.startswith("refresh-")
    for text in (page, row.access_token, row.refresh_token):
        assert access not in text and refresh not in text


def test_what_is_asked_for_is_as_little_as_is_needed(as_member: Client, kept: Calendar) -> None:
    answer = as_member.get(url(kept, "connect"))
    asked = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert asked["code_challenge_method"] == "S256" and len(asked["state"]) > 30
    assert asked["login_hint"] == "member@kith.test"
    wide = {"https://www.googleapis.com/auth/calendar", "Calendars.ReadWrite.Shared"}
    assert not wide & set(asked["scope"].split())
    cookie = answer.cookies["kith_sign_in"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and not Connection.objects.exists()


def test_a_refusal_is_said_and_nothing_is_stored(as_member: Client, kept: Calendar) -> None:
    answer = as_member.get(consent(as_member, kept, answer="deny"))
    assert answer.status_code == 400 and "it was not allowed there" in text_of(answer)
    assert not Connection.objects.exists()


def test_a_way_back_that_did_not_begin_here_leads_nowhere(
    as_member: Client, kept: Calendar, stranger: User
) -> None:
    back = consent(as_member, kept)
    other = Client()
    other.force_login(stranger)
    assert other.get(back).status_code == 400
    assert as_member.get(back.replace("state=", "state=x")).status_code == 400
    assert as_member.get(back).status_code == 400  # the cookie is used up
    assert not Connection.objects.exists()


def test_a_cookie_of_somebody_else_does_not_help(
    as_member: Client, kept: Calendar, stranger: User
) -> None:
    back = consent(as_member, kept)
    as_member.logout()
    as_member.force_login(stranger)
    as_member.get(back)
    assert not Connection.objects.exists()


def test_a_permission_that_was_unticked_is_asked_for_again(
    as_member: Client, kept: Calendar
) -> None:
    kept.double.sign_in.withheld = {
        "https://www.googleapis.com/auth/calendar.events.owned", "Calendars.ReadWrite",
    }  # fmt: skip
    answer = as_member.get(consent(as_member, kept))
    assert answer.status_code == 400 and "all of the permissions" in text_of(answer)
    assert not Connection.objects.exists()


def test_a_token_endpoint_that_is_away_is_said(as_member: Client, kept: Calendar) -> None:
    back = consent(as_member, kept)
    kept.transport.away = True
    answer = as_member.get(back)
    assert answer.status_code == 502 and "did not answer when signing in" in text_of(answer)


def test_a_lost_sign_in_says_what_it_holds_and_is_renewed_on_the_page(
    as_member: Client, member: User, kept: Calendar
) -> None:
    as_member.get(consent(as_member, kept))
    read_busy_times()
    kept.double.sign_in.revoke("member@kith.test")
    make_meeting(make_calendar(member))
    assert sent() == ["needs_reconnect"]
    page = text_of(as_member.get(PAGE))
    assert "Needs reconnect" in page and "Sign-in expired. 1 update is held in order and" in page
    as_member.get(consent(as_member, kept))
    assert sent() == ["delivered"] and "Needs reconnect" not in text_of(as_member.get(PAGE))


def test_signing_in_again_must_be_to_the_same_account(as_member: Client, kept: Calendar) -> None:
    as_member.get(consent(as_member, kept))
    answer = as_member.get(consent(as_member, kept, login_hint="other@example.com"))
    assert answer.status_code == 409 and "Sign in to member@kith.test" in text_of(answer)


def test_a_disconnected_calendar_keeps_no_token(as_member: Client, kept: Calendar) -> None:
    as_member.get(consent(as_member, kept))
    assert "no longer updated" in text_of(as_member.get(url(kept, "disconnect")))
    as_member.post(url(kept, "disconnect"))
    row = Connection.objects.get()
    assert (row.state, row.access_token, row.refresh_token) == ("disconnected", "", "")
    assert as_member.post(url(kept, "disconnect")).status_code == 404
    as_member.get(consent(as_member, kept))
    row.refresh_from_db()
    assert row.state == "connected"


def test_nobody_sees_or_ends_a_connection_of_somebody_else(
    as_member: Client, kept: Calendar, stranger: User
) -> None:
    as_member.get(consent(as_member, kept))
    other = Client()
    other.force_login(stranger)
    assert "member@kith.test" not in text_of(other.get(PAGE))
    assert other.post(url(kept, "disconnect")).status_code == 404


def test_without_a_client_id_the_page_says_what_to_set(
    as_admin: Client, member: User, settings: Any
) -> None:
    settings.CALENDARS = {"google_calendar": None, "microsoft_graph": None}
    page = text_of(as_admin.get(PAGE))
    assert "Set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, and start Kith again." in page
    as_admin.force_login(member)
    page = text_of(as_admin.get(PAGE))
    assert "GOOGLE_CLIENT_ID" not in page and "An administrator can do it." in page
    assert as_admin.get("/integrations/calendars/google_calendar/connect/").status_code == 404


def test_another_calendar_is_named_and_taken_back(
    as_member: Client, member: User, kept: Calendar
) -> None:
    answer = as_member.post("/integrations/calendars/elsewhere/", {"choice": "icloud"}, follow=True)
    assert "iCloud" in text_of(answer)
    make_meeting(make_calendar(member))
    assert sent() == [] and kept.double.requests == []
    as_member.post("/integrations/calendars/elsewhere/")
    assert not Connection.objects.exists()
    answer = as_member.post("/integrations/calendars/elsewhere/", {"choice": "x"})
    assert answer.status_code == 422


def test_what_kith_does_not_update_can_be_done_by_hand(
    as_member: Client, member: User, stranger: User, kept: Calendar
) -> None:
    as_member.post("/integrations/calendars/elsewhere/", {"choice": "icloud"})
    meeting = make_meeting(make_calendar(member))
    new = {"email": "ada@new.example"}
    update_contact(contact_id=meeting.contact_id or 0, actor=by(member), values=new)
    assert "Do it by hand" in text_of(as_member.get("/sync/"))
    path = f"/integrations/by-hand/{meeting.pk}/"
    page = text_of(as_member.get(path))
    assert "iCloud would mail every guest" in page and "ada@new.example" in page
    file = as_member.get(f"{path}invitation.ics").content.decode()
    assert "METHOD:REQUEST" in file and "ada@new.example" in file.replace("\r\n ", "")
    as_member.force_login(stranger)
    assert {as_member.get(p).status_code for p in (path, f"{path}invitation.ics")} == {404}


def test_the_page_asks_the_database_as_often_for_fifty_people(
    as_admin: Client, kept: Calendar
) -> None:
    as_admin.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        as_admin.get(PAGE)
    for _ in range(50):
        kept.connect(make_user())
    with CaptureQueriesContext(connection) as many:
        page = text_of(as_admin.get(PAGE))
    assert len(many) == len(few) and "50 of 51" in page


@pytest.mark.parametrize("path", [PAGE, "/integrations/calendars/google_calendar/connect/"])
def test_strangers_sign_in_first(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 302


def test_what_people_connect_themselves_stands_below_for_administrators(
    client: Client, admin_user: User, member: User, receiver: Receiver
) -> None:
    client.force_login(admin_user)
    told = text_of(client.get("/integrations/"))
    assert "Contacts API" in told and "Active keys0" in told and "Not connected" in told
    subscribe(name="Billing")
    assert "Active webhooks1" in text_of(client.get("/integrations/"))
    client.force_login(member)
    assert "Contacts API" not in text_of(client.get("/integrations/"))
