"""What may go wrong between Kith and HubSpot, from the edit to the record (connectors.md, 12.4)."""

import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import connection as database
from django.utils import timezone

from contacts.deleting import delete_contact
from contacts.models import Contact, User
from integrations import oauth
from integrations.connectors.base import ReconnectRequired
from integrations.crm import connecting, vendors
from integrations.models import Connection, Delivery, ExternalRecord, Gate
from integrations.outbox import running
from integrations.sandbox.double import Request
from integrations.sign_ins import ConnectionSignIn
from tests.factories import by, make_contact
from tests.integrations.crm.world import Crm, edit, later, sent, states, words

pytestmark = pytest.mark.django_db
NEW = "ada@new.example"


@pytest.fixture
def linked(crm: Crm, connection: Connection, ada: Contact) -> str:
    sent()
    crm.double.requests.clear()
    return ExternalRecord.objects.get().external_id


def signed_in(crm: Crm, user: User) -> Connection:
    """Connected by OAuth, as the pages do it."""
    provider = vendors.HUBSPOT.provider
    assert provider is not None
    code = crm.double.sign_in._code("host@example.com", {"scope": " ".join(vendors.HUBSPOT.required), "redirect_uri": "x"})  # fmt: skip
    grant = oauth.exchange(provider, code=code, verifier="v", redirect_uri="x")
    return connecting.connect(vendor=vendors.HUBSPOT, grant=grant, zone="UTC", user=user)


@pytest.mark.parametrize("fault", ["429 ten secondly", "429 after 7", "423", "477", "500", "503", "malformed", "lost", "huge"])  # fmt: skip
@pytest.mark.parametrize("before", [0, 1])
def test_what_goes_wrong_for_now_is_put_right_at_the_next_try(
    crm: Crm, linked: str, ada: Contact, fault: str, before: int
) -> None:
    """At the reading (0) and at the write (1)."""
    edit(ada, email=NEW)
    crm.double.faults = [*[""] * before, fault]
    assert sent()[-1] in {"retrying", "unknown"}
    later()
    assert sent()[-1] == "delivered"
    assert crm.ids == [linked] and crm.values(linked)["email"] == NEW


@pytest.mark.parametrize("fault", ["lost", "malformed", "500"])
def test_a_write_that_cannot_be_read_back_is_in_doubt_and_found_done(
    crm: Crm, linked: str, ada: Contact, fault: str
) -> None:
    edit(ada, email=NEW)
    crm.double.faults = ["", "", fault]
    assert sent()[-1] == "unknown"
    later()
    assert sent()[-1] == "delivered"
    assert sum(told.startswith("PATCH") for told in crm.asked()) == 1


@pytest.mark.parametrize("fault", ["lost", "malformed", "huge"])
def test_a_contact_whose_making_was_lost_is_made_once(
    crm: Crm, connection: Connection, ada: Contact, fault: str
) -> None:
    crm.double.faults = ["", fault]
    assert sent() == ["unknown"] and len(crm.ids) == 1
    later()
    assert sent() == ["delivered"] and len(crm.ids) == 1


@pytest.mark.parametrize("who", [{"mobile_phone": "+12025550195"}, {"first_name": "Nora"}])
def test_one_without_an_address_is_made_once_although_the_search_lags(
    crm: Crm, connection: Connection, member: User, monkeypatch: pytest.MonkeyPatch, who: Any
) -> None:
    crm.double.search_lag = 60
    make_contact(member, email="", **who)
    crm.double.faults = ["lost"] if "first_name" in who else ["", "lost"]
    assert sent()[-1] == "unknown" and len(crm.ids) == 1
    later()
    assert sent()[-1] == "retrying" and len(crm.ids) == 1
    ExternalRecord.objects.update(seen_at=timezone.now() - timedelta(minutes=3))
    crm.double.now = lambda: timezone.now().timestamp() + 120
    later()
    assert sent()[-1] == "delivered" and len(crm.ids) == 1


def test_a_lost_answer_after_the_worker_died_makes_nothing_twice(
    crm: Crm, connection: Connection, ada: Contact
) -> None:
    """It wrote, and was gone before it could say so."""
    sent()
    Delivery.objects.update(state="in_flight", next_at=timezone.now())
    ExternalRecord.objects.all().delete()
    assert sent() == ["delivered"] and len(crm.ids) == 1


