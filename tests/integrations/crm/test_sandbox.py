"""The demo's HubSpot: behind one address, kept over a restart, shown beside the contacts."""

import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client

from config.crms import crm_settings
from contacts.deleting import delete_contact
from contacts.models import Contact, User
from integrations import http
from integrations.crm import accounts
from integrations.models import Connection
from integrations.sandbox import crms, mailbox
from integrations.sandbox import demo as demo_server
from integrations.sandbox.twilio import TwilioDouble
from tests.contacts.pages import text_of
from tests.factories import by, make_contact
from tests.integrations.crm.world import edit, sent
from tests.integrations.vendors import network

pytestmark = pytest.mark.django_db
BASE = "http://127.0.0.1:9"


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
    assert "Sign in to HubSpot" in text_of(client.get("/integrations/crm/hubspot/sign-in/"))
    there = client.get("/integrations/crm/hubspot/connect/").headers["Location"]
    page = http.call("GET", there).body.decode()
    assert "Nothing leaves this machine" in page and "the contacts of" in page
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
        page = as_admin.get("/settings/demo-crm/")
        told = text_of(page)
        assert "HubSpot contact 501" in told and "In Kith" in told and "Ada Lovelace" in told
        assert told.count("ada@new.example") == 2 and "London" in told
        own = f"{BASE}/hubspot/contacts/24810377/record/0-1/501"
        assert own in as_admin.get(f"/contacts/{ada.public_id}/").content.decode()
        assert "On this machine" in http.call("GET", own).body.decode()


def test_the_demos_hubspot_takes_a_pasted_token_that_its_page_names(
    as_admin: Client, demo: httpx.WSGITransport
) -> None:
    assert crms.TOKEN in text_of(as_admin.get("/settings/demo-crm/"))
    with network(demo):
        as_admin.post("/integrations/crm/hubspot/sign-in/", {"token": crms.TOKEN})
        assert accounts.read(Connection.objects.get().pk)


def test_a_record_is_shown_beside_its_contact_though_a_deleted_one_had_it_before(
    as_admin: Client, demo: httpx.WSGITransport, ada: Contact, member: User
) -> None:
    with network(demo):
        connect(as_admin)
        edit(ada, city="London")
        sent()
        delete_contact(contact_id=ada.pk, actor=by())
        make_contact(member, first_name="Augusta", email=ada.email)
        assert sent()[-1] == "delivered"
        assert "Augusta" in text_of(as_admin.get("/settings/demo-crm/"))


def test_the_pane_names_the_crm_once_while_it_has_no_record_there(
    as_admin: Client, demo: httpx.WSGITransport, ada: Contact
) -> None:
    with network(demo):
        connect(as_admin)
        edit(ada, city="London")
    told = text_of(as_admin.get(f"/contacts/{ada.public_id}/"))
    assert "HubSpot" in told and "HubSpot HubSpot" not in told


def test_the_connection_outlives_a_restart_of_the_demo(
    as_admin: Client, demo: httpx.WSGITransport, ada: Contact
) -> None:
    with network(demo):
        connect(as_admin)
        edit(ada, city="London")
        sent()
    with network(httpx.WSGITransport(crms.CrmSandbox(TwilioDouble()))):
        edit(ada, city="Paris")
        assert sent()[-1] == "delivered"
    assert [row.values for row in crms.shown()][0][-1] == ("City", "Paris")
    assert oct(crms.state_file().stat().st_mode)[-3:] == "600"


def test_the_demos_doubles_answer_at_the_same_address_after_a_restart(
    settings: Any, tmp_path: Path
) -> None:
    settings.KITH_HOME = tmp_path
    first = demo_server.port_of_last_time()
    assert demo_server.port_of_last_time() == first
    with socket.socket() as somebody:
        somebody.bind((demo_server.HOST, first))
        somebody.listen()
        assert demo_server.port_of_last_time() not in {0, first}
    (tmp_path / "sandbox" / "port").write_text("no number")
    assert demo_server.port_of_last_time() > 0


def test_the_page_is_only_for_administrators_of_a_demo(
    as_member: Client, admin_user: User, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND, settings.KITH_HOME = mailbox.FILES, tmp_path
    assert as_member.get("/settings/demo-crm/").status_code == 404
    as_member.force_login(admin_user)
    assert as_member.get("/settings/demo-crm/").status_code == 200
    settings.KITH_MODE = "production"
    assert as_member.get("/settings/demo-crm/").status_code == 404


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HUBSPOT_CLIENT_ID", "x", "HUBSPOT_CLIENT_SECRET is not set"),
        ("HUBSPOT_API", "http://example.com", "HUBSPOT_API begins with https://"),
        ("HUBSPOT_OBJECTS_PATH", "crm", "HUBSPOT_OBJECTS_PATH begins with /"),
        ("HUBSPOT_CALLS_PER_10_SECONDS", "3", "is at least 10"),
        ("HUBSPOT_CALLS_PER_10_SECONDS", "many", "Use a whole number"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    from django.core.exceptions import ImproperlyConfigured

    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=told):
        crm_settings()
