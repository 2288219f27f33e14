"""What may go wrong between Kith and a Zap (connectors.md, 12.4). A Zap cannot be asked what it has, so
whatever is in doubt is sent again under the same id, by which Zapier knows a repeat."""

import pytest
from django.test import Client
from django.utils import timezone

from contacts.deleting import delete_contact
from contacts.models import Contact, User
from contacts.services import release_identifier, update_contact
from integrations.models import Delivery, Gate, ZapierHook
from integrations.sandbox.zapier import Zap, ZapierDouble
from tests.contacts.api.client import Api
from tests.contacts.pages import text_of
from tests.factories import by, make_contact
from tests.integrations.outbox.test_sending import later
from tests.integrations.zapier.zaps import deliver, edit, turn_on

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture
def zap(api: Api, double: ZapierDouble) -> Zap:
    return turn_on(api, double)


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def ids(zap: Zap) -> list[str]:
    return [told["id"] for told in zap.received]


@pytest.mark.parametrize("fault", ["429", "429 after ", "403", "404", "408", "500", "503", "hang", "redirect"])  # fmt: skip
def test_what_goes_wrong_for_now_is_told_at_the_next_try_under_the_same_id(
    zap: Zap, double: ZapierDouble, ada: Contact, as_admin: Client, fault: str
) -> None:
    double.faults = [fault]
    edit(ada, city="Riga")
    deliver()
    assert states() == [State.RETRYING] and zap.received == []
    assert "Next try" in text_of(as_admin.get("/sync/"))
    later(10)
    deliver()
    assert states() == [State.DELIVERED]
    assert ids(zap) == [Delivery.objects.get().event_id]


@pytest.mark.parametrize("fault", ["malformed", "huge"])
def test_what_zapier_says_beside_its_success_is_not_read(
    zap: Zap, double: ZapierDouble, ada: Contact, fault: str
) -> None:
    double.faults = [fault]
    edit(ada, city="Riga")
    deliver()
    assert states() == [State.DELIVERED] and len(zap.received) == 1


def test_a_worker_that_died_after_zapier_had_it_tells_it_again_under_the_same_id(
    zap: Zap, ada: Contact
) -> None:
    edit(ada, city="Riga")
    deliver()
    Delivery.objects.update(state=State.IN_FLIGHT, next_at=timezone.now(), lease_token="dead")
    deliver()
    assert states() == [State.DELIVERED] and len(ids(zap)) == 2 and len(set(ids(zap))) == 1


def test_a_limit_of_a_day_holds_what_follows_and_spends_one_attempt(
    zap: Zap, double: ZapierDouble, ada: Contact
) -> None:
    double.faults = ["429 after 86400"]
    edit(ada, city="Riga"), edit(ada, city="Oslo")
    deliver()
    gate = Gate.objects.get(key=ZapierHook.objects.get().gate)
    assert gate.asked_until is not None and len(double.requests) == 1
    assert (gate.asked_until - timezone.now()).total_seconds() > 86_000
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 1]


def test_of_a_storm_of_failures_only_a_probe_is_left_and_then_everything_arrives_in_order(
    zap: Zap, double: ZapierDouble, member: User
) -> None:
    people = [make_contact(member, email=f"p{number}@example.com") for number in range(12)]
    double.faults = ["503"] * 60
    for contact in people:
        edit(contact, city="Riga")
    deliver()
    assert len(double.requests) == 5 and Gate.objects.get().failures == 5
    double.faults = []
    for _ in range(4):
        later(3600)
        Gate.objects.update(closed_until=None)
        deliver()
    assert set(states()) == {State.DELIVERED}
    assert len(zap.received) == len(set(ids(zap))) == 12


@pytest.mark.parametrize(
    "address", ["o'neil@example.com", "dörte@bücher.example", f"{'a' * 64}@{'b' * 63}.{'c' * 63}.example"]
)  # fmt: skip
def test_any_address_arrives_as_it_is(zap: Zap, ada: Contact, address: str) -> None:
    edit(ada, email=address)
    deliver()
    assert zap.received[0]["contact"]["email"] == address


def test_contacts_that_exchange_their_addresses_are_told_as_they_are_now(
    zap: Zap, ada: Contact, member: User
) -> None:
    eve, first = make_contact(member, email="eve@example.com"), ada.email
    for contact, address in ((ada, "parked@example.com"), (eve, first), (ada, "eve@example.com")):
        update_contact(contact_id=contact.pk, actor=by(), values={"email": address})
        for former in contact.identifiers.filter(current=False):
            release_identifier(contact_id=contact.pk, identifier_id=former.pk, actor=by())
    deliver()
    last = {told["contact"]["id"]: told["contact"]["email"] for told in zap.received}
    assert last == {ada.public_id: "eve@example.com", eve.public_id: first}
    assert len(ids(zap)) == len(set(ids(zap))) == 3


def test_of_a_contact_that_was_deleted_meanwhile_nothing_is_told(
    zap: Zap, double: ZapierDouble, ada: Contact
) -> None:
    double.faults = ["500"]
    edit(ada, email="secret@example.com")
    deliver()
    delete_contact(contact_id=ada.pk, actor=by())
    later(3600)
    deliver()
    assert zap.received == [] and State.CANCELLED in states()


def test_no_address_of_a_person_gets_into_words_or_log(
    zap: Zap, double: ZapierDouble, ada: Contact, caplog: pytest.LogCaptureFixture
) -> None:
    for number, fault in enumerate(("429", "500", "hang", "redirect", "410")):
        double.faults = [fault]
        edit(ada, email=f"x{number}@example.com")
        deliver()
        later(3600)
    told = " ".join(Delivery.objects.values_list("words", flat=True))
    assert "@" not in told + caplog.text and "x0" not in told
