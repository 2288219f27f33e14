"""What may go wrong between Kith and a CRM, from the edit to the record: the same table for each of them
(connectors.md, 12.4). Exchanged addresses are in test_exchanges, calls for many in test_bundles.
"""

import threading
from typing import Any

import httpx
import pytest
from django.db import connection as database
from django.utils import timezone

from contacts.deleting import delete_contact
from contacts.models import Contact, User
from integrations.models import Connection, Delivery, ExternalRecord, Gate
from integrations.outbox import running
from integrations.sandbox.double import Request
from integrations.sign_ins import ConnectionSignIn
from tests.factories import by, make_contact
from tests.integrations.crm.both import Far
from tests.integrations.crm.world import edit, later, sent, states, words

pytestmark = pytest.mark.django_db
NEW = "ada@new.example"
ANSWERS = ("500", "503", "malformed", "lost", "huge")
FOR_NOW = {
    "hubspot": ("429 ten secondly", "429 after 7", "423", "477", *ANSWERS),
    "salesforce": ("400 lock", "403 at once", "403 limit", "406", "412", *ANSWERS),
}
NO_RIGHT = {"hubspot": ("403",), "salesforce": ("403", "403 off")}
NAMED = {
    "hubspot": ("400", "409", "429 ten secondly", "404", "malformed"),
    "salesforce": ("400", "400 rule", "403 limit", "404", "malformed"),
}


def each_of(faults: Any) -> Any:
    """Every fault at its own vendor."""
    pairs = [(kind, fault) for kind, listed in faults.items() for fault in listed]
    return pytest.mark.parametrize(("far", "fault"), pairs, indirect=["far"])


@pytest.fixture
def connected(far: Far, admin_user: User) -> Connection:
    return far.connect(admin_user)


@pytest.fixture
def linked(far: Far, connected: Connection, ada: Contact) -> str:
    """Ada's record there, without the requests that made it."""
    sent()
    far.world.asked()
    return ExternalRecord.objects.get().external_id


def test_what_is_there_already_is_not_written(far: Far, linked: str, ada: Contact) -> None:
    far.set(linked, city="Paris")
    edit(ada, city="Paris")
    assert sent()[-1] == "delivered" and far.asked() == ["GET"]


def test_a_record_that_is_gone_is_looked_for_and_made_anew(
    far: Far, linked: str, ada: Contact
) -> None:
    far.double.delete(linked)
    edit(ada, city="Paris")
    assert sent()[-1] == "delivered"
    (made,) = far.ids
    assert made != linked and far.value(made, "city") == "Paris"


@each_of(FOR_NOW)
@pytest.mark.parametrize("before", [0, 1])
def test_what_goes_wrong_for_now_is_put_right_at_the_next_try(
    far: Far, linked: str, ada: Contact, fault: str, before: int
) -> None:
    """At the reading (0) and at the write (1)."""
    if before and (far.kind, fault) == ("salesforce", "malformed"):
        pytest.skip("the success of a write has no body")
    edit(ada, email=NEW)
    far.double.faults = [*[""] * before, fault]
    assert sent()[-1] in {"retrying", "unknown"}
    later()
    assert sent()[-1] == "delivered"
    assert far.ids == [linked] and far.value(linked, "email") == NEW


@pytest.mark.parametrize("fault", ["lost", "malformed", "500"])
def test_a_write_that_cannot_be_read_back_is_in_doubt_and_found_done(
    far: Far, linked: str, ada: Contact, fault: str
) -> None:
    edit(ada, email=NEW)
    far.double.faults = ["", "", fault]
    assert sent()[-1] == "unknown"
    later()
    assert sent()[-1] == "delivered" and far.asked().count("PATCH") == 1


@pytest.mark.parametrize("fault", ["lost", "malformed", "huge"])
def test_a_contact_whose_making_was_lost_is_made_once(
    far: Far, connected: Connection, ada: Contact, fault: str
) -> None:
    far.double.faults = [*[""] * far.searches, fault]
    assert sent() == ["unknown"] and len(far.ids) == 1
    later()
    assert sent() == ["delivered"] and len(far.ids) == 1


def test_a_lost_answer_after_the_worker_died_makes_nothing_twice(
    far: Far, connected: Connection, ada: Contact
) -> None:
    """It wrote, and was gone before it could say so."""
    sent()
    Delivery.objects.update(state="in_flight", next_at=timezone.now())
    ExternalRecord.objects.all().delete()
    assert sent() == ["delivered"] and len(far.ids) == 1


def test_a_second_edit_while_the_first_is_on_its_way(far: Far, linked: str, ada: Contact) -> None:
    respond = far.double.respond

    def edited_meanwhile(request: Request) -> Any:
        if request.method == "PATCH":
            far.double.respond = respond
            edit(ada, email="second@example.com")
        return respond(request)

    far.double.respond = edited_meanwhile
    edit(ada, email="first@example.com")
    sent()
    assert far.value(linked, "email") == "second@example.com" and len(far.ids) == 1


def test_a_token_that_is_refused_is_renewed_once_and_the_write_made(
    far: Far, linked: str, ada: Contact
) -> None:
    far.double.sign_in.access.clear()
    far.double.sign_in.refreshes = 0
    edit(ada, city="Bath")
    assert sent()[-1] == "delivered" and far.double.sign_in.refreshes == 1
    assert far.value(linked, "city") == "Bath"


