"""Keyset paging: every contact once, both ways, whatever is equal, deleted or made up."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from contacts.finding import Found
from contacts.listing import SORTS, ListState
from contacts.models import Contact, User
from contacts.paging import Cursor, Page, cursor_for
from contacts.sorting import order_of
from tests.factories import make_contact, make_property


@pytest.fixture
def crowd(member: User) -> list[Contact]:
    """Thirty contacts with many equal and many blank values."""
    make_property("Fee", "number")
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
            custom_fee=chance.choice(["", "-3", "20", "100"]),
        )
        for n in range(30)
    ]


def show(query: str) -> Page:
    state = ListState.from_query(QueryDict(query))
    page, notice = state.page(Contact.objects.all(), Found(30))
    assert not notice
    return page


def walk(sort: str, rows: int = 20) -> list[Page]:
    pages = [show(f"sort={sort}&rows={rows}")]
    while pages[-1].next:
        after = QueryDict(mutable=True)
        after["after"] = pages[-1].next
        pages.append(show(f"sort={sort}&rows={rows}&{after.urlencode()}"))
    return pages


EVERY = [*SORTS, "custom_fee"]


@pytest.mark.parametrize("sort", [*EVERY, *(f"-{name}" for name in EVERY)])
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


@pytest.mark.parametrize("sort", ["custom_fee", "-custom_fee"])
def test_by_a_property_those_without_it_come_last_whichever_way(
    crowd: list[Contact], sort: str
) -> None:
    fees = [c.custom.get("custom_fee") for page in walk(sort) for c in page.contacts]
    valued = [int(fee) for fee in fees if fee]
    assert valued == sorted(valued, reverse=sort.startswith("-")) and 1 < len(valued) < 30
    assert set(fees[len(valued) :]) == {None}


@pytest.mark.parametrize("sort", ["custom_fee", "-custom_fee", "company"])
def test_from_any_place_the_order_goes_on_both_ways(crowd: list[Contact], sort: str) -> None:
    everybody = show(f"sort={sort}").contacts
    for start, contact in enumerate(everybody):
        behind = everybody[start + 1 :][:20] or everybody[-20:]
        ahead = everybody[:start][-20:] if start > 20 else everybody[:20]
        for way, expected in (("after", behind), ("before", ahead)):
            link = QueryDict(mutable=True)
            link[way] = cursor_for(contact, sort)
            page = show(f"sort={sort}&rows=20&{link.urlencode()}")
            assert [c.pk for c in page.contacts] == [c.pk for c in expected], (start, way)


@pytest.mark.parametrize("sort", [*EVERY, *(f"-{name}" for name in EVERY)])
def test_few_contacts_are_sorted_as_many_are(crowd: list[Contact], sort: str) -> None:
    for start in (0, 15, 28):
        for way in ("after", "before"):
            link = QueryDict(f"sort={sort}&rows=20", mutable=True)
            link[way] = cursor_for(show(f"sort={sort}").contacts[start], sort)
            state = ListState.from_query(link)
            many, _ = state.page(Contact.objects.all(), Found(30))
            few, _ = state.page(Contact.objects.all(), Found(30, sort=True))
            assert few.contacts == many.contacts
            assert (bool(few.previous), bool(few.next)) == (bool(many.previous), bool(many.next))


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
    page, notice = state.page(Contact.objects.all(), Found(30))
    assert "not valid" in notice and page.contacts == walk("name", 50)[0].contacts


def test_a_cursor_of_another_sort_is_not_taken(crowd: list[Contact]) -> None:
    state = ListState(sort="email", after=walk("name")[0].next)
    assert "not valid" in state.page(Contact.objects.all(), Found(30))[1]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("status=Great", "Status: there is no choice “Great”"),
        ("owner=abc", "no owner “abc”"),
        ("captured=never", "Captured on: use a number of days"),
        ("from=2026-13-45", "not a date"),
        ("sort=password", "cannot be sorted by “password”"),
        ("rows=1000000", "20, 50 or 100"),
        ("after=a&before=b", "not valid"),
    ],
)
def test_what_was_left_out_of_a_hand_made_address_is_named(query: str, said: str) -> None:
    assert any(said in notice for notice in ListState.from_query(QueryDict(query)).notices)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plan")
def test_an_order_is_one_range_of_its_index_on_sqlite(crowd: list[Contact]) -> None:
    sent: list[tuple[str, Any]] = []

    def hear(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(hear):
        walk("-activity")
        walk("custom_fee")
    uses = (
        "SCAN contacts_contact USING INDEX contact_by_activity",
        "SEARCH contacts_contact USING INDEX contact_by_activity",
        "USING COVERING INDEX contact_by_property (property_id=? AND sorts=?)",
        "USING COVERING INDEX contact_by_property (property_id=? AND sorts=? AND key>?",
    )
    pages = [each for each in sent if "LIMIT" in each[0] and "NOT EXISTS" not in each[0]]
    for (sql, params), use in zip(pages, uses, strict=True):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plan = " ".join(row[-1] for row in cursor.fetchall())
        assert use in plan and "TEMP B-TREE" not in plan


def test_ones_own_contacts_by_activity_are_one_range_of_an_index(member: User) -> None:
    # Of 1,000,000 contacts one person's 20,000: 0.6 ms for a page; without it 7.4 ms.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for way in ("seqscan", "bitmapscan", "sort"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
    segment, *_ = order_of("-activity").segments(Contact.objects.visible_to(member))
    plan = segment.beyond(None, falling=True)[:20].explain()
    assert "contact_by_owner_activity" in plan
    assert "TEMP B-TREE" not in plan and "Sort Key" not in plan


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


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="reads PostgreSQL's plan")
def test_a_later_page_by_a_property_is_one_range_of_its_index(crowd: list[Contact]) -> None:
    # With 1,000,000 contacts, 900,000 of whom have a fee, and other work on both cores: any page
    # 5 to 14 ms, with the filter of another property 15 to 20 ms.
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    valued, _ = order_of("custom_fee").segments(Contact.objects.all())
    place = Cursor("1000000000000020.000000", 3, backwards=False)
    plan = valued.beyond(place, falling=False)[:20].explain()
    assert "Index Only Scan using contact_by_property" in plan or "Index Scan using contact_by_property" in plan  # fmt: skip
    assert "ROW(" in plan.split("Index Cond", 1)[1].splitlines()[0] and "Sort Key" not in plan