def test_a_second_edit_while_the_first_is_on_its_way(crm: Crm, linked: str, ada: Contact) -> None:
    respond = crm.double.respond

    def edited_meanwhile(request: Request) -> Any:
        if request.method == "PATCH":
            crm.double.respond = respond  # type: ignore[method-assign]
            edit(ada, email="second@example.com")
        return respond(request)

    crm.double.respond = edited_meanwhile  # type: ignore[method-assign]
    edit(ada, email="first@example.com")
    sent()
    assert crm.values(linked)["email"] == "second@example.com" and len(crm.ids) == 1


def test_a_day_without_calls_waits_until_midnight_and_spends_one_attempt(
    crm: Crm, linked: str, ada: Contact, connection: Connection
) -> None:
    edit(ada, city="Paris")
    crm.double.faults = ["429 daily"]
    sent()
    row, gate = Delivery.objects.latest("pk"), Gate.objects.get(key=connection.gate)
    assert row.attempts == 1 and gate.asked_until is not None and row.next_at is not None
    edit(ada, job_title="Analyst")
    assert sent()[-1] == "pending" and len(crm.asked()) == 1


def test_a_missing_permission_is_told_and_keeps_the_connection(
    crm: Crm, linked: str, ada: Contact
) -> None:
    edit(ada, city="Paris")
    crm.double.faults = ["403"]
    assert sent()[-1] == "failed" and "required scopes" in words()
    assert Connection.objects.get().state == "connected"


def test_a_revoked_sign_in_holds_everything_in_order(
    crm: Crm, admin_user: User, ada: Contact
) -> None:
    connection = signed_in(crm, admin_user)
    sent()
    crm.double.sign_in.revoke("host@example.com")
    edit(ada, city="Paris")
    edit(ada, city="Rome")
    assert set(sent()[-1:]) == {"needs_reconnect"}
    attempts = Delivery.objects.latest("pk").attempts
    edit(ada, job_title="Analyst")
    assert states()[-1] == "needs_reconnect" and attempts == 0
    signed_in(crm, admin_user)
    sent()
    (record,) = crm.ids
    assert (crm.values(record)["city"], crm.values(record)["jobtitle"]) == ("Rome", "Analyst")
    connection.refresh_from_db()
    assert connection.state == "connected"


def test_a_token_that_ran_out_is_renewed_and_the_write_made(
    crm: Crm, admin_user: User, ada: Contact
) -> None:
    connection = signed_in(crm, admin_user)
    crm.double.sign_in.access.clear()
    edit(ada, city="London")
    assert sent()[-1] == "delivered" and crm.double.sign_in.refreshes == 1
    Connection.objects.update(expires_at=timezone.now())
    edit(ada, city="Paris")
    assert sent()[-1] == "delivered" and crm.double.sign_in.refreshes == 2
    assert Connection.objects.get(pk=connection.pk).version > connection.version


def test_a_renewal_for_another_account_is_refused(crm: Crm, admin_user: User, ada: Contact) -> None:
    connection = signed_in(crm, admin_user)
    Connection.objects.update(expires_at=timezone.now())
    crm.double.sign_in.hub_id = 7
    with pytest.raises(ReconnectRequired, match="another account"):
        ConnectionSignIn(connection.pk, vendors.HUBSPOT.provider).token()
    edit(ada, city="London")
    assert sent()[-1] == "needs_reconnect" and crm.ids == []


@pytest.mark.django_db(transaction=True)
def test_eight_workers_renew_once(crm: Crm, admin_user: User) -> None:
    if database.vendor != "postgresql":
        pytest.skip("threads of their own need a server")
    made = signed_in(crm, admin_user)
    Connection.objects.update(expires_at=timezone.now())
    crm.double.sign_in.refreshes = 0
    tokens: list[str] = []

    def renew() -> None:
        tokens.append(ConnectionSignIn(made.pk, vendors.HUBSPOT.provider).token())
        database.close()

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 8 and len(set(tokens)) == 1 and crm.double.sign_in.refreshes == 1


