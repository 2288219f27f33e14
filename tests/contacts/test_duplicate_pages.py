"""Reviewing possible duplicates: only pairs of which one sees both."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts.access import Role
from contacts.duplicates import dismiss
from contacts.models import Account, Contact, PossibleDuplicate, User
from tests.contacts.pages import HTMX, text_of, url_of
from tests.factories import by, make_contact, make_team, make_user

LIST = "/duplicates/"


def pair_of(first: Contact, second: Contact, reason: str = "Same landline") -> PossibleDuplicate:
    one, other = sorted((first, second), key=lambda contact: contact.pk)
    return PossibleDuplicate.objects.create(first=one, second=other, reason=reason)


@pytest.fixture
def augusta(member: User) -> Contact:
    return make_contact(member, first_name="Augusta", mobile_phone="+12025550199", company="Mill")


@pytest.fixture
def pair(ada: Contact, augusta: Contact) -> PossibleDuplicate:
    return pair_of(ada, augusta)


def url(name: str, first: Contact | str, second: Contact | str) -> str:
    ids = [c if isinstance(c, str) else c.public_id for c in (first, second)]
    return reverse(name, args=ids)


def test_both_contacts_stand_side_by_side_with_the_reason(
    as_member: Client, pair: PossibleDuplicate
) -> None:
    told = text_of(as_member.get(LIST))
    assert "Ada Lovelace and Augusta" in told and "Same landline. Found Today" in told
    for value in ("ada@example.com", "No email", "+1 202-555-0199", "Engines", "Mill", "Mia"):
        assert value in told


def test_merge_leads_to_the_prompt_with_the_one_to_keep_first(
    as_member: Client, pair: PossibleDuplicate, ada: Contact, augusta: Contact
) -> None:
    page = as_member.get(LIST).content.decode()
    assert re.search(r'<form id="m-[\w-]+" method="get" action="/contacts/merge/">', page)
    radios = re.findall(r'name="ids" form="m-[\w-]+" value="([\w,-]+)"( checked)?', page)
    assert radios == [
        (f"{ada.public_id},{augusta.public_id}", " checked"),
        (f"{augusta.public_id},{ada.public_id}", ""),
    ]


def test_the_one_captured_first_is_proposed_to_be_kept(
    as_member: Client, ada: Contact, augusta: Contact
) -> None:
    Contact.objects.filter(pk=augusta.pk).update(creation_time="2020-01-01T00:00:00Z")
    pair_of(ada, augusta)
    page = as_member.get(LIST).content.decode()
    assert f'value="{augusta.public_id},{ada.public_id}" checked' in page


def test_a_pair_with_a_hidden_contact_is_not_there_nor_counted(
    as_member: Client, ada: Contact, stranger: User, pair: PossibleDuplicate
) -> None:
    secret = make_contact(stranger, first_name="Secret")
    pair_of(ada, secret)
    pair_of(secret, make_contact(stranger, first_name="Hidden"))
    page = as_member.get(LIST)
    told = text_of(page)
    assert "Secret" not in told and "Hidden" not in told and "Possible duplicates1" in told
    for name in ("duplicate_dismiss", "duplicate_restore"):
        for second in (secret, "CTC-NEVER", "\x00"):
            assert as_member.post(url(name, ada, second), headers=HTMX).status_code == 404
    assert not PossibleDuplicate.objects.filter(dismissed_at__isnull=False).exists()


def test_a_manager_sees_pairs_within_the_team_and_an_administrator_all(
    client: Client, ada: Contact, pair: PossibleDuplicate, member: User, stranger: User
) -> None:
    pair_of(ada, make_contact(stranger, first_name="Secret"))
    manager = make_user(Role.MANAGER)
    make_team(manager=manager, members=[member])
    for user, seen in ((manager, 1), (make_user(Role.ADMINISTRATOR), 2)):
        client.force_login(user)
        assert client.get(LIST).content.decode().count("<article") == seen


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_not_a_duplicate_is_remembered_and_can_be_undone(
    as_member: Client,
    pair: PossibleDuplicate,
    ada: Contact,
    augusta: Contact,
    member: User,
    headers: dict[str, str],
) -> None:
    answer = as_member.post(url("duplicate_dismiss", ada, augusta), headers=headers, follow=True)
    assert answer.status_code == 200
    pair.refresh_from_db()
    assert pair.dismissed_by == member and "Ada" not in text_of(as_member.get(LIST))
    dismissed = text_of(as_member.get(LIST + "?show=dismissed"))
    assert "Ada Lovelace and Augusta" in dismissed and "Dismissed Today" in dismissed
    answer = as_member.post(url("duplicate_restore", ada, augusta), headers=headers, follow=True)
    pair.refresh_from_db()
    assert pair.dismissed_at is None and "Ada Lovelace" in text_of(as_member.get(LIST))


def test_for_htmx_the_pair_is_replaced_in_place(
    as_member: Client, pair: PossibleDuplicate, ada: Contact, augusta: Contact
) -> None:
    answer = as_member.post(url("duplicate_dismiss", ada, augusta), headers=HTMX)
    assert "<html" not in answer.content.decode() and "are not duplicates" in text_of(answer)
    assert url("duplicate_restore", ada, augusta) in answer.content.decode()
    answer = as_member.post(url("duplicate_restore", ada, augusta), headers=HTMX)
    assert 'name="ids"' in answer.content.decode()


def test_the_pairs_of_one_contact(
    as_member: Client, ada: Contact, augusta: Contact, member: User, stranger: User
) -> None:
    third = make_contact(member, first_name="Third")
    pair_of(ada, augusta)
    pair_of(augusta, third)
    page = as_member.get(LIST, {"contact": ada.public_id})
    assert "Augusta" in text_of(page) and "Third" not in text_of(page)
    secret = make_contact(stranger)
    for unknown in (secret.public_id, "CTC-NEVER", "\x00"):
        assert as_member.get(LIST, {"contact": unknown}).status_code == 404
    assert (
        f"{LIST}?contact={ada.public_id}"
        in as_member.get(url_of("contact_detail", ada), headers=HTMX).content.decode()
    )


def walk(client: Client, first: str) -> list[str]:
    """The names on every page, following Older."""
    names: list[str] = []
    address: str | None = first
    while address:
        page = client.get(address).content.decode()
        names += re.findall(r"<bdi>(P\d+)</bdi> and", page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older[1].replace("&amp;", "&") if older else None
    return names


def test_pages_follow_one_another_newest_first(
    as_member: Client, member: User, augusta: Contact
) -> None:
    made = [make_contact(member, first_name=f"P{n}") for n in range(45)]
    last = make_contact(member, first_name="Last")
    for contact in made:
        pair = pair_of(contact, last)
        dismiss(pair=pair_of(augusta, contact), actor=by(member)) if contact.pk % 2 else None
        assert pair.pk
    assert walk(as_member, LIST) == [f"P{n}" for n in range(44, -1, -1)]
    page = as_member.get(LIST + "?after=nonsense")
    assert "not valid" in text_of(page) and "P44" in text_of(page)


def test_the_page_costs_the_same_however_many_pairs_there_are(
    as_member: Client, member: User, augusta: Contact
) -> None:
    Account.load()
    counts = []
    for size in (2, 15):
        for n in range(size):
            pair_of(augusta, make_contact(member, first_name=f"{size}-{n}", phone="+442079460000"))
        with CaptureQueriesContext(connection) as queries:
            as_member.get(LIST)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_people_typed_is_shown_as_text(as_member: Client, member: User, ada: Contact) -> None:
    evil: dict[str, Any] = {"first_name": "<script>x</script>", "company": '"><img src=x>'}
    pair_of(ada, make_contact(member, **evil), reason="<b>why</b>")
    page = as_member.get(LIST).content.decode()
    assert "<script>x" not in page and "<img" not in page and "<b>why" not in page
