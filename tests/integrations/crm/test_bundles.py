"""Many contacts at once: by HubSpot's batch calls, within its limit, and edits are not held up."""

from typing import Any

import pytest

from contacts.models import Contact, Source, User
from contacts.services import update_contact
from contacts.signals import Actor
from integrations.models import Connection, Delivery, ExternalRecord, Gate
from tests.factories import make_contact
from tests.integrations.crm.world import Crm, edit, later, sent, states

pytestmark = pytest.mark.django_db
NUMBER = 12


def imported(contact: Contact, **values: Any) -> None:
    """As a row of a file does it."""
    update_contact(contact_id=contact.pk, actor=Actor(None, Source.IMPORT), values=values)


@pytest.fixture
def crowd(crm: Crm, connection: Connection, member: User) -> list[Contact]:
    """Contacts that the CRM does not know, of an import."""
    made = [
        make_contact(member, first_name=f"N{n}", email=f"n{n}@example.com") for n in range(NUMBER)
    ]
    Delivery.objects.update(priority=Delivery.Priority.BACKLOG)
    return made


@pytest.fixture
def known(crowd: list[Contact], crm: Crm) -> list[Contact]:
    """The same, linked."""
    sent()
    crm.double.requests.clear()
    return crowd


def calls(crm: Crm) -> list[str]:
    return [told.rpartition("contacts/")[2] for told in crm.asked()]


def test_new_contacts_are_looked_for_made_and_read_back_by_batch_calls(
    crowd: list[Contact], crm: Crm
) -> None:
    there = crm.add(email="n3@example.com", firstname="Nora")
    assert sent() == ["delivered"] * NUMBER and len(crm.ids) == NUMBER
    assert calls(crm) == ["batch/read", "batch/upsert", "batch/read"]
    assert crm.values(there)["firstname"] == "Nora"
    assert ExternalRecord.objects.values("external_id").distinct().count() == NUMBER


def test_linked_contacts_are_read_written_and_read_back_in_three_calls(
    known: list[Contact], crm: Crm
) -> None:
    for contact in known:
        imported(contact, city="Bath")
    assert sent()[-NUMBER:] == ["delivered"] * NUMBER
    assert calls(crm) == ["batch/read", "batch/update", "batch/read"]
    assert {crm.values(pk)["city"] for pk in crm.ids} == {"Bath"}


def test_what_needs_more_than_a_batch_is_sent_alone(
    known: list[Contact], crm: Crm, member: User
) -> None:
    crm.add(email="taken@example.com")
    imported(known[0], email="taken@example.com")
    crm.double.delete(ExternalRecord.objects.get(contact=known[1]).external_id)
    for contact in known[1:]:
        imported(contact, city="Bath")
    sent()
    later()
    assert sorted(sent()[-NUMBER:]) == ["conflict", *["delivered"] * (NUMBER - 1)]
    assert len(crm.ids) == NUMBER + 1


def test_a_value_that_is_refused_fails_alone(known: list[Contact], crm: Crm) -> None:
    for contact in known:
        imported(contact, city="Bath")
    crm.double.properties["city"]["options"] = [{"value": "York", "label": "York"}]
    Contact.objects.filter(pk__in=[c.pk for c in known[1:]]).update(city="York")
    sent()
    later()
    assert sorted(sent()[-NUMBER:]) == [*["delivered"] * (NUMBER - 1), "failed"]


def test_a_batch_whose_answer_was_lost_makes_nothing_twice(crowd: list[Contact], crm: Crm) -> None:
    crm.double.faults = ["", "lost"]
    assert sent() == ["unknown"] * NUMBER
    later()
    assert sent() == ["delivered"] * NUMBER and len(crm.ids) == NUMBER


def test_a_batch_counts_as_one_against_the_limit_and_an_edit_goes_first(
    known: list[Contact], crm: Crm, connection: Connection
) -> None:
    Gate.objects.filter(key=connection.gate).update(used=0, window_at=None)
    for contact in known[1:]:
        imported(contact, city="Bath")
    edit(known[0], city="Hull")
    sent()
    assert calls(crm)[0] == ExternalRecord.objects.get(contact=known[0]).external_id
    assert Gate.objects.get(key=connection.gate).used == 2


def test_a_throttled_batch_waits_as_long_as_hubspot_says(
    known: list[Contact], crm: Crm, connection: Connection
) -> None:
    for contact in known:
        imported(contact, city="Bath")
    crm.double.faults = ["429 ten secondly"]
    sent()
    assert set(states()[-NUMBER:]) == {"retrying"}
    assert Gate.objects.get(key=connection.gate).asked_until is not None
    later()
    assert sent()[-NUMBER:] == ["delivered"] * NUMBER
