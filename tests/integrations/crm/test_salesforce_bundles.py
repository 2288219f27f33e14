"""Many contacts at once: by Salesforce's collections, and ten thousand that wait behind an edit."""

from typing import Any

import pytest

from contacts.models import Contact, Source, User
from contacts.services import update_contact
from contacts.signals import Actor
from integrations.crm import rows
from integrations.models import Connection, Delivery, ExternalRecord, Gate
from integrations.outbox import claiming
from tests.factories import make_contact
from tests.integrations.crm.salesforce_world import Org
from tests.integrations.crm.world import Crm, edit, later, sent

pytestmark = pytest.mark.django_db
NUMBER = 12


def imported(contact: Contact, **values: Any) -> None:
    """As a row of a file does it."""
    update_contact(contact_id=contact.pk, actor=Actor(None, Source.IMPORT), values=values)


@pytest.fixture
def crowd(org: Org, salesforce: Connection, member: User) -> list[Contact]:
    """Contacts that the org does not know, of an import."""
    made = [
        make_contact(member, first_name=f"N{n}", email=f"n{n}@example.com") for n in range(NUMBER)
    ]
    Delivery.objects.update(priority=Delivery.Priority.BACKLOG)
    return made


@pytest.fixture
def known(crowd: list[Contact], org: Org) -> list[Contact]:
    """The same, linked."""
    sent()
    org.double.requests.clear()
    return crowd


def test_new_contacts_are_looked_for_made_and_read_back_together(
    crowd: list[Contact], org: Org
) -> None:
    there = org.add(Email="N3@example.com")
    lead = org.add("Lead", Company="Acme", Email="n4@example.com")
    assert sent() == ["delivered"] * NUMBER
    assert len(org.ids()) == NUMBER - 1 and org.ids("Lead") == [lead]
    linked = set(ExternalRecord.objects.values_list("external_id", flat=True))
    assert {there, lead} < linked and len(linked) == NUMBER
    told = [each for each in org.asked() if "composite" in each]
    assert told == ["PATCH /composite/sobjects", "POST /composite/sobjects"]


def test_linked_contacts_are_read_written_and_read_back_in_three_calls(
    known: list[Contact], org: Org
) -> None:
    for contact in known:
        imported(contact, city="Bath")
    assert sent()[-NUMBER:] == ["delivered"] * NUMBER
    assert org.asked() == ["GET /query", "PATCH /composite/sobjects", "GET /query"]
    assert {org.values(pk)["MailingCity"] for pk in org.ids()} == {"Bath"}


def test_what_needs_more_than_a_batch_is_sent_alone(known: list[Contact], org: Org) -> None:
    """One that a rule refuses, one that was merged, one that was deleted, and the rest."""
    org.double.rule = "block"
    first, second, third = (ExternalRecord.objects.get(contact=each).external_id for each in known[:3])  # fmt: skip
    org.add(Email="taken@example.com")
    master = org.add()
    org.double.merge(master, second)
    org.double.delete(third)
    imported(known[0], email="taken@example.com")
    for contact in known[1:]:
        imported(contact, city="Bath")
    sent()
    later()
    assert sorted(sent()[-NUMBER:]) == ["conflict", *["delivered"] * (NUMBER - 1)]
    assert org.values(master)["MailingCity"] == "Bath" and org.values(first)["Email"] != "taken@example.com"  # fmt: skip


def test_a_batch_whose_answer_was_lost_makes_nothing_twice(crowd: list[Contact], org: Org) -> None:
    org.double.faults = ["", "", "lost"]  # after the search for contacts and for leads
    assert sent() == ["unknown"] * NUMBER and len(org.ids()) == NUMBER
    later()
    assert sent() == ["delivered"] * NUMBER and len(org.ids()) == NUMBER


def wait(contact: Contact, connection: Connection, number: int = 10_000) -> None:
    """So many contacts of an import wait for this account."""
    Gate.objects.filter(key=connection.gate).update(used=0, window_at=None, closed_until=None)
    Delivery.objects.bulk_create(
        rows.delivery(
            connection, {"fields": ["city"]}, kind="contact.updated", contact_id=contact.pk + n,
            latest_only=True, priority=Delivery.Priority.BACKLOG,
        )
        for n in range(1, number + 1)
    )  # fmt: skip


def test_an_edit_passes_ten_thousand_that_wait_for_salesforce(
    known: list[Contact], org: Org, salesforce: Connection
) -> None:
    """It leaves with the first claim, and its three calls are the first that are made."""
    wait(known[-1], salesforce)
    row = edit(known[0], city="Bath")
    assert [each.pk for each in claiming.claim()] == [row.pk]


def test_an_edit_passes_ten_thousand_that_wait_for_hubspot(
    crm: Crm, connection: Connection, ada: Contact
) -> None:
    sent()
    wait(ada, connection)
    row = edit(ada, city="Bath")
    assert [each.pk for each in claiming.claim()] == [row.pk]