def test_a_record_for_which_hubspot_answers_with_another_is_not_written(
    crm: Crm, linked: str, ada: Contact
) -> None:
    crm.double.answers_for = crm.add(email="eve@example.com")
    edit(ada, city="Paris")
    assert sent()[-1] == "retrying" and "cannot be read" in words()
    assert [told.split()[0] for told in crm.asked()] == ["GET"]


def test_a_change_that_is_accepted_and_not_shown_is_tried_again(
    crm: Crm, linked: str, ada: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crm.double, "_write", lambda *_: None)
    edit(ada, email=NEW)
    assert sent()[-1] == "retrying" and "does not show it" in words()
    monkeypatch.undo()
    later()
    assert sent()[-1] == "delivered" and crm.values(linked)["email"] == NEW


@pytest.mark.parametrize("keeps", [True, False])
def test_whether_the_old_address_stays_there_makes_no_difference(
    crm: Crm, linked: str, ada: Contact, keeps: bool
) -> None:
    crm.double.keeps_old = keeps
    edit(ada, email=NEW)
    edit(ada, email="third@example.com")
    sent()
    edit(ada, email=NEW)
    assert sent()[-1] == "delivered" and crm.values(linked)["email"] == NEW
    assert crm.ids == [linked]


@pytest.mark.parametrize("change", [{"email": "ADA@Example.com"}, {"mobile_phone": "+12025550195"}])
def test_a_change_of_case_or_format_alone_is_no_second_record(
    crm: Crm, linked: str, ada: Contact, change: dict[str, str]
) -> None:
    crm.double.contacts[linked]["properties"]["mobilephone"] = "+1 (202) 555-0195"
    edit(ada, **change)
    assert sent()[-1] == "delivered" and crm.ids == [linked]
    assert not any(told.startswith(("PATCH", "POST")) for told in crm.asked())


def test_a_contact_deleted_while_its_update_waits_is_not_written(
    crm: Crm, linked: str, ada: Contact
) -> None:
    edit(ada, city="Paris")
    crm.double.faults = ["500"]
    sent()
    delete_contact(contact_id=ada.pk, actor=by())
    crm.double.requests.clear()
    later()
    assert sent()[-1] == "cancelled" and crm.asked() == []


def test_a_vendor_that_cannot_be_reached_has_got_nothing(
    crm: Crm, linked: str, ada: Contact
) -> None:
    crm.transport.away = True
    edit(ada, city="Paris")
    assert sent()[-1] == "retrying" and "could not be reached" in words()


def test_a_vendor_that_hangs_is_not_waited_for(crm: Crm, linked: str, ada: Contact) -> None:
    def give_up(_seconds: float) -> None:
        raise httpx.ReadTimeout("no answer")

    crm.double.sleep, crm.double.faults = give_up, ["", "hang"]
    edit(ada, city="Paris")
    assert sent()[-1] == "unknown"


def test_a_rule_of_the_account_that_refuses_a_contact_is_told(
    crm: Crm, connection: Connection, ada: Contact
) -> None:
    crm.double.required = {"zip"}
    assert sent()[-1] == "failed" and "zip: REQUIRED_FIELD" in words()
    assert not ExternalRecord.objects.exists()
    edit(ada, post_code="SW1")
    assert sent()[-1] == "delivered" and crm.values(crm.ids[0])["zip"] == "SW1"


def test_no_address_of_a_person_gets_into_words_or_log(
    crm: Crm, linked: str, ada: Contact, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    for fault in ("400", "409", "429 ten secondly", "404", "malformed"):
        crm.double.faults = ["", fault]
        edit(ada, email=f"x{len(told)}@example.com")
        sent()
        told.append(words())
        later()
    assert "@" not in " ".join(told) + caplog.text


@pytest.mark.django_db(transaction=True)
def test_four_workers_make_each_record_once(crm: Crm, admin_user: User, member: User) -> None:
    if database.vendor != "postgresql":
        pytest.skip("threads of their own need a server")
    crm.connect(admin_user)
    people = [make_contact(member, email="", mobile_phone=f"+120255501{n:02}") for n in range(10)]
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
    assert set(sent()) <= {"delivered", "superseded"} and len(crm.ids) == len(people)
    assert {crm.values(pk)["city"] for pk in crm.ids} == {"Bath"}
