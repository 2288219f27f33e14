"""The Activities page: past and future, filters, pages, and what it says of contacts that are gone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.listing import ActivityState
from activities.models import BookedSlot, BookingCalendar, Meeting
from activities.services import cancel
from contacts import finding
from contacts.access import Role
from contacts.deleting import delete_contact
from contacts.erasing import erase_contact
from contacts.models import Contact, User
from tests.activities.bookings import HOST, make_calendar, make_meeting, past_meeting, soon
from tests.activities.test_meetings import contact_of
from tests.contacts.pages import text_of
from tests.factories import by, make_contact, make_user, merge

RESULTS = {"HX-Request": "true", "HX-Target": "results"}
Page = Any


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


def show(client: Client, query: str = "", **headers: str) -> Page:
    response = client.get(f"/activities/{query}", headers=headers or None)
    assert response.status_code == 200
    return response


def guests(page: Page) -> list[str]:
    """The guests in the list, top to bottom."""
    found = re.findall(r'c-name c-first"><span.*?<bdi.*?>(.*?)</bdi>', page.content.decode(), re.S)
    return list(found)


def fates(page: Page) -> list[str]:
    """What the rows say of contacts that are gone."""
    return re.findall(r'</bdi> <span class="muted">(.*?)</span>', page.content.decode())


def crowd(calendar: BookingCalendar, number: int, *, past: bool = False) -> None:
    """Guest 0, Guest 1, … one every two hours, beginning with the one nearest to now."""
    for n in range(number):
        details = {"name": f"Guest {n}", "email": f"g{n}@example.com"}
        if past:
            past_meeting(calendar, hours=2 * n + 2, **details)
        else:
            make_meeting(calendar, soon(2) + timedelta(hours=2 * n), **details)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.listing.ROWS", 2)


# ------------------------------------------------------------------------------- past and future


def test_what_is_ahead_stands_next_first_and_what_is_over_latest_first(
    as_member: Client, calendar: BookingCalendar
) -> None:
    crowd(calendar, 3)
    past_meeting(calendar, hours=9, name="Older", email="o@example.com")
    past_meeting(calendar, hours=3, name="Newer", email="n@example.com")
    assert guests(show(as_member)) == ["Guest 0", "Guest 1", "Guest 2"]
    assert guests(show(as_member, "?when=past")) == ["Newer", "Older"]


def test_a_meeting_under_way_is_not_past(as_member: Client, calendar: BookingCalendar) -> None:
    meeting = past_meeting(calendar, hours=0)
    ends = timezone.now() + timedelta(minutes=5)
    Meeting.objects.filter(pk=meeting.pk).update(ends_at=ends)
    assert guests(show(as_member)) == ["Ada Lovelace"] and not guests(show(as_member, "?when=past"))


def test_a_canceled_meeting_stays_in_the_list(as_member: Client, calendar: BookingCalendar) -> None:
    cancel(meeting_id=make_meeting(calendar).pk, doer=HOST)
    assert "Canceled" in text_of(show(as_member)) and guests(show(as_member)) == ["Ada Lovelace"]


def test_a_row_leads_to_the_meeting_and_to_the_pane_of_its_contact(
    as_member: Client, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    html = show(as_member).content.decode()
    assert f'href="/activities/{meeting.public_id}/"' in html
    assert f'href="/contacts/{meeting.contact_public_id}/"' in html


def test_a_merged_contacts_row_leads_to_the_survivor(
    as_member: Client, calendar: BookingCalendar, member: User
) -> None:
    ada = contact_of(make_meeting(calendar))
    survivor = merge(ada, make_contact(member, email="a.lovelace@example.org"))
    html = show(as_member).content.decode()
    assert f'href="/contacts/{survivor.public_id}/"' in html and ada.public_id not in html


def test_of_a_hidden_contact_the_row_has_the_guest_and_no_link(
    as_member: Client, calendar: BookingCalendar, stranger: User
) -> None:
    meeting = make_meeting(calendar)
    Contact.objects.update(owner=stranger, first_name="Secret")
    page = show(as_member)
    assert guests(page) == ["Ada Lovelace"] and "Secret" not in text_of(page)
    assert meeting.contact_public_id not in page.content.decode()
    assert not fates(page)


def test_a_deleted_contacts_meetings_stay_with_the_guest_and_without_a_link(
    as_member: Client, calendar: BookingCalendar, member: User
) -> None:
    meeting = make_meeting(calendar)
    past_meeting(calendar)
    delete_contact(contact_id=meeting.contact_id or 0, actor=by(member))
    for query in ("", "?when=past"):
        page = show(as_member, query)
        assert guests(page) == ["Ada Lovelace"] and fates(page) == ["Contact deleted"]
        assert "/contacts/CTC-" not in page.content.decode()


def test_of_an_erased_contact_nothing_is_left_to_read_or_to_find(
    as_member: Client, calendar: BookingCalendar, member: User
) -> None:
    meeting = make_meeting(calendar, company="Engines")
    erase_contact(public_id=meeting.contact_public_id, actor=by(member))
    page = show(as_member)
    assert guests(page) == ["Guest"] and fates(page) == ["Personal data erased"]
    assert "Ada" not in text_of(page) and "Lovelace" not in page.content.decode()
    assert "personal data was erased" in text_of(as_member.get(f"/activities/{meeting.public_id}/"))
    assert not guests(show(as_member, "?q=ada")) and not guests(show(as_member, "?q=engines"))
    assert guests(show(as_member, "?q=tax")) == ["Guest"]


# -------------------------------------------------------------------------------------- filters


@pytest.fixture
def variety(calendar: BookingCalendar, admin_user: User) -> dict[str, str]:
    """Three meetings that differ in everything that can be asked for; names to put into queries."""
    other = make_calendar(admin_user, name="Intro call")
    make_meeting(calendar, soon(2), name="Ana Álvarez", email="ana@example.com", company="Engines")
    bo = make_meeting(other, soon(5), name="Bo", email="bo@corp.example")
    cy = make_meeting(other, soon(20), name="Cy", email="cy@example.com")
    cancel(meeting_id=bo.pk, doer=HOST)
    Meeting.objects.filter(pk=cy.pk).update(source="api")
    delete_contact(contact_id=bo.contact_id or 0, actor=by(admin_user))
    return {
        "mia": str(calendar.host_id), "intro": other.public_id, "ref": cy.tracking_id.lower(),
        "day5": f"{soon(5):%Y-%m-%d}", "id": bo.public_id,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "people"),
    [
        ("q=alvarez", "Ana Álvarez"),
        ("q=ANA engines", "Ana Álvarez"),
        ("q=corp.example", "Bo"),
        ("q=intro", "Bo, Cy"),
        ("q={ref}", "Cy"),
        ("q={id}", "Bo"),
        ("q=%25", ""),
        ("q=nobody", ""),
        ("status=canceled", "Bo"),
        ("status=canceled&status=scheduled", "Ana Álvarez, Bo, Cy"),
        ("status=completed", ""),
        ("host={mia}", "Ana Álvarez"),
        ("host=me", "Bo, Cy"),
        ("calendar={intro}", "Bo, Cy"),
        ("source=api", "Cy"),
        ("contact=deleted", "Bo"),
        ("days=7", "Ana Álvarez, Bo"),
        ("days=today", ""),
        ("from={day5}", "Bo, Cy"),
        ("to={day5}", "Ana Álvarez, Bo"),
        ("from={day5}&to={day5}", "Bo"),
        ("days=30&from=2020-01-01&to=2020-01-01", "Ana Álvarez, Bo, Cy"),
        ("host=me&status=scheduled&source=api&q=cy&days=30", "Cy"),
        ("host=me&status=scheduled&source=page", ""),
    ],
)
def test_filters_are_combined(
    as_admin: Client, variety: dict[str, str], query: str, people: str
) -> None:
    page = show(as_admin, "?" + query.format(**variety))
    assert ", ".join(guests(page)) == people
    shown = re.search(r"([\d,]+) match", text_of(page))
    assert shown and int(shown[1]) == len(guests(page))
    if not people:
        assert "No upcoming meetings match" in text_of(page)


def test_past_days_are_counted_back(as_member: Client, calendar: BookingCalendar) -> None:
    past_meeting(calendar, hours=2, name="Recent", email="r@example.com")
    past_meeting(calendar, hours=24 * 12, name="Older", email="o@example.com")
    assert guests(show(as_member, "?when=past&days=7")) == ["Recent"]
    assert "When: last 7 days" in text_of(show(as_member, "?when=past&days=7"))


def test_each_filter_has_a_chip_that_takes_it_away(
    as_admin: Client, variety: dict[str, str]
) -> None:
    html = show(as_admin, f"?q=a&status=canceled&host={variety['mia']}&days=7").content.decode()
    for label in ("Status: Canceled", "Host: Mia", "When: next 7 days"):
        assert f'aria-label="Remove filter {label}"' in html
    assert f'href="/activities/?q=a&amp;days=7&amp;host={variety["mia"]}"' in html


def test_the_tabs_keep_the_filters(as_admin: Client, variety: dict[str, str]) -> None:
    html = show(as_admin, "?q=a&status=canceled").content.decode()
    assert 'id="tab-past" href="/activities/?when=past&amp;q=a&amp;status=canceled"' in html


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("status=lost", "Status: there is no choice “lost”"),
        ("host=99999", "Host: there is no choice “99999”"),
        ("host=x", "Host: there is no choice “x”"),
        ("calendar=BKC-NO", "Booking calendar: there is no choice “BKC-NO”"),
        ("status=a&status=b&status=c&status=d&status=e", "Status: 2 more were left out."),
        ("source=fax", "Booked through: there is no choice “fax”"),
        ("contact=gone", "Contact: there is no choice “gone”"),
        ("days=1e3", "Days: there is no choice “1e3”"),
        ("from=2026-02-30", "“2026-02-30” is not a date"),
        ("to=0001-01-01", "out of range"),
        ("when=never", "When: there is no choice “never”"),
        ("after=x", "not valid. Showing the first page"),
        ("after=x&before=y", "not valid. Showing the first page"),
    ],
)
def test_what_cannot_be_understood_is_left_out_and_named(
    as_member: Client, calendar: BookingCalendar, query: str, said: str
) -> None:
    make_meeting(calendar)
    page = show(as_member, f"?{query}")
    assert said in text_of(page) and guests(page) == ["Ada Lovelace"]


@pytest.mark.parametrize("query", ["q=%00", "q=" + "a" * 3000, "status=%00", "q=" + "%F0%9F%98%80"])
def test_whatever_is_sent_there_is_an_answer(as_member: Client, query: str) -> None:
    show(as_member, f"?{query}")


def test_a_host_one_may_not_see_is_answered_as_one_that_does_not_exist(
    as_member: Client, calendar: BookingCalendar, stranger: User
) -> None:
    make_meeting(make_calendar(stranger))
    text = text_of(show(as_member, f"?host={stranger.pk}"))
    assert f"Host: there is no choice “{stranger.pk}”" in text and "Sten" not in text


def test_only_hosts_and_calendars_of_meetings_one_sees_are_offered(
    as_member: Client, calendar: BookingCalendar, stranger: User, member: User
) -> None:
    make_calendar(stranger, name="Hidden calendar")
    assert "Hidden calendar" not in text_of(show(as_member))
    meeting = make_meeting(make_calendar(stranger, name="Shared calendar"))
    Contact.objects.filter(public_id=meeting.contact_public_id).update(owner=member)
    assert "Sten" in text_of(show(as_member)) and "Shared calendar" in text_of(show(as_member))


def test_an_empty_page_says_where_meetings_come_from(as_member: Client) -> None:
    assert "No upcoming meetings" in text_of(show(as_member))
    assert "booking pages" in text_of(show(as_member, "?when=past"))


# ------------------------------------------------------------------------------ parts and pages


def test_htmx_gets_the_results_with_counts_and_chips_and_the_address(
    as_member: Client, calendar: BookingCalendar
) -> None:
    make_meeting(calendar)
    page = show(as_member, "?status=scheduled&q=", **RESULTS)
    html = page.content.decode()
    assert html.lstrip().startswith('<div class="results" id="results"') and "<html" not in html
    for part in ('id="applied" hx-swap-oob', 'id="match-count" hx-swap-oob', 'id="export" hx-swap'):
        assert part in html
    assert page.headers["HX-Push-Url"] == "/activities/?status=scheduled"
    typed = show(as_member, "?q=ada", **{**RESULTS, "HX-Trigger-Name": "q"})
    assert typed.headers["HX-Replace-Url"] == "/activities/?q=ada"


@pytest.mark.parametrize("past", [False, True])
@pytest.mark.parametrize("at_once", [5000, 0], ids=["few", "many"])
def test_pages_show_every_meeting_once_and_the_way_back_the_same(
    as_member: Client, calendar: BookingCalendar, few: None, monkeypatch: pytest.MonkeyPatch,
    past: bool, at_once: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(finding, "FEW", at_once)
    crowd(calendar, 5, past=past)
    query, seen = "?when=past" if past else "", []
    pages: list[list[str]] = []
    while query or not pages:
        page = show(as_member, query)
        pages.append(guests(page))
        seen += guests(page)
        back, query = page.context["previous_query"], page.context["next_query"]
    assert seen == [f"Guest {n}" for n in range(5)] and len(pages) == 3
    assert guests(show(as_member, back)) == pages[1]


def test_a_page_link_is_concealed_and_outlives_its_row(
    as_member: Client, calendar: BookingCalendar, few: None
) -> None:
    crowd(calendar, 5)
    link = show(as_member).context["next_query"]
    assert f"{soon():%Y-%m-}" not in link
    Meeting.objects.filter(guest_name="Guest 1").delete()
    assert guests(show(as_member, link)) == ["Guest 2", "Guest 3"]


def test_the_total_is_exact_to_a_bound_and_says_so(
    as_member: Client, calendar: BookingCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(calendar, 4)
    assert 'id="total">4<' in show(as_member).content.decode()
    monkeypatch.setattr(finding, "EXACT_UP_TO", 3)
    assert 'id="total">3+<' in show(as_member).content.decode()
    assert "3+ match" in text_of(show(as_member, "?status=scheduled"))


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.MANAGER, Role.MEMBER])
def test_it_costs_the_same_however_many(client: Client, db: None, role: Role) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get("/activities/?q=guest&status=scheduled")
        return len(asked)

    host = make_user(role)
    calendar = make_calendar(host)
    client.force_login(host)
    crowd(calendar, 1)
    queries()  # makes the account's row
    with_one = queries()
    Meeting.objects.all().delete()
    BookedSlot.objects.all().delete()
    crowd(calendar, 12)
    assert queries() == with_one <= 14


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="reads PostgreSQL's plan")
@pytest.mark.parametrize("when", ["", "past"])
def test_a_later_page_is_one_range_of_the_index(
    admin_user: User, calendar: BookingCalendar, few: None, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:  # fmt: skip
    monkeypatch.setattr(finding, "FEW", 0)
    crowd(calendar, 5, past=bool(when))
    query = QueryDict(f"when={when}", mutable=True)
    first, _, _ = ActivityState.from_query(query, admin_user).page(Meeting.objects.all())
    query["after"] = first.next
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    with CaptureQueriesContext(connection) as asked:
        ActivityState.from_query(query, admin_user).page(Meeting.objects.all())
    page = asked[-1]["sql"]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {page}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "meetings_by_start" in plan and "ROW(" in plan and "Sort Key" not in plan
