"""What may go wrong between Kith and Salesforce, from the edit to the record (connectors.md, 12.4)."""

import threading
from typing import Any

import httpx
import pytest
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone

from contacts.deleting import delete_contact
from contacts.models import Contact, Source, User
from contacts.services import update_contact
from contacts.signals import Actor
from integrations.connectors.base import ReconnectRequired
from integrations.crm import vendors
from integrations.models import Connection, Delivery, ExternalRecord, Gate
from integrations.outbox import running
from integrations.sandbox.double import Request
from integrations.sign_ins import ConnectionSignIn
from tests.factories import by, make_contact
from tests.integrations.crm.salesforce_world import Org
from tests.integrations.crm.world import edit, later, sent, states, words

pytestmark = pytest.mark.django_db
NEW = "ada@new.example"


@pytest.fixture
def linked(org: Org, salesforce: Connection, ada: Contact) -> str:
    sent()
    org.double.requests.clear()
    return ExternalRecord.objects.get().external_id


@pytest.mark.parametrize("fault", ["400 lock", "403 at once", "403 limit", "406", "412", "500", "503", "malformed", "lost", "huge"])  # fmt: skip
@pytest.mark.parametrize("before", [0, 1])
def test_what_goes_wrong_for_now_is_put_right_at_the_next_try(
    org: Org, linked: str, ada: Contact, fault: str, before: int
) -> None:
    """At the reading (0) and at the write (1)."""
    if before and fault == "malformed":
        pytest.skip("the success of a write has no body")
    edit(ada, email=NEW)
    org.double.faults = [*[""] * before, fault]
    assert sent()[-1] in {"retrying", "unknown"}
    later()
    assert sent()[-1] == "delivered"
    assert org.ids() == [linked] and org.values(linked)["Email"] == NEW


@pytest.mark.parametrize("fault", ["lost", "malformed", "500"])
def test_a_write_that_cannot_be_read_back_is_in_doubt_and_found_done(
    org: Org, linked: str, ada: Contact, fault: str
) -> None:
    edit(ada, email=NEW)
    org.double.faults = ["", "", fault]
    assert sent()[-1] == "unknown"
    later()
    assert sent()[-1] == "delivered"
    assert sum(told.startswith("PATCH") for told in org.asked()) == 1


@pytest.mark.parametrize("fault", ["lost", "malformed", "huge"])
def test_a_contact_whose_making_was_lost_is_made_once(
    org: Org, salesforce: Connection, ada: Contact, fault: str
) -> None:
    org.double.faults = ["", "", fault]  # after the search for a contact and for a lead
    assert sent() == ["unknown"] and len(org.ids()) == 1
    later()
    assert sent() == ["delivered"] and len(org.ids()) == 1


def test_a_lost_answer_after_the_worker_died_makes_nothing_twice(
    org: Org, salesforce: Connection, ada: Contact
) -> None:
    sent()
    Delivery.objects.update(state="in_flight", next_at=timezone.now())
    ExternalRecord.objects.all().delete()
    assert sent() == ["delivered"] and len(org.ids()) == 1


def test_a_second_edit_while_the_first_is_on_its_way(org: Org, linked: str, ada: Contact) -> None:
    respond = org.double.respond

    def edited_meanwhile(request: Request) -> Any:
        if request.method == "PATCH":
            org.double.respond = respond  # type: ignore[method-assign]
            edit(ada, email="second@example.com")
        return respond(request)

    org.double.respond = edited_meanwhile  # type: ignore[method-assign]
    edit(ada, email="first@example.com")
    sent()
    assert org.values(linked)["Email"] == "second@example.com" and len(org.ids()) == 1


def test_a_session_that_ended_is_renewed_and_the_write_made(
    org: Org, linked: str, ada: Contact
) -> None:
    assert Connection.objects.get().expires_at is None  # nothing told when it ends
    org.double.sign_in.access.clear()
    org.double.sign_in.refreshes = 0
    edit(ada, city="Bath")
    assert sent()[-1] == "delivered" and org.double.sign_in.refreshes == 1


def test_an_org_that_moves_is_followed_with_the_next_renewal(
    org: Org, linked: str, ada: Contact
) -> None:
    org.double.sign_in.access.clear()
    org.double.sign_in.instance_url = "https://moved.example"
    edit(ada, city="Bath")
    assert sent()[-1] == "delivered"
    assert {r.headers["host"] for r in org.double.requests[2:]} == {"moved.example"}
    assert Connection.objects.get().options == {"instance_url": "https://moved.example"}
    assert ExternalRecord.objects.get().url.startswith("https://moved.example/")


