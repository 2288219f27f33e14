"""Finding a person by what one remembers of them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import search_index
from contacts.deleting import delete_contact
from contacts.models import Contact, SearchEntry, User
from contacts.sample.loading import load
from contacts.search import derive
from contacts.services import update_contact
from tests.factories import NEW_ADDRESS, by, make_contact, make_user, merge
from tests.shared import shared_json


@pytest.fixture
def people(member: User) -> None:
    make_contact(
        member,
        first_name="Zoë",
        last_name="Ångström-Müller",
        email="zoe.am@Brightwater.example",
        mobile_phone="+447700900142",
        company="Brightwater Energy",
    )
    make_contact(member, first_name="Marcus", last_name="Oyelaran", mobile_phone="+12025550147")
    make_contact(member, first_name="100%", last_name="under_score", company="a\\b")


def found(text: str) -> list[str]:
    """The first names that the index finds; reading every contact must find the same."""
    indexed = Contact.objects.all().search(text, region="GB")
    read = Contact.objects.all().search(text, region="GB", by_reading=True)
    assert set(indexed) == set(read)
    return sorted(contact.first_name for contact in indexed)


@pytest.mark.parametrize(
    "query",
    [
        "zoe",
        "ZOË",
        "angstrom zo",
        "muller energy",
        "ergy ångst",
        "zoe.am@bright",
        "z",
        "07700 900142",
        "+44 (0)7700 900142",
        "0044 7700 900142",
        "7700900",
        "0142",
        "900 142 z",
    ],
)
def test_a_person_is_found_in_any_word_order_accent_case_and_phone_format(
    people: None, query: str
) -> None:
    assert found(query) == ["Zoë"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("%", []),  # no wildcard
        ("100%", ["100%"]),
        ("under_score", ["100%"]),
        ("under%score", []),
        ("a\\b", ["100%"]),
        ("nobody", []),
        ("zoe marcus", []),
        ("oe", []),  # two letters: only at the beginning of a word
        ("202-555-0147", ["Marcus"]),
        ("   ", ["100%", "Marcus", "Zoë"]),
        ("\u200b", ["100%", "Marcus", "Zoë"]),
    ],
)
def test_what_a_query_does_and_does_not_find(people: None, query: str, names: list[str]) -> None:
    assert found(query) == sorted(names)


def test_a_hostile_query_is_cut_before_it_reaches_the_database(people: None) -> None:
    for text in shared_json("corpora/own/payloads/redos_search.json"):
        with CaptureQueriesContext(connection) as queries:
            found(str(text))
        assert all(len(query["sql"]) < 10_000 for query in queries.captured_queries)


# ------------------------------------------------------- the index, on both databases, says the same

MIX = (
    "a", "z", "x", "jo", "qu", "zz", "ann", "555", "james", "example", "brightwater", "an br",
    "julia s", "m w", "ja wh br", "james bright energy", "202", "(313) 2", "0142", "+1 617", "s@",
    "james.", ".example", "n@b", "müller", "lefevre", "LÉA", "+1617 279", "012", "00", "1-2",
)  # fmt: skip


@pytest.fixture
def crowd(member: User, admin_user: User) -> None:
    load(400, owners=[member.pk, admin_user.pk], until=datetime(2026, 11, 1, tzinfo=UTC))


def test_the_index_finds_what_reading_every_contact_finds(crowd: None) -> None:
    hits = {query: len(found(query)) for query in MIX}
    assert hits["zz"] == 0 < hits["julia s"] < hits["james"] < hits["a"] < 400


def test_who_sees_few_contacts_finds_the_same_among_them(
    crowd: None, member: User, admin_user: User
) -> None:
    for query in MIX:
        indexed = SearchEntry.objects.visible_to(member).search(query, region="US")
        own = Contact.objects.visible_to(member).search(query, region="US", by_reading=True)
        assert {entry.pk for entry in indexed} == {contact.pk for contact in own}, query


def _save(contact: Contact) -> None:
    update_contact(contact_id=contact.pk, actor=by(), values={"last_name": "Changed"})


def _bulk(contact: Contact) -> None:
    contact.last_name = "Changed"
    derive(contact)
    Contact.objects.bulk_update([contact], ["last_name", "search_text", "sort_name"])


def _set(contact: Contact) -> None:
    contact.last_name = "Changed"
    derive(contact)
    Contact.objects.filter(pk=contact.pk).update(search_text=contact.search_text)


@pytest.mark.parametrize("write", [_save, _bulk, _set])
def test_a_changed_contact_is_found_by_what_it_is_now(
    ada: Contact, write: Callable[[Contact], None]
) -> None:
    write(ada)
    assert (found("changed"), found("lovelace"), found("ada ch")) == (["Ada"], [], ["Ada"])


@pytest.mark.parametrize(
    "remove",
    [
        lambda contact: delete_contact(contact_id=contact.pk, actor=by()),
        lambda contact: Contact.objects.filter(pk=contact.pk).delete(),
    ],
)
def test_a_deleted_contact_leaves_nothing_in_the_index(
    ada: Contact, remove: Callable[[Contact], None]
) -> None:
    remove(ada)
    assert not SearchEntry.objects.search("lovelace", region="GB").exists()


def test_a_merged_contact_is_found_once(ada: Contact, member: User) -> None:
    merge(ada, make_contact(member, first_name="Augusta", email=NEW_ADDRESS))
    assert (found("lovelace@example.o"), found("augusta")) == (["Ada"], [])


def test_a_contact_is_found_by_its_new_owner_only(ada: Contact, member: User) -> None:
    heir = make_user()
    update_contact(contact_id=ada.pk, actor=by(), values={"owner": heir.pk})
    seen = {u.pk: SearchEntry.objects.visible_to(u).search("ada", region="GB").count() for u in (member, heir)}  # fmt: skip
    assert seen == {member.pk: 0, heir.pk: 1}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Django remakes tables on SQLite only")
def test_triggers_that_a_migration_dropped_are_put_back_with_what_they_missed(
    ada: Contact, member: User
) -> None:
    with connection.cursor() as cursor:
        for name in ("insert", "update"):
            cursor.execute(f"DROP TRIGGER contacts_search_{name}")
    _save(ada)
    make_contact(member, first_name="Missed")
    search_index.keep(connection)
    assert (found("changed"), found("lovelace"), found("missed")) == (["Ada"], [], ["Missed"])
    make_contact(member, first_name="Kept")
    assert found("kept") == ["Kept"]
