"""Connecting HubSpot as a person does it, the mapping, and what the pages refuse."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import Account, AuditEntry, Contact, Property, User
from contacts.properties import archive_property
from integrations.crm import accounts
from integrations.models import Connection, CrmAccount, Gate
from integrations.sandbox.double import Request
from tests.contacts.pages import text_of
from tests.factories import by, make_contact, make_property
from tests.integrations.crm.world import TOKEN, Crm, edit, sent, words

pytestmark = pytest.mark.django_db
MAPPING = "/integrations/crm/hubspot/"
SIGN_IN = "/integrations/crm/hubspot/sign-in/"


def consent(client: Client, crm: Crm, answer: str = "allow") -> str:
    """To HubSpot and back: the address at which the browser returns."""
    there = client.get("/integrations/crm/hubspot/connect/").headers["Location"]
    asked = dict(parse_qsl(urlsplit(there).query))
    reply = crm.double.sign_in.consent(Request("GET", "", {**asked, "answer": answer}))
    if answer == "allow":
        return str(reply.headers["Location"]).removeprefix("http://127.0.0.1:8000")
    return f"/integrations/crm/hubspot/back/?error=access_denied&state={asked['state']}"


def chosen(connection: Connection, **changed: Any) -> dict[str, Any]:
    """The mapping page filled as it is, but for what is changed; None takes something off."""
    account = accounts.of(connection)
    posted: dict[str, Any] = {"version": account.version, "log_meetings": "1"}
    for rule in account.rules:
        posted[f"remote_{rule['field']}"] = rule["remote"]
        posted[f"fallback_{rule['field']}"] = rule["fallback"]
        if rule["overwrite"]:
            posted[f"overwrite_{rule['field']}"] = "1"
    return {name: value for name, value in {**posted, **changed}.items() if value is not None}


def test_hubspot_is_connected_by_signing_in(as_admin: Client, crm: Crm, ada: Contact) -> None:
    answer = as_admin.get(consent(as_admin, crm), follow=True)
    row = Connection.objects.get()
    assert (row.user, row.external_account, row.state) == (None, "24810377", "connected")
    assert "being read" in text_of(answer) and accounts.read(row.pk)
    page = text_of(as_admin.get("/integrations/"))
    assert "24810377" in page and "HubSpot ID, then email" in page
    assert AuditEntry.objects.latest("pk").action == "crm.connected"
    edit(ada, city="London")
    assert sent()[-1] == "delivered" and len(crm.ids) == 1


def test_a_refusal_and_a_stolen_way_back_store_nothing(as_admin: Client, crm: Crm) -> None:
    denied = as_admin.get(consent(as_admin, crm, answer="deny"))
    assert denied.status_code == 400 and "not allowed there" in text_of(denied)
    back = consent(as_admin, crm)
    del as_admin.cookies["kith_sign_in"]
    stolen = as_admin.get(back)
    assert stolen.status_code == 400 and "in another window" in text_of(stolen)
    assert not Connection.objects.exists()


def test_what_was_not_allowed_is_said(as_admin: Client, crm: Crm) -> None:
    crm.double.sign_in.withheld = {"crm.objects.contacts.write"}
    answer = as_admin.get(consent(as_admin, crm))
    assert answer.status_code == 400 and "all of the permissions" in text_of(answer)
    assert not Connection.objects.exists()


def test_a_pasted_token_connects_the_account_that_it_is_for(as_admin: Client, crm: Crm) -> None:
    crm.double.sign_in.by_hand.add(TOKEN)
    answer = as_admin.post(SIGN_IN, {"token": f" {TOKEN} "}, follow=True)
    row = Connection.objects.get()
    assert row.external_account == "24810377" and row.tokens() == (TOKEN, "")
    assert TOKEN not in answer.content.decode() and TOKEN not in row.access_token
    gate = Gate.objects.get(key=row.gate)
    assert (gate.limit, gate.per_seconds, gate.together) == (25, 10, 100)


@pytest.mark.parametrize("token", ["", "x" * 501, "a\nb", "ä", "wrong"])
def test_a_token_that_is_none_is_refused_and_not_shown(
    as_admin: Client, crm: Crm, token: str
) -> None:
    answer = as_admin.post(SIGN_IN, {"token": token})
    assert answer.status_code == 422 and "Not connected." in text_of(answer)
    assert not Connection.objects.exists() and 'value="wrong"' not in answer.content.decode()


def test_a_token_of_another_account_is_refused(
    as_admin: Client, crm: Crm, connection: Connection
) -> None:
    crm.double.sign_in.hub_id = 7
    crm.double.sign_in.by_hand.add("other")
    answer = as_admin.post(SIGN_IN, {"token": "other"})
    assert answer.status_code == 409 and "another account" in text_of(answer)
    assert Connection.objects.get().tokens() == (TOKEN, "")
    assert as_admin.get(consent(as_admin, crm)).status_code == 409


def test_what_waited_goes_on_when_somebody_reconnects(
    as_admin: Client, crm: Crm, connection: Connection, ada: Contact
) -> None:
    crm.double.sign_in.by_hand.clear()
    edit(ada, city="London")
    assert sent()[-1] == "needs_reconnect"
    page = text_of(as_admin.get("/integrations/"))
    assert "Needs reconnect" in page and "1 update is held in order" in page
    crm.double.sign_in.by_hand.add("new")
    as_admin.post(SIGN_IN, {"token": "new"})
    assert sent()[-1] == "delivered" and len(crm.ids) == 1


def test_disconnecting_gives_up_what_waits_and_keeps_the_links(
    as_admin: Client, crm: Crm, connection: Connection, ada: Contact
) -> None:
    sent()
    url = "/integrations/crm/hubspot/disconnect/"
    assert "are given up" in text_of(as_admin.get(url)) and Connection.objects.get().access_token
    as_admin.post(url)
    edit(ada, city="Paris")
    crm.double.requests.clear()
    sent()
    assert crm.asked() == [] and Connection.objects.get().access_token == ""
    crm.connect(ada.owner)
    edit(ada, city="Rome")
    sent()
    assert len(crm.ids) == 1 and Connection.objects.count() == 1


def test_only_what_fits_is_offered_custom_properties_included(
    as_admin: Client, connection: Connection
) -> None:
    page = as_admin.get(MAPPING).content.decode()
    employees = page.split('name="remote_employees"')[1].split("</select>")[0]
    assert "Seats (custom)" in employees and "City" in employees
    assert "Renewal" not in employees and "Create Date" not in employees
    consent_ = page.split('name="remote_has_consent"')[1].split("</select>")[0]
    assert "VIP (custom)" in consent_ and "City" not in consent_


def test_the_mapping_is_saved_and_followed(
    as_admin: Client, crm: Crm, connection: Connection, ada: Contact
) -> None:
    record = crm.add(email=ada.email, firstname="Augusta", jobtitle="Countess")
    posted = chosen(
        connection, remote_employees="seats", fallback_employees="5", overwrite_job_title=None,
        fallback_company="Unknown", remote_city=None,
    )  # fmt: skip
    assert as_admin.post(MAPPING, posted).status_code == 302
    edit(ada, job_title="Analyst", city="London", first_name="Ada B")
    sent()
    values = crm.values(record)
    assert (values["jobtitle"], values["seats"], values["company"]) == ("Countess", "5", "Engines")
    assert "city" not in values and AuditEntry.objects.latest("pk").action == "crm.mapped"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"remote_city": "nothing"}, "City: HubSpot has no such field for it"),
        ({"remote_city": "createdate"}, "City: HubSpot has no such field for it"),
        ({"remote_city": "seats"}, "City: HubSpot has no such field for it"),
        ({"remote_city": "company"}, "another field is sent to Company Name already"),
        ({"fallback_city": "x" * 256}, "City, fallback: too long: 256 characters, at most 255"),
        ({"fallback_city": "a\x00b"}, "City, fallback: it holds a character"),
        ({"remote_employees": "seats", "fallback_employees": "many"}, "fallback: enter a number"),
        ({"remote_status": "plan", "fallback_status": "x"}, "choose one of: Basic, Premium"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_is_told_at_its_field_and_kept(
    as_admin: Client, connection: Connection, changed: dict[str, str], told: str
) -> None:
    before = accounts.of(connection).rules
    answer = as_admin.post(MAPPING, chosen(connection, **changed, fallback_state="Kept"))
    assert answer.status_code == 422 and told in text_of(answer)
    assert 'value="Kept"' in answer.content.decode()
    assert accounts.of(connection).rules == before


def test_a_required_field_needs_a_mapping_and_a_fallback(
    as_admin: Client, connection: Connection
) -> None:
    account = accounts.of(connection)
    for row in account.remote_fields:
        row["required"] = row["name"] in {"lastname", "zip"}
    account.save()
    answer = as_admin.post(MAPPING, chosen(connection, remote_post_code=None))
    told = text_of(answer)
    assert answer.status_code == 422 and "Postal Code: HubSpot refuses a record without it" in told
    assert "Last name: HubSpot refuses a record without it. Say what to send" in told
    good = chosen(connection, fallback_last_name="Unknown", fallback_post_code="0")
    assert as_admin.post(MAPPING, good).status_code == 302


def test_what_identifies_people_needs_no_fallback_where_it_is_required(
    as_admin: Client, crm: Crm, connection: Connection, member: User
) -> None:
    account = accounts.of(connection)
    for row in account.remote_fields:
        row["required"] = row["name"] in {"email", "mobilephone"}
    account.save()
    assert as_admin.post(MAPPING, chosen(connection)).status_code == 302
    make_contact(member, first_name="Bob", email="bob@example.com")
    assert sent()[-1] == "failed"
    assert words().startswith("HubSpot needs a value for Mobile Phone Number")


def test_the_pages_stand_under_the_name_of_the_organisation(
    as_admin: Client, connection: Connection
) -> None:
    name = Account.load().name
    assert f"<title>HubSpot · {name}</title>" in as_admin.get(MAPPING).content.decode()


def test_a_property_that_was_archived_is_said_and_not_sent(
    as_admin: Client, crm: Crm, connection: Connection, ada: Contact
) -> None:
    nickname = make_property("Nickname")
    edit(ada, **{nickname.name: "Countess"})
    assert (
        as_admin.post(MAPPING, chosen(connection, remote_custom_nickname="nickname")).status_code
        == 302
    )
    archive_property(pk=Property.objects.get().pk, actor=by())
    assert "The property is archived. Nothing of it is sent." in text_of(as_admin.get(MAPPING))
    edit(ada, city="London")
    assert sent()[-1] == "delivered" and "nickname" not in crm.values(crm.ids[0])
    assert as_admin.post(MAPPING, chosen(connection)).status_code == 302  # it may stay


def test_what_was_removed_or_locked_there_is_shown_and_not_sent(
    as_admin: Client, crm: Crm, connection: Connection, ada: Contact
) -> None:
    sent()
    del crm.double.properties["city"]
    rules = crm.double.properties["jobtitle"]["modificationMetadata"]
    rules["readOnlyValue"] = True
    edit(ada, city="London", job_title="Analyst", company="Kith")
    assert sent()[-1] == "delivered" and crm.values(crm.ids[0])["company"] == "Kith"
    page = text_of(as_admin.get(MAPPING))
    assert "HubSpot no longer has this field" in page and "HubSpot has locked this field" in page
    assert as_admin.post(MAPPING, chosen(connection)).status_code == 302  # they may stay


def test_of_two_who_save_the_mapping_the_second_is_told(
    as_admin: Client, connection: Connection
) -> None:
    posted = chosen(connection, fallback_city="Mine")
    CrmAccount.objects.update(version=7)
    answer = as_admin.post(MAPPING, posted)
    assert answer.status_code == 409 and "Somebody else has saved" in text_of(answer)
    assert 'value="Mine"' in answer.content.decode()


def test_the_pages_are_for_administrators(
    as_member: Client, connection: Connection, crm: Crm
) -> None:
    for url in (MAPPING, SIGN_IN, f"{MAPPING}connect/", f"{MAPPING}back/", f"{MAPPING}disconnect/"):
        assert as_member.get(url).status_code == 404
    assert as_member.post(SIGN_IN, {"token": TOKEN}).status_code == 404
    assert as_member.post(reverse("crm_read_again", args=["hubspot"])).status_code == 404
    page = text_of(as_member.get("/integrations/"))
    assert "HubSpot" in page and "Manage" not in page.split("HubSpot")[1][:300]


def test_a_crm_that_there_is_not_is_not_found(as_admin: Client, crm: Crm) -> None:
    assert as_admin.get("/integrations/crm/pipedrive/").status_code == 404
    assert as_admin.get(MAPPING).status_code == 404  # not connected


def test_fields_are_read_again_on_demand(
    as_admin: Client, crm: Crm, connection: Connection
) -> None:
    crm.double.properties["nickname"]["label"] = "Pet name"
    as_admin.post(reverse("crm_read_again", args=["hubspot"]))
    assert accounts.due() == [connection.pk] and accounts.read(connection.pk)
    assert "Pet name (custom)" in as_admin.get(MAPPING).content.decode()
