"""Addresses that change hands between contacts whose records are linked: no fork, nothing lost."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import Contact, Source, User
from contacts.services import release_identifier, update_contact
from contacts.signals import Actor
from integrations.models import Connection, CrmConflict, Delivery, ExternalRecord, Gate
from tests.contacts.pages import text_of
from tests.factories import by, make_contact
from tests.integrations.crm.both import Far
from tests.integrations.crm.world import Crm, edit, later, sent, states, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def trio(far: Far, admin_user: User, member: User) -> list[Contact]:
    """Three contacts with a record each, and no requests so far."""
    far.connect(admin_user)
    made = [make_contact(member, first_name=n, email=f"{n}@example.com") for n in ("ada", "eve", "bob")]  # fmt: skip
    assert sent() == ["delivered"] * 3
    far.world.asked()
    return made


def give(contact: Contact, address: str, actor: Actor | None = None) -> None:
    """An edit, after which the former address is said to have been wrong."""
    update_contact(contact_id=contact.pk, actor=actor or by(), values={"email": address})
    for former in contact.identifiers.filter(current=False):
        release_identifier(contact_id=contact.pk, identifier_id=former.pk, actor=by())


def rotate(contacts: list[Contact], actor: Actor | None = None) -> None:
    """Each gets the address of the next one, the last one that of the first, before anything is sent."""
    addresses = [contact.email for contact in contacts]
    give(contacts[0], "parked@example.com", actor)
    for contact, address in reversed(list(zip(contacts[1:], [*addresses[2:], addresses[0]], strict=True))):  # fmt: skip
        give(contact, address, actor)
    give(contacts[0], addresses[1], actor)


def shown(far: Far) -> dict[str, str]:
    """By the first name of each record its address."""
    return {far.value(pk, "first_name"): far.value(pk, "email") for pk in far.ids}


def until_quiet() -> list[str]:
    for _ in range(6):
        sent()
        later()
    return sent()


def blanked(far: Far) -> bool:
    return any(f'"{far.name("email")}": ""' in str(each.body) for each in far.double.requests)


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("source", [Source.PERSON, Source.IMPORT])
def test_contacts_that_exchange_their_addresses_are_a_question_and_nothing_is_blanked(
    far: Far, trio: list[Contact], number: int, source: str
) -> None:
    far.double.rule = "block"
    before = shown(far)
    rotate(trio[:number], Actor(None, Source(source)))
    until_quiet()
    told = Delivery.objects.filter(state="conflict").values_list("words", flat=True)
    assert len(told) == number and all("have exchanged addresses" in each for each in told)
    assert shown(far) == before and len(far.ids) == 3 and not blanked(far)


@pytest.mark.parametrize("number", [2, 3])
def test_once_one_of_them_is_changed_there_retry_brings_every_address_to_its_record(
    far: Far, trio: list[Contact], number: int, as_admin: Client
) -> None:
    far.double.rule = "block"
    links = dict(ExternalRecord.objects.values_list("contact__first_name", "external_id"))
    rotate(trio[:number])
    until_quiet()
    far.set(far.ids[0], email="parked@example.com")
    as_admin.post("/sync/retry/", {"state": "conflict"})
    assert set(until_quiet()) == {"delivered", "superseded"}
    assert shown(far) == {each.first_name: each.email for each in Contact.objects.all()}
    assert dict(ExternalRecord.objects.values_list("contact__first_name", "external_id")) == links
    assert not CrmConflict.objects.exists() and not blanked(far)


def test_where_salesforce_lets_two_have_one_address_an_exchange_asks_nobody(
    far: Far, trio: list[Contact]
) -> None:
    if far.kind == "hubspot":
        pytest.skip("HubSpot has each address once, whatever its rules")
    far.double.rule = ""
    rotate(trio[:2])
    assert set(until_quiet()) == {"delivered", "superseded"}
    assert shown(far) == {each.first_name: each.email for each in Contact.objects.all()}


def test_the_one_that_waits_says_so_and_is_not_held_against_the_vendor(
    far: Far, trio: list[Contact], as_admin: Client
) -> None:
    far.double.rule = "block"
    give(trio[1], "eve@new.example")
    give(trio[0], "eve@example.com")
    soon = timezone.now() + timedelta(minutes=5)
    Delivery.objects.filter(contact_id=trio[1].pk, state="pending").update(next_at=soon)
    sent()
    assert "it waits for another contact" in words() and states()[-1] == "retrying"
    assert "it waits for another contact" in text_of(as_admin.get("/sync/"))
    gate = Gate.objects.get(key=Connection.objects.get().gate)
    assert gate.failures == 0 and gate.asked_until is None


def test_an_address_that_the_next_edit_frees_is_waited_for_and_nothing_is_blanked(
    far: Far, trio: list[Contact], member: User
) -> None:
    """A new contact has Eve's former address, and is sent before Eve is."""
    far.double.rule = "block"
    give(trio[1], "eve@new.example")
    Delivery.objects.filter(contact_id=trio[1].pk, state="pending").update(priority=30)
    make_contact(member, first_name="kim", email="eve@example.com")
    assert set(until_quiet()) == {"delivered"}
    assert shown(far)["kim"] == "eve@example.com" and shown(far)["eve"] == "eve@new.example"
    assert len(far.ids) == 4
    assert not blanked(far)


def test_where_hubspot_keeps_old_addresses_an_exchange_is_a_question_and_nothing_is_lost(
    crm: Crm, connection: Connection, ada: Contact, member: User, as_admin: Client
) -> None:
    eve = make_contact(member, first_name="Eve", email="eve@example.com")
    sent()
    crm.double.keeps_old = True
    rotate([ada, eve])
    until_quiet()
    assert {crm.values(pk)["email"] for pk in crm.ids} == {"ada@example.com", "eve@example.com"}
    assert Delivery.objects.filter(state="conflict").count() == 2
    assert all(each.taken for each in CrmConflict.objects.all())
    # Somebody gives the records each other's addresses in HubSpot, and presses Retry.
    one, two = crm.ids
    stored = [crm.double.contacts[pk]["properties"] for pk in (one, two)]
    for each, other in ((stored[0], "eve@example.com"), (stored[1], "ada@example.com")):
        each |= {"email": other, "hs_additional_emails": ""}
    as_admin.post("/sync/retry/", {"state": "conflict"})
    assert sent()[-1] == "delivered" and not CrmConflict.objects.exists()


def test_an_address_whose_record_stays_as_it_is_is_a_question(
    far: Far, trio: list[Contact], member: User
) -> None:
    """Its contact has another address by now, which the mapping does not send."""
    far.double.rule = "block"
    give(trio[1], "eve@new.example")
    Delivery.objects.filter(contact_id=trio[1].pk, state="pending").update(
        state="failed", next_at=None, payload='{"fields": []}'
    )
    edit(trio[0], email="eve@example.com")
    assert sent()[-1] == "conflict" and CrmConflict.objects.get().taken == [far.ids[1]]


def test_an_old_address_that_hubspot_keeps_on_anothers_record_is_not_called_an_exchange(
    crm: Crm, connection: Connection, ada: Contact, member: User
) -> None:
    eve = make_contact(member, first_name="Eve", email="eve@example.com")
    sent()
    crm.double.keeps_old = True
    give(eve, "eve@new.example")
    assert sent()[-1] == "delivered"
    edit(ada, email="eve@example.com")
    assert sent()[-1] == "conflict"
    assert words() == "Another record of HubSpot has the address of this contact. Choose what becomes of them."  # fmt: skip
