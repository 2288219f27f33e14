"""Counting what a list finds, and its page: the same, whichever plan gets it."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from contacts import finding
from contacts.access import Role
from contacts.listing import SORTS, ListState
from contacts.models import Contact, User
from contacts.sample.loading import load
from tests.factories import make_contact, make_team, make_user

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
QUERIES = ("q=a", "q=james", "q=nobody", "q=br&status=Qualified", "status=Disqualified&owner={owner}")  # fmt: skip
#: What counts as few, how far a page walks, what is read at once: so small that each plan works.
PLANS = {
    "few": (1000, 1, 0),
    "few, read": (1000, 1, 1000),
    "many": (0, 1000, 0),
    "many, soon found": (0, 290, 0),
    "many at the far end": (0, 30, 0),
    "many at the far end, read": (0, 30, 1000),
}


@pytest.fixture
def crowd(member: User, admin_user: User) -> None:
    load(300, owners=[member.pk, admin_user.pk], until=NOON)


def pages(user: User, query: str) -> tuple[int, list[list[int]]]:
    """How many match, and every page of 20, forwards; on the way the page before is the same."""
    state = ListState.from_query(QueryDict(f"{query}&rows=20"))
    visible = Contact.objects.visible_to(user)
    found = state.find(user, finding.bounded_total(user))
    page, _ = state.page(visible, found)
    walked = [[contact.pk for contact in page.contacts]]
    while page.next:
        page, _ = ListState.from_query(QueryDict(state.but(after=page.next)[1:])).page(visible, found)  # fmt: skip
        before, _ = ListState.from_query(QueryDict(state.but(before=page.previous)[1:])).page(visible, found)  # fmt: skip
        assert [contact.pk for contact in before.contacts] == walked[-1]
        walked.append([contact.pk for contact in page.contacts])
    return found.count, walked


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("plan", PLANS)
def test_every_plan_shows_the_same_pages(
    crowd: None, admin_user: User, monkeypatch: pytest.MonkeyPatch, plan: str, query: str
) -> None:
    query = query.format(owner=admin_user.pk)
    sort = random.Random(f"{plan}{query}").choice([*SORTS, *(f"-{name}" for name in SORTS)])
    expected = pages(admin_user, f"{query}&sort={sort}")
    for name, value in zip(("FEW", "WALK", "READ_AT_ONCE"), PLANS[plan], strict=True):
        monkeypatch.setattr(finding, name, value)
    assert pages(admin_user, f"{query}&sort={sort}") == expected
    assert expected[0] == sum(map(len, expected[1]))


@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize("query", ["q=secret", "q=s", "q=secret&status=Qualified"])
def test_hidden_contacts_add_nothing_to_what_is_found(
    member: User, stranger: User, monkeypatch: pytest.MonkeyPatch, query: str, few: int
) -> None:
    monkeypatch.setattr(finding, "READ_AT_ONCE", few)
    own = make_contact(member, first_name="Secret", status="Qualified")
    make_contact(stranger, first_name="Secret", status="Qualified")
    assert pages(member, query) == (1, [[own.pk]])


@pytest.mark.parametrize("few", [0, 1000])
def test_the_index_over_all_contacts_is_left_to_who_sees_them_all(
    crowd: None, member: User, admin_user: User, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(finding, "READ_AT_ONCE", few)
    assert not asks_index(member)
    assert asks_index(admin_user) == (few == 0)


def asks_index(user: User) -> bool:
    with CaptureQueriesContext(connection) as queries:
        pages(user, "q=james")
    asked = [query["sql"] for query in queries if "contacts_search" in query["sql"]]
    return any("MATCH" in sql or "|| ''" not in sql for sql in asked)


def test_the_match_count_stops_at_its_bound(
    crowd: None, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", 2)
    monkeypatch.setattr(finding, "EXACT_UP_TO", 10)
    count, walked = pages(admin_user, "q=a")
    assert count == 11 and sum(map(len, walked)) > 11
    assert finding.shown_count(count) == "10+"


def test_a_manager_counts_the_teams_contacts(member: User, stranger: User) -> None:
    manager = make_user(Role.MANAGER)
    make_team(manager=manager, members=[member])
    for owner in (manager, member, member, stranger):
        make_contact(owner, last_interacted_time=NOON - timedelta(days=1))
    assert pages(manager, "q=ada")[0] == 3


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL keeps such notes")
def test_what_is_known_to_be_far_more_is_not_counted(crowd: None, admin_user: User) -> None:
    for noted, expected in ((-1, 300), (200_000, 300), (200_001, 50_001)):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE pg_class SET reltuples = %s WHERE relname = 'contacts_contact'", [noted])  # fmt: skip
        assert finding.bounded_total(admin_user) == expected
