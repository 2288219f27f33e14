"""Keyset paging: every contact once, both ways, whatever is equal, deleted or made up."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from contacts.listing import SORTS, ListState
from contacts.models import Contact, User
from contacts.paging import Page, cursor_for
from tests.factories import make_contact


@pytest.fixture
def crowd(member: User) -> list[Contact]:
    """Thirty contacts with many equal and many blank values."""
    chance = random.Random(7)
    now = timezone.now()
    return [
        make_contact(
            member,
            first_name=chance.choice(["Ada", "ada", "Zoë", ""]),
            company=chance.choice(["Engines", "", "engines"]),
            status=chance.choice(["Qualified", ""]),
            email=f"p{n}@example.com" if n % 3 else "",
            last_interacted_time=chance.choice([None, now, now - timedelta(days=1)]),
        )
        for n in range(30)
    ]


def show(query: str) -> Page:
    state = ListState.from_query(QueryDict(query))
    page, notice = state.page(Contact.objects.all())
    assert not notice
    return page


def walk(sort: str, rows: int = 20) -> list[Page]:
    pages = [show(f"sort={sort}&rows={rows}")]
    while pages[-1].next:
        after = QueryDict(mutable=True)
        after["after"] = pages[-1].next
        pages.append(show(f"sort={sort}&rows={rows}&{after.urlencode()}"))
    return pages


@pytest.mark.parametrize("sort", [*SORTS, *(f"-{name}" for name in SORTS)])
def test_every_contact_appears_once_and_the_way_back_shows_the_same_pages(
    crowd: list[Contact], sort: str
) -> None:
    first, second = walk(sort)
    seen = [contact.pk for page in (first, second) for contact in page.contacts]
    assert sorted(seen) == sorted(contact.pk for contact in crowd)
    assert first.previous == "" and second.next == ""
    before = QueryDict(mutable=True)
    before["before"] = second.previous
    back = show(f"sort={sort}&rows=20&{before.urlencode()}")
    assert [c.pk for c in back.contacts] == [c.pk for c in first.contacts]
    assert back.next


def test_blank_names_come_last(crowd: list[Contact]) -> None:
    emails = [c.email for page in walk("email") for c in page.contacts]
    assert emails == [e for e in emails if e] + [e for e in emails if not e]


def test_a_cursor_of_a_deleted_row_still_leads_on(crowd: list[Contact]) -> None:
    first, second = walk("name")
    Contact.objects.filter(pk=first.contacts[-1].pk).delete()
    after = QueryDict(mutable=True)
    after["after"] = first.next
    page = show(f"sort=name&rows=20&{after.urlencode()}")
    assert [c.pk for c in page.contacts] == [c.pk for c in second.contacts]


def test_behind_the_last_row_the_last_page_is_shown(crowd: list[Contact]) -> None:
    last = walk("name")[-1]
    after = QueryDict(mutable=True)
    after["after"] = cursor_for(last.contacts[-1], "name")
    page = show(f"sort=name&rows=20&{after.urlencode()}")
    assert page.contacts[-1] == last.contacts[-1] and len(page.contacts) == 20
    assert page.previous and not page.next


@pytest.mark.parametrize("cursor", ["x", "eyJhIjoxfQ:1:abc", "%00", "1" * 3000])
def test_a_cursor_made_up_by_hand_shows_the_first_page_and_says_so(
    crowd: list[Contact], cursor: str
) -> None:
    state = ListState.from_query(QueryDict(f"sort=name&after={cursor}"))
    page, notice = state.page(Contact.objects.all())
    assert "not valid" in notice and page.contacts == walk("name", 50)[0].contacts


def test_a_cursor_of_another_sort_is_not_taken(crowd: list[Contact]) -> None:
    state = ListState(sort="email", after=walk("name")[0].next)
    assert "not valid" in state.page(Contact.objects.all())[1]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("status=Great", "no status “Great”"),
        ("owner=abc", "no owner “abc”"),
        ("captured=never", "no filter captured"),
        ("from=2026-13-45", "not a date"),
        ("sort=password", "cannot be sorted by “password”"),
        ("rows=1000000", "20, 50 or 100"),
        ("after=a&before=b", "not valid"),
    ],
)
def test_what_was_left_out_of_a_hand_made_address_is_named(query: str, said: str) -> None:
    assert any(said in notice for notice in ListState.from_query(QueryDict(query)).notices)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plan")
def test_the_usual_order_is_one_range_of_the_index_on_sqlite(crowd: list[Contact]) -> None:
    sent: list[tuple[str, Any]] = []

    def hear(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(hear):
        walk("-activity")
    for (sql, params), use in zip(sent, ("SCAN", "SEARCH"), strict=True):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plan = " ".join(row[-1] for row in cursor.fetchall())
        assert f"{use} contacts_contact USING INDEX contact_by_activity" in plan


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="reads PostgreSQL's plan")
def test_a_later_page_is_one_range_of_the_index(crowd: list[Contact]) -> None:
    from django.db.models import F, Value

    from contacts.paging import RowCompare

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    place: list[Any] = [Value("ada"), Value(3)]
    page = Contact.objects.filter(RowCompare(">", F("sort_name"), F("pk"), *place))
    plan = page.order_by("sort_name", "pk")[:20].explain()
    assert "Index Cond: (ROW(" in plan