def test_a_refresh_token_that_is_used_up_by_use_is_replaced(
    org: Org, linked: str, ada: Contact
) -> None:
    org.double.sign_in.rotates = True
    for city in ("Bath", "Hull", "York"):
        org.double.sign_in.access.clear()
        edit(ada, city=city)
        assert sent()[-1] == "delivered"
    assert len(org.double.sign_in.refresh) == 1 and org.values(linked)["MailingCity"] == "York"


@pytest.mark.django_db(transaction=True)
def test_eight_workers_use_a_refresh_token_up_once(org: Org, admin_user: User) -> None:
    if database.vendor != "postgresql":
        pytest.skip("threads of their own need a server")
    made = org.connect(admin_user)
    org.double.sign_in.rotates, org.double.sign_in.refreshes = True, 0
    refused = made.tokens()[0]
    tokens: list[str] = []

    def renew() -> None:
        tokens.append(ConnectionSignIn(made.pk, vendors.SALESFORCE.provider).renewed(refused))
        database.close()

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 8 and len(set(tokens)) == 1 and org.double.sign_in.refreshes == 1


def test_the_sixth_approval_silently_ends_the_oldest_and_it_is_asked_for_again(
    org: Org, linked: str, ada: Contact
) -> None:
    for _ in range(5):
        org.double.sign_in._grant("host@example.com", "api refresh_token", fresh=True)
    org.double.sign_in.access.clear()
    edit(ada, city="Bath")
    assert sent()[-1] == "needs_reconnect"


def test_a_revoked_sign_in_holds_everything_in_order(
    org: Org, linked: str, ada: Contact, admin_user: User
) -> None:
    org.double.sign_in.revoke("host@example.com")
    edit(ada, city="Bath")
    assert sent()[-1] == "needs_reconnect" and Delivery.objects.latest("pk").attempts == 0
    edit(ada, city="Hull")
    assert states()[-1] == "needs_reconnect"
    org.connect(admin_user)
    sent()
    assert org.values(linked)["MailingCity"] == "Hull"


def test_a_renewal_for_another_org_is_refused(org: Org, linked: str, ada: Contact) -> None:
    org.double.sign_in.access.clear()
    org.double.sign_in.org = "00D5e000000OtherEAG"
    made = Connection.objects.get()
    with pytest.raises(ReconnectRequired, match="another account"):
        ConnectionSignIn(made.pk, vendors.SALESFORCE.provider).renewed(made.tokens()[0])
    edit(ada, city="Bath")
    assert sent()[-1] == "needs_reconnect" and org.values(linked).get("MailingCity") != "Bath"


def test_another_org_cannot_take_the_place_of_the_one_that_is_connected(
    org: Org, linked: str, admin_client: Any
) -> None:
    answer = admin_client.get(reverse("crm_connect", args=["salesforce"]))
    state = httpx.URL(answer["Location"]).params["state"]
    org.double.sign_in.org = "00D5e000000OtherEAG"
    code = org.double.sign_in._code("host@example.com", {"scope": "api refresh_token", "redirect_uri": httpx.URL(answer["Location"]).params["redirect_uri"]})  # fmt: skip
    back = admin_client.get(reverse("crm_back", args=["salesforce"]), {"state": state, "code": code})  # fmt: skip
    assert back.status_code == 409 and Connection.objects.get().external_account == "00D5e000000Kith"  # fmt: skip


def test_a_day_without_calls_waits_and_spends_one_attempt(
    org: Org, linked: str, ada: Contact, salesforce: Connection
) -> None:
    org.double.daily = org.double.calls
    edit(ada, city="Bath")
    sent()
    gate = Gate.objects.get(key=salesforce.gate)
    assert Delivery.objects.latest("pk").attempts == 1 and gate.asked_until is not None
    edit(ada, job_title="Analyst")
    assert sent()[-1] == "pending" and len(org.asked()) == 1


def test_from_nine_tenths_of_the_day_on_imports_wait_and_edits_go(
    org: Org, linked: str, ada: Contact, member: User, salesforce: Connection
) -> None:
    other = make_contact(member, email="o@example.com")
    sent()
    org.double.calls, org.double.daily = 9_000, 10_000
    edit(ada, city="Bath")
    assert sent()[-1] == "delivered"
    org.double.daily = 100_000
    update_contact(contact_id=other.pk, actor=Actor(None, Source.IMPORT), values={"city": "Hull"})
    edit(ada, city="York")
    assert sent()[-2:] == ["pending", "delivered"]
    Gate.objects.filter(key=salesforce.gate).update(backlog_until=timezone.now())
    assert sent()[-2:] == ["delivered", "delivered"]


