"""The sync column of All Contacts, its filter, and what both cost."""

from typing import Any

import pytest
from django.test import Client

from contacts.exporting import rows as exports
from contacts.models import Contact, User
from contacts.services import update_contact
from integrations import sync_state
from integrations.models import Delivery
from integrations.outbox import running
from tests.contacts.pages import text_of
from tests.contacts.test_export import export, rows
from tests.factories import by, make_contact
from tests.integrations.webhooks.receiver import Receiver, receiver, subscribe

__all__ = ["receiver"]
pytestmark = pytest.mark.django_db
State = Delivery.State


def put(contact: Contact, state: str, target: str = "webhook 1") -> Delivery:
    return Delivery.objects.create(
        family="webhooks", target=target, gate=target, kind="contact.updated",
        contact_id=contact.pk, state=state, next_at=None,
    )  # fmt: skip


def word(contact: Contact) -> str:
    sync_state.load([contact])
    return str(vars(contact)["sync_word"])


def shown(client: Client, filter_: str) -> list[str]:
    page = client.get("/contacts/", {"f.sync": filter_, "sort": "name"})
    return [contact.first_name for contact in page.context["page"].contacts]


def test_the_column_follows_a_change_to_its_target(
    as_member: Client, ada: Contact, receiver: Receiver
) -> None:
    assert "Not linked" in text_of(as_member.get("/contacts/"))
    subscribe()
    receiver.answers = [503]
    update_contact(contact_id=ada.pk, actor=by(), values={"city": "Bath"})
    assert "Pending" in text_of(as_member.get("/contacts/"))
    running.run()
    assert "Retrying" in text_of(as_member.get("/contacts/"))
    Delivery.objects.update(state=State.PENDING)
    Delivery.objects.update(next_at=Delivery.objects.get().created_at)
    running.run()
    assert "Synced" in text_of(as_member.get("/contacts/"))


@pytest.mark.parametrize(
    "states, said",
    [
        ([State.DELIVERED, State.FAILED], "Failed"),
        ([State.FAILED, State.DELIVERED], "Synced"),
        ([State.RETRYING, State.PENDING], "Retrying"),
        ([State.DELIVERED, State.SUPERSEDED], "Synced"),
        ([State.NEEDS_RECONNECT, State.PENDING], "Needs reconnect"),
        ([State.CONFLICT, State.CANCELLED], "Conflict"),
        ([State.SKIPPED], "Skipped by policy"),
        ([State.UNKNOWN], "Unknown"),
        ([State.CANCELLED], ""),
        ([], ""),
    ],
)
def test_of_one_target_what_is_open_and_the_last_counts(
    ada: Contact, states: list[str], said: str
) -> None:
    for state in states:
        put(ada, state)
    assert word(ada) == said


def test_of_several_targets_the_one_that_needs_somebody_most_is_shown(ada: Contact) -> None:
    put(ada, State.DELIVERED, "webhook 1")
    put(ada, State.RETRYING, "webhook 2")
    put(ada, State.CONFLICT, "hub 3")
    assert word(ada) == "Conflict"


@pytest.mark.parametrize("said", [*sync_state.WORDS, ""])
def test_the_filter_finds_who_shows_the_word_and_nobody_else(
    as_member: Client, member: User, said: str
) -> None:
    for number, states in enumerate(sync_state.WORDS.values()):
        contact = make_contact(member, first_name=f"C{number}")
        put(contact, State.DELIVERED, "webhook 9")
        put(contact, states[0])
        put(make_contact(member, first_name=f"D{number}"), states[0])
    make_contact(member, first_name="Nobody")
    everybody = list(Contact.objects.order_by("first_name"))
    sync_state.load(everybody)
    expected = [c.first_name for c in everybody if vars(c)["sync_word"] == said]
    assert shown(as_member, f"is:{said}" if said else "blank") == expected


def test_a_word_that_there_is_not_is_left_out_and_said(as_member: Client, ada: Contact) -> None:
    page = as_member.get("/contacts/?f.sync=is:Gone")
    assert page.status_code == 200 and "Gone" in text_of(page)


def test_it_costs_one_query_however_many_rows_there_are(
    as_member: Client, member: User, django_assert_num_queries: Any
) -> None:
    contacts = [make_contact(member, first_name=f"C{n}") for n in range(30)]
    for contact in contacts:
        put(contact, State.DELIVERED)
        put(contact, State.RETRYING, "webhook 2")
    with django_assert_num_queries(1):
        sync_state.load(contacts)
    assert {vars(contact)["sync_word"] for contact in contacts} == {"Retrying"}


@pytest.mark.parametrize("columns", ["shown", "all"])
def test_an_export_has_the_word_that_the_list_shows(
    as_member: Client, ada: Contact, member: User, columns: str
) -> None:
    make_contact(member, first_name="Bob")
    put(ada, State.CONFLICT)
    _, content = export(as_member, columns=columns)
    found = {row["First name"]: row["Sync"] for row in rows(content)}
    assert found == {"Ada": "Conflict", "Bob": "Not linked"}


def test_an_export_asks_for_the_words_of_a_thousand_contacts_at_once(
    member: User, django_assert_num_queries: Any
) -> None:
    for number in range(30):
        put(make_contact(member, first_name=f"N{number}"), State.DELIVERED)
    everybody = Contact.objects.order_by("pk")
    with django_assert_num_queries(2):
        found = list(exports.rows_of(everybody, exports.columns_named(["sync_state"])))
    assert found == [["Synced"]] * 30