@pytest.mark.django_db(transaction=True)
def test_eight_workers_use_a_refresh_token_up_once(far: Far, admin_user: User) -> None:
    if database.vendor != "postgresql":
        pytest.skip("threads of their own need a server")
    made = far.connect(admin_user)
    far.double.sign_in.rotates, far.double.sign_in.refreshes = True, 0
    refused = made.tokens()[0]
    tokens: list[str] = []

    def renew() -> None:
        tokens.append(ConnectionSignIn(made.pk, far.vendor.provider).renewed(refused))
        database.close()

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 8 and len(set(tokens)) == 1 and far.double.sign_in.refreshes == 1


def test_a_revoked_sign_in_holds_everything_in_order(
    far: Far, linked: str, ada: Contact, admin_user: User
) -> None:
    far.double.sign_in.revoke("host@example.com")
    edit(ada, city="Bath")
    edit(ada, city="Hull")
    assert sent()[-1] == "needs_reconnect" and Delivery.objects.latest("pk").attempts == 0
    edit(ada, job_title="Analyst")
    assert states()[-1] == "needs_reconnect"
    far.connect(admin_user)
    assert sent()[-1] == "delivered" and far.ids == [linked]
    assert (far.value(linked, "city"), far.value(linked, "job_title")) == ("Hull", "Analyst")
    assert Connection.objects.get().state == "connected"


def test_a_day_without_calls_waits_and_spends_one_attempt(
    far: Far, linked: str, ada: Contact, connected: Connection
) -> None:
    far.double.faults = [{"hubspot": "429 daily", "salesforce": "403 limit"}[far.kind]]
    edit(ada, city="Bath")
    sent()
    row, gate = Delivery.objects.latest("pk"), Gate.objects.get(key=connected.gate)
    assert row.attempts == 1 and gate.asked_until is not None and row.next_at is not None
    edit(ada, job_title="Analyst")
    assert sent()[-1] == "pending" and len(far.asked()) == 1


def test_of_a_storm_of_failures_only_a_probe_is_left(
    far: Far, connected: Connection, member: User
) -> None:
    for number in range(12):
        make_contact(member, email=f"p{number}@example.com")
    far.double.faults = ["503"] * 60
    sent()
    assert len(far.asked()) == 5  # then the circuit is open
    gate = Gate.objects.get(key=connected.gate)
    assert gate.failures == 5 and gate.closed_until is not None
    assert Delivery.objects.filter(attempts=0).count() == 7
    far.double.faults = []
    later()
    assert set(sent()) == {"delivered"} and len(far.ids) == 12


@each_of(NO_RIGHT)
def test_a_missing_permission_is_told_and_keeps_the_connection(
    far: Far, linked: str, ada: Contact, fault: str
) -> None:
    edit(ada, city="Paris")
    far.double.faults = [fault]
    assert sent()[-1] == "failed" and far.vendor.label in words()
    assert Connection.objects.get().state == "connected"


def test_a_change_that_is_accepted_and_not_shown_is_tried_again(
    far: Far, linked: str, ada: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far.double, "_write", lambda *_: None)
    edit(ada, email=NEW)
    assert sent()[-1] == "retrying" and "does not show it" in words()
    monkeypatch.undo()
    later()
    assert sent()[-1] == "delivered" and far.value(linked, "email") == NEW


@pytest.mark.parametrize("change", [{"email": "ADA@Example.com"}, {"mobile_phone": "+12025550195"}])
def test_a_change_of_case_or_format_alone_is_not_written(
    far: Far, linked: str, ada: Contact, change: dict[str, str]
) -> None:
    far.set(linked, mobile_phone="+1 (202) 555-0195")
    edit(ada, **change)
    assert sent()[-1] == "delivered" and far.ids == [linked]
    assert set(far.asked()) <= {"GET"}


def test_a_contact_deleted_while_its_update_waits_is_not_written(
    far: Far, linked: str, ada: Contact
) -> None:
    edit(ada, city="Paris")
    far.double.faults = ["500"]
    sent()
    delete_contact(contact_id=ada.pk, actor=by())
    far.asked()
    later()
    assert sent()[-1] == "cancelled" and far.asked() == []


def test_a_vendor_that_cannot_be_reached_has_got_nothing(
    far: Far, linked: str, ada: Contact
) -> None:
    far.world.transport.away = True
    edit(ada, city="Paris")
    assert sent()[-1] == "retrying" and "could not be reached" in words()


def test_a_vendor_that_hangs_is_not_waited_for(far: Far, linked: str, ada: Contact) -> None:
    def give_up(_seconds: float) -> None:
        raise httpx.ReadTimeout("no answer")

    far.double.sleep, far.double.faults = give_up, ["", "hang"]
    edit(ada, city="Paris")
    assert sent()[-1] == "unknown"


def test_no_address_of_a_person_gets_into_words_or_log(
    far: Far, linked: str, ada: Contact, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    for fault in NAMED[far.kind]:
        far.double.faults = ["", fault]
        edit(ada, email=f"x{len(told)}@example.com")
        sent()
        told.append(words())
        later()
    assert "@" not in " ".join(told) + caplog.text


@pytest.mark.django_db(transaction=True)
def test_four_workers_make_each_record_once(far: Far, admin_user: User, member: User) -> None:
    """Half of the contacts have an address, half only a number."""
    if database.vendor != "postgresql":
        pytest.skip("threads of their own need a server")
    far.connect(admin_user)
    people = [make_contact(member, email=f"p{n}@example.com") for n in range(5)]
    people += [make_contact(member, email="", mobile_phone=f"+120255501{n:02}") for n in range(5)]
    for contact in people:
        edit(contact, city="Bath")

    def work() -> None:
        running.run(seconds=20)
        database.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    later()
    assert set(sent()) <= {"delivered", "superseded"} and len(far.ids) == len(people)
    assert {far.value(pk, "city") for pk in far.ids} == {"Bath"}