@pytest.mark.parametrize("fault", ["403", "403 off"])
def test_a_missing_permission_is_told_and_keeps_the_connection(
    org: Org, linked: str, ada: Contact, fault: str
) -> None:
    edit(ada, city="Bath")
    org.double.faults = [fault]
    assert sent()[-1] == "failed" and "Salesforce," in words()
    assert Connection.objects.get().state == "connected"


def test_a_rule_of_the_org_that_refuses_a_contact_is_told_and_not_repeated(
    org: Org, linked: str, ada: Contact
) -> None:
    edit(ada, city="Bath")
    org.double.faults = ["", "400 rule"]
    assert sent()[-1] == "failed" and "A mobile phone is needed" in words()


def test_an_address_that_is_too_long_for_salesforce_is_told(
    org: Org, linked: str, ada: Contact
) -> None:
    edit(ada, email=f"{'a' * 64}@{'b' * 60}.example.com")
    assert sent()[-1] == "failed" and "STRING_TOO_LONG" in words() and "@" not in words()


def test_a_record_for_which_salesforce_answers_with_another_is_not_written(
    org: Org, linked: str, ada: Contact
) -> None:
    org.double.answers_for = org.add(Email="eve@example.com")
    edit(ada, city="Bath")
    assert sent()[-1] == "retrying" and "cannot be read" in words()
    assert [told.split()[0] for told in org.asked()] == ["GET"]


def test_a_change_that_is_accepted_and_not_shown_is_tried_again(
    org: Org, linked: str, ada: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(org.double, "_write", lambda *_: None)
    edit(ada, email=NEW)
    assert sent()[-1] == "retrying" and "does not show it" in words()
    monkeypatch.undo()
    later()
    assert sent()[-1] == "delivered" and org.values(linked)["Email"] == NEW


@pytest.mark.parametrize("change", [{"email": "ADA@Example.com"}, {"mobile_phone": "+12025550195"}])
def test_a_change_of_case_or_format_alone_is_not_written(
    org: Org, linked: str, ada: Contact, change: dict[str, str]
) -> None:
    org.values(linked)["MobilePhone"] = "+1 (202) 555-0195"
    edit(ada, **change)
    assert sent()[-1] == "delivered" and org.ids() == [linked]
    assert not any(told.startswith(("PATCH", "POST")) for told in org.asked())


def test_a_contact_deleted_while_its_update_waits_is_not_written(
    org: Org, linked: str, ada: Contact
) -> None:
    edit(ada, city="Paris")
    org.double.faults = ["500"]
    sent()
    delete_contact(contact_id=ada.pk, actor=by())
    org.double.requests.clear()
    later()
    assert sent()[-1] == "cancelled" and org.asked() == []


def test_a_vendor_that_cannot_be_reached_has_got_nothing(
    org: Org, linked: str, ada: Contact
) -> None:
    org.transport.away = True
    edit(ada, city="Paris")
    assert sent()[-1] == "retrying" and "could not be reached" in words()


def test_a_vendor_that_hangs_is_not_waited_for(org: Org, linked: str, ada: Contact) -> None:
    def give_up(_seconds: float) -> None:
        raise httpx.ReadTimeout("no answer")

    org.double.sleep, org.double.faults = give_up, ["", "hang"]
    edit(ada, city="Paris")
    assert sent()[-1] == "unknown"


def test_no_address_of_a_person_gets_into_words_or_log(
    org: Org, linked: str, ada: Contact, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    for fault in ("400", "400 rule", "403 limit", "404", "malformed"):
        org.double.faults = ["", fault]
        edit(ada, email=f"x{len(told)}@example.com")
        sent()
        told.append(words())
        later()
    assert "@" not in " ".join(told) + caplog.text


@pytest.mark.django_db(transaction=True)
def test_four_workers_make_each_record_once(org: Org, admin_user: User, member: User) -> None:
    if database.vendor != "postgresql":
        pytest.skip("threads of their own need a server")
    org.connect(admin_user)
    people = [make_contact(member, email=f"p{n}@example.com") for n in range(10)]
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
    assert set(sent()) <= {"delivered", "superseded"} and len(org.ids()) == len(people)
    assert {org.values(pk)["MailingCity"] for pk in org.ids()} == {"Bath"}
