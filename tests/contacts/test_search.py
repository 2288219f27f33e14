"""Finding a person by what one remembers of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact, User
from tests.factories import make_contact
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
    return sorted(c.first_name for c in Contact.objects.all().search(text, region="GB"))


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
