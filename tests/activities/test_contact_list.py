"""Upcoming meetings in All Contacts: shown, sorted and filtered by, exported; nothing joined."""

from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from activities.models import BookingCalendar
from contacts.finding import Found
from contacts.listing import ListState
from contacts.models import Contact, User
from contacts.sorting import SORTS
from tests.activities.bookings import make_calendar, make_meeting, soon
from tests.contacts.imports.engine import bring_in
from tests.contacts.pages import text_of
from tests.contacts.test_export import export, rows
from tests.contacts.test_list import names, show
from tests.factories import make_contact


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


@pytest.fixture
def crowd(member: User, calendar: BookingCalendar) -> None:
    """Two with one meeting in 3 days, one with two from the day after on, one with none."""
    make_meeting(calendar, soon(4), name="Bo", email="bo@example.com")
    make_meeting(calendar, soon(9), name="Bo", email="bo@example.com")
    make_meeting(calendar, soon(3), name="Ana", email="ana@example.com")
    make_contact(member, first_name="Cy")


def test_the_column_says_how_many_and_when_the_next_is(as_member: Client, crowd: None) -> None:
    text = text_of(show(as_member, "?sort=next"))
    next_one, this_year = soon(4), soon(4).year == soon(0).year
    written = f"{next_one:%a} {next_one.day} %b" if this_year else f"{next_one.day} %b %Y"
    assert f"2{next_one:{written}}" in text and "NoneNo upcoming meetings" in text


def test_the_list_is_sorted_by_the_next_meeting(as_member: Client, crowd: None) -> None:
    assert names(show(as_member, "?sort=next")) == ["Ana", "Bo", "Cy"]
    assert names(show(as_member, "?sort=-next")) == ["Cy", "Bo", "Ana"]
    assert 'id="sort-next"' in show(as_member).content.decode()


@pytest.mark.parametrize(
    ("query", "people"),
    [
        ("f.upcoming=has-value", "Ana Bo"),
        ("f.upcoming=blank", "Cy"),
        ("f.upcoming=is:0", "Cy"),
        ("f.upcoming=is:2", "Bo"),
        ("f.upcoming=at-least:1", "Ana Bo"),
        ("f.upcoming=at-most:1", "Ana Cy"),
        ("f.upcoming=between:0..1", "Ana Cy"),
        ("f.upcoming=is:0&f.upcoming=is:2", "Bo Cy"),
        ("f.next=next:3", "Ana"),
        ("f.next=today", ""),
        (f"f.next=from:{soon(4):%Y-%m-%d}", "Bo"),
        (f"f.next=to:{soon(3):%Y-%m-%d}", "Ana"),
        (f"f.next=between:{soon(1):%Y-%m-%d}..{soon(6):%Y-%m-%d}", "Ana Bo"),
        ("f.next=blank", "Cy"),
        ("f.next=has-value&f.upcoming=at-least:2", "Bo"),
    ],
)
def test_the_list_is_filtered_by_meetings_ahead(crowd: None, query: str, people: str) -> None:
    state = ListState.from_query(QueryDict(query))
    found = state.apply(Contact.objects.all()).order_by("first_name")
    names = found.values_list("first_name", "last_name")
    assert state.notices == () and [first or last for first, last in names] == people.split()


@pytest.mark.parametrize("query", ["f.upcoming=is:many", "f.upcoming=at-least:-1", "f.next=last:3", "f.next=from:x"])  # fmt: skip
def test_what_cannot_be_understood_is_left_out_and_named(query: str) -> None:
    [notice] = ListState.from_query(QueryDict(query)).notices
    assert "meeting" in notice and "left out" in notice


def test_the_filters_are_read_as_people_say_it(as_member: Client, crowd: None) -> None:
    text = text_of(show(as_member, "?f.upcoming=blank&f.next=next:3"))
    assert "Upcoming meetings: none" in text and "Next meeting: next 3 days" in text
    editor = text_of(as_member.get("/contacts/?add=upcoming"))
    assert "At least" in editor and "None" in editor and "Has a value" not in editor


def test_an_export_has_both_and_an_import_passes_over_them(
    as_member: Client, crowd: None, member: User
) -> None:
    _, content = export(as_member, columns="all")
    told = {row["Email"]: (row["Upcoming meetings"], row["Next meeting"]) for row in rows(content)}
    assert told["bo@example.com"] == ("2", soon(4).isoformat(timespec="seconds"))
    assert told[""] == ("0", "")
    changed = content.decode("utf-8-sig").replace("bo@example.com", "new@example.com")
    bring_in(changed.replace(",2,", ",7,"), member)
    assert set(Contact.objects.values_list("upcoming_meetings", flat=True)) == {0, 1, 2}


@pytest.mark.parametrize("query", ["sort=next", "sort=-next"])
def test_every_contact_stands_on_one_page_of_the_order(
    crowd: None, member: User, query: str
) -> None:
    for n in range(45):
        ahead = timezone.now() + timedelta(days=n % 5) if n % 3 else None
        contact = make_contact(member, first_name=f"P{n}")
        Contact.objects.filter(pk=contact.pk).update(next_meeting_time=ahead)
    seen, after = [], ""
    while True:
        link = QueryDict(f"{query}&rows=20", mutable=True)
        link["after"] = after
        page, notice = ListState.from_query(link).page(Contact.objects.all(), Found(48))
        assert not notice
        seen += [contact.pk for contact in page.contacts]
        after = page.next
        if not after:
            break
    assert len(seen) == len(set(seen)) == 48


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="reads PostgreSQL's plan")
@pytest.mark.parametrize("query", ["sort=next", "f.upcoming=at-least:1", "f.next=next:3", "f.next=has-value"])  # fmt: skip
def test_sort_and_filters_use_the_index(crowd: None, query: str) -> None:
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    state = ListState.from_query(QueryDict(query))
    contacts = state.apply(Contact.objects.all()).order_by(SORTS["next"], "pk")
    plan = contacts[:20].explain()
    assert "contact_by_next_meeting" in plan and "Sort Key" not in plan
    if state.filters:
        assert "Index Cond" in plan
