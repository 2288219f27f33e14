"""Finding what identity alone does not settle, and remembering what people say about it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts import duplicates
from contacts.deleting import delete_contact
from contacts.duplicates import dismiss, due, find_possible_duplicates, restore
from contacts.likeness import CROWD, Kind, Likeness, keys_of, reasons_for, within
from contacts.models import (
    AuditEntry,
    Contact,
    DuplicateSearch,
    MatchKey,
    PossibleDuplicate,
    User,
)
from contacts.services import update_contact
from tests.contacts.test_races import at_once
from tests.factories import NEW_ADDRESS, by, make_contact, make_user, merge

NOW = timedelta(0)
NAME = {"first_name": "Ada", "last_name": "Lovelace"}


def search(**options: Any) -> list[tuple[str, str, str]]:
    """Search, and what is there to review: (one's e-mail, the other's, why)."""
    find_possible_duplicates(settled=NOW, **options)
    pairs = PossibleDuplicate.objects.filter(dismissed_at=None).select_related("first", "second")
    return [(p.first.email, p.second.email, p.reason) for p in pairs.order_by("pk")]


ALIKE = {
    "same name and company": (
        {**NAME, "company": "Engines Ltd."},
        {"first_name": "LOVELACE", "last_name": "Adá", "company": "engines"},
        "Same name and company",
    ),
    "same landline": (
        {"phone": "+442079460000"},
        {"phone": "+442079460000", "first_name": "Other"},
        "Same landline",
    ),
    "dots and a tag": (
        {"email": "a.lovelace+news@gmail.com"},
        {"email": "ALovelace@gmail.com"},
        "Emails that differ only in dots, dashes or a +tag",
    ),
    "a slip after the @": (
        {"email": "countess@gmail.com"},
        {"email": "countess@gmial.com"},
        "Emails that differ in one letter after the @",
    ),
    "a slip before the @": (
        {**NAME, "email": "ada.lovelace@x.example"},
        {**NAME, "email": "ada.lovelcae@x.example"},
        "Same name and similar emails",
    ),
    "another provider": (
        {**NAME, "email": "ada1815@x.example"},
        {**NAME, "email": "ada.1815@other.example"},
        "Same name and similar emails",
    ),
}
NOT_ALIKE = {
    "namesakes at two companies": (
        {**NAME, "email": "ada.lovelace@x.example"},
        {**NAME, "email": "a.lovelace@other.example"},
    ),
    "namesakes with the same kind of address": (
        {**NAME, "email": "ada.lovelace@x.example"},
        {**NAME, "email": "ada.lovelace@other.example"},
    ),
    "a name alone": (NAME, NAME),
    "half a name": ({"first_name": "Ada", "company": "E"}, {"first_name": "Ada", "company": "E"}),
    "another extension": ({"phone": "+442079460000;ext=1"}, {"phone": "+442079460000;ext=2"}),
    "shared mailboxes": ({"email": "info@gmail.com"}, {"email": "info@gmial.com"}),
    "short local parts": ({"email": "ada@gmail.com"}, {"email": "ada@gmial.com"}),
    "one blank email": ({**NAME, "email": "ada@x.example"}, NAME),
    "different people": (
        {**NAME, "email": "ada@x.example", "company": "Engines"},
        {**NAME, "email": "countess@other.example", "company": "Mill"},
    ),
}


@pytest.mark.parametrize(("one", "other", "reason"), ALIKE.values(), ids=ALIKE)
def test_alike_contacts_are_found_with_the_reason(
    member: User, one: dict[str, str], other: dict[str, str], reason: str
) -> None:
    first, second = make_contact(member, **one), make_contact(member, **other)
    assert search() == [(first.email, second.email, reason)]


@pytest.mark.parametrize(("one", "other"), NOT_ALIKE.values(), ids=NOT_ALIKE)
def test_what_means_nothing_is_not_found(
    member: User, one: dict[str, str], other: dict[str, str]
) -> None:
    make_contact(member, **one)
    make_contact(member, **other)
    assert search() == []


def test_two_reasons_make_one_pair(member: User) -> None:
    for email in ("ada1815@x.example", "ada1815@other.example"):
        make_contact(member, **NAME, company="Engines", email=email)
    [(_, _, reason)] = search()
    assert reason == "Same name and company. Same name and similar emails"


def test_a_crowd_tells_nothing(member: User) -> None:
    people = [make_contact(member, first_name=f"P{n}", phone="+442079460000") for n in range(5)]
    assert len(search()) == 10 and CROWD[Kind.LANDLINE] == len(people)
    make_contact(member, first_name="P6", phone="+442079460000")
    search()
    assert not PossibleDuplicate.objects.filter(first__first_name="P6").exists()


def test_only_what_was_saved_since_is_looked_at(member: User) -> None:
    for n in range(4):
        make_contact(member, first_name=f"P{n}")
    assert find_possible_duplicates(settled=NOW, batch=3) == 4
    assert (find_possible_duplicates(settled=NOW), due()) == (0, False)
    changed = Contact.objects.get(first_name="P2")
    update_contact(contact_id=changed.pk, actor=by(), values={"city": "London"})
    assert find_possible_duplicates(settled=NOW) == 1


def test_a_change_is_compared_with_contacts_looked_at_long_ago(member: User) -> None:
    old = make_contact(member, **NAME, company="Engines", email="old@x.example")
    other = make_contact(member, first_name="A.", email="other@y.example")
    assert search() == []
    update_contact(contact_id=other.pk, actor=by(), values={**NAME, "company": "Engines"})
    assert search() == [(old.email, other.email, "Same name and company")]


def test_a_pair_whose_reason_is_gone_is_withdrawn(member: User) -> None:
    pair = [make_contact(member, **NAME, company="Engines") for _ in range(2)]
    assert len(search()) == 1
    update_contact(contact_id=pair[0].pk, actor=by(), values={"company": "Mill"})
    assert search() == [] and not PossibleDuplicate.objects.exists()


def test_what_an_import_recorded_is_not_withdrawn(member: User) -> None:
    one, two = make_contact(member), make_contact(member)
    PossibleDuplicate.objects.create(first=one, second=two, reason="One imported row")
    assert [reason for _, _, reason in search()] == ["One imported row"]


def test_a_dismissed_pair_is_never_found_again(member: User) -> None:
    pair = [make_contact(member, **NAME, company="Engines") for _ in range(2)]
    search()
    assert dismiss(pair=PossibleDuplicate.objects.get(), actor=by(member))
    for contact in pair:
        update_contact(contact_id=contact.pk, actor=by(), values={"phone": "+442079460000"})
        assert search() == []
    DuplicateSearch.objects.update(started_at=timezone.now() - timedelta(days=8))
    assert search() == [] and PossibleDuplicate.objects.count() == 1


def test_dismissing_is_undone_and_both_are_audited_once(member: User) -> None:
    one, two = make_contact(member), make_contact(member)
    pair = PossibleDuplicate.objects.create(first=one, second=two, reason="r")
    assert [dismiss(pair=pair, actor=by(member)) for _ in range(2)] == [True, False]
    assert [restore(pair=pair, actor=by(member)) for _ in range(2)] == [True, False]
    told = AuditEntry.objects.order_by("pk").values_list("action", "object_id", "detail")
    detail = {"other": two.public_id}
    assert list(told) == [
        ("duplicate.dismissed", one.public_id, detail),
        ("duplicate.restored", one.public_id, detail),
    ]


def test_merging_settles_the_pair_and_forgets_the_keys(member: User) -> None:
    ada = make_contact(member, **NAME, company="Engines", phone="+442079460000")
    other = make_contact(member, **NAME, company="Engines", email=NEW_ADDRESS)
    assert len(search()) == 1
    survivor = merge(ada, other)
    assert not PossibleDuplicate.objects.exists()
    assert set(MatchKey.objects.values_list("contact_id", flat=True)) == {survivor.pk}
    assert search() == []


def test_deleting_leaves_neither_pair_nor_key(member: User) -> None:
    pair = [make_contact(member, **NAME, company="Engines") for _ in range(2)]
    search()
    delete_contact(contact_id=pair[0].pk, actor=by())
    assert not PossibleDuplicate.objects.exists()
    assert not MatchKey.objects.filter(contact_id=pair[0].pk).exists()


def test_a_save_of_this_minute_waits_until_its_transaction_has_surely_ended(member: User) -> None:
    make_contact(member)
    assert find_possible_duplicates() == 0
    Contact.objects.update(last_updated_time=timezone.now() - timedelta(minutes=3))
    assert due() and find_possible_duplicates() == 1


def test_every_week_it_begins_at_the_beginning(member: User) -> None:
    make_contact(member)
    find_possible_duplicates(settled=NOW)
    Contact.objects.update(last_updated_time=timezone.now() - timedelta(days=30))
    assert find_possible_duplicates(settled=NOW) == 0
    DuplicateSearch.objects.update(started_at=timezone.now() - timedelta(days=8))
    assert due() and find_possible_duplicates(settled=NOW) == 1


def test_it_stops_when_its_time_is_over_and_goes_on_later(member: User) -> None:
    for n in range(6):
        make_contact(member, first_name=f"P{n}")
    steps = [find_possible_duplicates(settled=NOW, batch=2, seconds=0) for _ in range(4)]
    assert steps == [2, 2, 2, 0]


def test_only_one_worker_searches_and_a_dead_one_is_replaced(member: User) -> None:
    make_contact(member)
    later = timezone.now() + timedelta(minutes=1)
    DuplicateSearch.objects.create(pk=1, lease_token="other", lease_until=later)
    assert (find_possible_duplicates(settled=NOW), due()) == (0, False)
    DuplicateSearch.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert find_possible_duplicates(settled=NOW) == 1


def test_a_batch_costs_the_same_number_of_queries_whatever_is_in_it(member: User) -> None:
    counts = []
    find_possible_duplicates(settled=NOW)
    for size in (4, 40):
        for n in range(size):
            make_contact(
                member, **NAME, company=f"C{size}-{n % (size // 2)}", email=f"a{size}{n}@x.org"
            )
        with CaptureQueriesContext(connection) as queries:
            find_possible_duplicates(settled=NOW)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_keys_hold_nothing_that_can_be_read(member: User) -> None:
    contact = Likeness(1, "Ada", "Lovelace", "ada@example.com", "+442079460000", "Engines")
    keys = keys_of(contact)
    assert all(isinstance(key, int) and -(2**63) <= key < 2**63 for key in keys.values())
    assert len(set(keys.values())) == len(keys) == 4


def test_contacts_that_share_nothing_have_no_reason() -> None:
    one = Likeness(1, "Ada", "Lovelace", "ada@example.com", "", "Engines")
    assert reasons_for(set(), one, one) == []


def letters(text: str) -> Iterator[str]:
    """Everything that is one slip away from the text."""
    for n in range(len(text)):
        yield text[:n] + text[n + 1 :]
        yield text[:n] + "x" + text[n + 1 :]
        yield text[:n] + "x" + text[n:]
        yield text[:n] + text[n : n + 2][::-1] + text[n + 2 :]


def test_one_slip_is_near_and_two_are_not_one() -> None:
    for slip in letters("gmail.com"):
        assert within("gmail.com", slip, 1) and within(slip, "gmail.com", 1)
    for far in ("gm.com", "ggmaill.com", "hotmail.com", "", "gamil.cmo"):
        assert not within("gmail.com", far, 1)
    assert within("gmail.com", "gamil.cmo", 2) and within("", "", 0) and not within("", "abc", 2)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL")
def test_contacts_deleted_during_the_search_do_not_break_it() -> None:
    owner = make_user()
    for _ in range(10):
        pair = [make_contact(owner, **NAME, company="Engines") for _ in range(8)]
        DuplicateSearch.objects.all().delete()
        results = at_once(
            lambda: find_possible_duplicates(settled=NOW, batch=4),
            *(lambda pk=c.pk: delete_contact(contact_id=pk, actor=by()) for c in pair[::2]),
        )
        assert isinstance(results[0], int) and results[0] >= 4, results
        find_possible_duplicates(settled=NOW)
        assert PossibleDuplicate.objects.count() == 6, results
        Contact.objects.all().delete()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL")
def test_two_workers_at_once_look_at_each_contact_once() -> None:
    owner = make_user()
    for n in range(30):
        make_contact(owner, first_name=f"P{n}")
    DuplicateSearch.objects.create(pk=1)
    results = at_once(*[lambda: duplicates.find_possible_duplicates(settled=NOW, batch=3)] * 2)
    assert sum(results) == 30 and min(results) == 0
