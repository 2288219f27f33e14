"""Connecting Salesforce as a person does it, its meetings, its pages, and the demo's org."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from activities.services import cancel, reschedule
from config.crms import crm_settings
from contacts.models import AuditEntry, Contact
from integrations import http
from integrations.crm import accounts
from integrations.models import Connection, CrmAccount
from integrations.sandbox import crms, mailbox
from integrations.sandbox.twilio import TwilioDouble
from tests.activities.bookings import HOST, make_calendar, make_meeting, soon
from tests.contacts.pages import text_of
from tests.integrations.crm.salesforce_world import Org
from tests.integrations.crm.world import edit, later, sent
from tests.integrations.vendors import network

pytestmark = pytest.mark.django_db
BASE = "http://127.0.0.1:9"
MAPPING = "/integrations/crm/salesforce/"


@pytest.fixture
def demo(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> httpx.WSGITransport:
    """Kith as the demo sets it up."""
    settings.KITH_HOME = tmp_path
    settings.EMAIL_BACKEND = mailbox.FILES
    for name, value in crms.environment(BASE).items():
        monkeypatch.setenv(name, value)
    settings.CRMS = crm_settings()
    return httpx.WSGITransport(crms.CrmSandbox(TwilioDouble()))


def connect(client: Client) -> None:
    """As a newcomer does it: Connect, sign in, Allow, and back."""
    assert "Sign in to Salesforce" in text_of(client.get(f"{MAPPING}sign-in/"))
    there = client.get(f"{MAPPING}connect/").headers["Location"]
    assert "Nothing leaves this machine" in http.call("GET", there).body.decode()
    back = http.call("GET", f"{there}&answer=allow").headers["Location"]
    client.get(back.removeprefix("http://127.0.0.1:8000"))
    assert accounts.read(Connection.objects.get().pk)


def test_a_newcomer_connects_edits_and_sees_the_record_beside_the_contact(
    as_admin: Client, demo: httpx.WSGITransport, ada: Contact
) -> None:
    with network(demo):
        connect(as_admin)
        edit(ada, city="London", email="ada@new.example")
        assert sent() == ["delivered"]
        told = text_of(as_admin.get("/settings/demo-crm/"))
        assert "Salesforce contact 003" in told and "Ada Lovelace" in told
        assert told.count("ada@new.example") == 2 and "London" in told
        pane = as_admin.get(f"/contacts/{ada.public_id}/").content.decode()
        assert f"{BASE}/salesforce/003" in pane
        own = pane[pane.index(f"{BASE}/salesforce/003") :].partition('"')[0]
        assert "On this machine" in http.call("GET", own).body.decode()


def test_the_demos_org_keeps_what_it_has_over_a_restart(
    as_admin: Client, demo: httpx.WSGITransport, ada: Contact
) -> None:
    with network(demo):
        connect(as_admin)
        edit(ada, city="London")
        sent()
    with network(httpx.WSGITransport(crms.CrmSandbox(TwilioDouble()))):
        edit(ada, city="Bath")
        assert sent()[-1] == "delivered"
    assert [dict(row.values)["Mailing City"] for row in crms.shown()] == ["Bath"]


def test_a_token_cannot_be_pasted(as_admin: Client, org: Org) -> None:
    page = text_of(as_admin.get(f"{MAPPING}sign-in/"))
    assert "paste a token" not in page
    assert as_admin.post(f"{MAPPING}sign-in/", {"token": "x"}).status_code == 404


def test_new_contacts_become_leads_by_a_setting(
    as_admin: Client, org: Org, salesforce: Connection, ada: Contact
) -> None:
    page = as_admin.get(MAPPING)
    assert "New contacts become" in text_of(page) and "Mailing City" in text_of(page)
    version = CrmAccount.objects.get().version
    url = reverse("crm_kind", args=["salesforce"])
    assert as_admin.post(url, {"record_kind": "Lead", "version": version}).status_code == 302
    assert accounts.read(salesforce.pk)
    told = text_of(as_admin.get(MAPPING))
    assert "Company (required)" in told and "Mailing City" not in told
    assert AuditEntry.objects.filter(action="crm.kind").exists()
    edit(ada, city="Bath")
    sent()
    assert len(org.ids("Lead")) == 1 and org.ids() == []


@pytest.mark.parametrize(
    ("posted", "status"),
    [({"record_kind": "Account"}, 422), ({}, 422), ({"record_kind": "Lead", "version": "0"}, 409),
     ({"record_kind": "Lead", "version": "9" * 40}, 409), ({"record_kind": "Contact"}, 302)],
)  # fmt: skip
def test_a_kind_that_is_not_there_or_was_changed_meanwhile_changes_nothing(
    as_admin: Client, salesforce: Connection, posted: dict[str, str], status: int
) -> None:
    before = CrmAccount.objects.get().rules
    answer = as_admin.post(reverse("crm_kind", args=["salesforce"]), posted)
    assert answer.status_code == status
    account = CrmAccount.objects.get()
    assert account.rules == before and account.record_kind == "Contact"


def test_hubspot_has_no_kinds_and_strangers_no_page(
    as_admin: Client, client: Client, member: Any, org: Org
) -> None:
    assert as_admin.post(reverse("crm_kind", args=["hubspot"]), {}).status_code == 404
    client.force_login(member)
    assert client.post(reverse("crm_kind", args=["salesforce"]), {}).status_code in {403, 404}


def test_the_mapping_asks_for_a_fallback_where_salesforce_needs_a_value(
    as_admin: Client, salesforce: Connection
) -> None:
    account = CrmAccount.objects.get()
    posted = {"version": account.version}
    posted |= {f"remote_{row['field']}": row["remote"] for row in account.rules}
    answer = as_admin.post(MAPPING, {**posted, "fallback_last_name": ""})
    assert answer.status_code == 422 and "refuses a record without it" in text_of(answer)
    saved = as_admin.post(MAPPING, {**posted, "fallback_last_name": "[not provided]"})
    assert saved.status_code == 302


def event(org: Org) -> dict[str, Any]:
    (row,) = org.double.rows["Event"].values()
    return row


def test_a_meeting_is_an_event_at_the_record_and_follows_it(
    org: Org, salesforce: Connection, member: Any, admin_user: Any
) -> None:
    meeting = make_meeting(make_calendar(member))
    assert sent() == ["delivered"] * 2
    assert event(org)["WhoId"] == org.ids()[0] and meeting.subject == event(org)["Subject"]
    reschedule(meeting_id=meeting.pk, starts_at=soon(5), doer=HOST)
    sent()
    assert event(org)["StartDateTime"] == f"{soon(5):%Y-%m-%dT%H:%M:%SZ}"
    cancel(meeting_id=meeting.pk, doer=HOST)
    sent()
    assert event(org)["Subject"] == f"Canceled: {meeting.subject}"


def test_an_event_whose_making_was_lost_is_made_once(
    org: Org, salesforce: Connection, member: Any
) -> None:
    make_meeting(make_calendar(member))
    org.double.faults = ["", "", "", "", "lost"]  # two searches, a create and its reading
    assert sent()[-1] == "unknown" and len(org.double.rows["Event"]) == 1
    later()
    assert sent()[-1] == "delivered" and len(org.double.rows["Event"]) == 1


def test_an_event_that_was_deleted_there_is_left_so(
    org: Org, salesforce: Connection, member: Any
) -> None:
    meeting = make_meeting(make_calendar(member))
    sent()
    org.double.delete(event(org)["Id"])
    cancel(meeting_id=meeting.pk, doer=HOST)
    assert sent()[-1] == "skipped" and len(org.double.rows["Event"]) == 1
