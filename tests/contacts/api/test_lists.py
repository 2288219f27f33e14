"""Lists: cursors, the Link header, bounds of time; and a client that reads while others write."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contacts.deleting import delete_contact
from contacts.merging.merge import merge_contacts, plan_selected
from contacts.models import Contact, Merge, User
from contacts.objects import moment
from tests.contacts.api.client import Api, problem
from tests.contacts.unmerge_tools import fold, unfold
from tests.factories import by, make_contact

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def crowd(owner: User, number: int) -> list[Contact]:
    """Contacts of one minute each, the newest first."""
    made = [
        make_contact(owner, email=f"p{n}@example.com", creation_time=BEGAN + timedelta(minutes=n))
        for n in range(number)
    ]
    return made[::-1]


def ids(answer: Any) -> list[str]:
    return [each["id"] for each in answer.json()["data"]]


def link(answer: Any, rel: str) -> str:
    found = re.search(rf'<([^>]*)>; rel="{rel}"', answer.headers.get("Link", ""))
    return found[1] if found else ""


def test_ten_of_them_newest_first(api: Api, member: User) -> None:
    made = crowd(member, 11)
    answer = api.get("contacts")
    assert ids(answer) == [contact.public_id for contact in made[:10]]
    assert list(answer.json()) == ["object", "data", "has_more"] and answer.json()["has_more"]


@pytest.mark.parametrize("limit", ["500", "0", "101", "-1", "ten", "", "1.5", "9" * 5000, "٣"])
def test_a_limit_out_of_range_is_refused(api: Api, limit: str) -> None:
    status, message, param = problem(api.get(f"contacts?limit={limit}"))
    assert (status, param) == (400, "limit")
    said = f"Out of range value: {limit[:100]}. Please provide a number between 1 and 100."
    assert message == said


def test_both_cursors_are_refused(api: Api) -> None:
    said = "Received both before and after parameters. Please provide only one."
    assert problem(api.get("contacts?after=CTC-1&before=CTC-2")) == (400, said, "")


def test_cursors_lead_forwards_and_back(api: Api, member: User) -> None:
    made = [contact.public_id for contact in crowd(member, 7)]
    first = api.get("contacts?limit=3")
    second = api.get(f"contacts?limit=3&after={made[2]}")
    assert ids(first) + ids(second) == made[:6]
    assert ids(api.get(f"contacts?limit=3&before={made[3]}")) == made[:3]
    back = api.get(f"contacts?limit=2&before={made[3]}")
    assert ids(back) == made[1:3] and back.json()["has_more"]


def test_after_the_very_last_there_is_nothing(api: Api, member: User) -> None:
    last = crowd(member, 3)[-1]
    answer = api.get(f"contacts?after={last.public_id}")
    assert answer.content == b'{"object":"list","data":[],"has_more":false}'
    assert "Link" not in answer.headers


def test_a_cursor_that_names_nothing_is_refused(api: Api) -> None:
    said = problem(api.get("contacts?after=CTC-000000000000"))
    assert said == (400, "No such contact: 'CTC-000000000000'", "after")


def test_the_link_header_holds_host_limit_cursor_and_filters(api: Api, member: User) -> None:
    made = crowd(member, 5)
    answer = api.get("contacts?limit=2&creation_time.gt=2025-01-01&utm=x")
    url = link(answer, "next")
    assert url.startswith("http://testserver/v2/contacts?")
    assert f"after={made[1].public_id}" in url and "limit=2" in url
    assert "creation_time.gt=2025-01-01" in url
    assert link(answer, "previous") == ""


def test_links_end_at_both_ends(api: Api, member: User) -> None:
    made = crowd(member, 5)
    assert "Link" not in api.get("contacts").headers
    last = api.get(f"contacts?limit=2&after={made[3].public_id}")
    assert link(last, "next") == "" and f"before={made[4].public_id}" in link(last, "previous")
    middle = api.get(f"contacts?limit=2&after={made[0].public_id}")
    assert link(middle, "next") and link(middle, "previous")
    first = api.get(f"contacts?limit=2&before={made[2].public_id}")
    assert link(first, "previous") == "" and link(first, "next")


@pytest.mark.parametrize("spelled", ["2026-01-01T00:02:00Z", "2026-01-01T00:02:00", "2026-01-01 00:02:00.000Z", "2026-01-01 00:02", "2026-01-01T02:02:00%2B02:00"])  # fmt: skip
def test_bounds_are_strict_and_spelled_in_many_ways(api: Api, member: User, spelled: str) -> None:
    made = [contact.public_id for contact in crowd(member, 5)]
    assert ids(api.get(f"contacts?creation_time.gt={spelled}")) == made[:2]
    assert ids(api.get(f"contacts?creation_time.lt={spelled}")) == made[3:]
    assert ids(api.get("contacts?creation_time.gt=2026-01-01")) == made[:4]


@pytest.mark.parametrize("name", ["last_updated_time", "creation_time"])
def test_bounds_that_cross_are_refused(api: Api, name: str) -> None:
    said = problem(api.get(f"contacts?{name}.gt=2026-02-01&{name}.lt=2026-01-01"))
    assert said == (400, f"{name}.gt cannot be later than {name}.lt", f"{name}.gt")


@pytest.mark.parametrize("text", ["2025-13-45T99:99:99Z", "yesterday", "", "2026", "1700000000", "9999-12-31T23:59:59-14:00"])  # fmt: skip
def test_a_bad_date_is_refused(api: Api, text: str) -> None:
    said = problem(api.get(f"contacts?creation_time.gt={text}"))
    assert said == (400, f"Invalid date: {text}", "creation_time.gt")


def test_an_address_finds_its_contact_however_it_is_spelled(api: Api, member: User) -> None:
    made = crowd(member, 3)
    assert ids(api.get("contacts?email=P1@Example.com")) == [made[1].public_id]
    assert ids(api.get("contacts?email=nobody@example.com")) == []
    assert ids(api.get("contacts?email=%00")) == []


def test_unknown_parameters_are_ignored_and_known_ones_taken_once(api: Api) -> None:
    assert api.get("contacts?page=3&page=4&sort=name").status_code == 200
    said = problem(api.get("contacts?limit=1&limit=2"))
    assert said == (400, "Received the parameter 'limit' more than once. Please provide it once.", "limit")  # fmt: skip


def test_lists_are_expanded_with_and_without_data(api: Api, member: User) -> None:
    crowd(member, 2)
    for path in ("owner", "data.owner"):
        data = api.get(f"contacts?expand={path}").json()["data"]
        assert {each["owner"]["email"] for each in data} == {member.email}


def test_a_cursor_stays_good_when_its_contact_is_deleted_or_merged(api: Api, member: User) -> None:
    made = crowd(member, 6)
    delete_contact(contact_id=made[1].pk, actor=by(member))
    plan = plan_selected(contacts=[made[5], made[3]])
    merge_contacts(plan=plan, actor=by(member))
    assert ids(api.get(f"contacts?after={made[1].public_id}"))[0] == made[2].public_id
    assert ids(api.get(f"contacts?after={made[3].public_id}"))[0] == made[4].public_id


def test_a_list_asks_as_often_whatever_its_length(
    api: Api, member: User, django_assert_max_num_queries: Any
) -> None:
    crowd(member, 20)
    api.get("contacts")
    for limit in (1, 20):
        with django_assert_max_num_queries(7):
            api.get(f"contacts?limit={limit}&expand=owner.teams")


def test_who_survives_a_merge_stays_in_its_place(api: Api, member: User) -> None:
    """Its creation time becomes that of the oldest; who has read it does not meet it again."""
    made = crowd(member, 5)
    first = api.get("contacts?limit=2")
    fold(made[1], made[4])
    rest = api.get(f"contacts?after={made[1].public_id}")
    assert ids(first) + ids(rest) == [contact.public_id for contact in made[:4]]
    assert ids(api.get(f"contacts?before={made[2].public_id}")) == ids(first)
    assert ids(api.get(f"contacts?before={made[4].public_id}&limit=1")) == [made[3].public_id]
    assert api.get(f"contacts/{made[1].public_id}").json()["creation_time"] == moment(BEGAN)


def test_what_an_undo_brings_back_stands_where_it_was(api: Api, member: User) -> None:
    made = crowd(member, 5)
    before = ids(api.get("contacts"))
    for survivor, duplicate in ((1, 3), (0, 1), (2, 4)):
        fold(made[survivor], made[duplicate])
    assert ids(api.get("contacts")) == [before[0], before[2]]
    for each in Merge.objects.order_by("pk"):
        unfold(each)
    assert ids(api.get("contacts")) == before
    assert not Contact.objects.exclude(listed_at=None).exists()
