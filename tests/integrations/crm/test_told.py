"""What a person sees of a CRM's deliveries: Sync activity, the contact's own list, Review."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import Contact, User
from integrations.crm import records
from integrations.models import Connection, Delivery, ExternalRecord
from tests.contacts.pages import text_of
from tests.integrations.crm.salesforce_world import Org
from tests.integrations.crm.world import Crm, edit, sent

pytestmark = pytest.mark.django_db


def pane(client: Client, contact: Contact) -> str:
    return client.get(f"/contacts/{contact.public_id}/").content.decode()


def links(page: str) -> list[tuple[str, str]]:
    """Text and address of what opens elsewhere."""
    found = re.findall(r'<a class="link" href="(https?://[^"]+)"[^>]*>(?:<bdi>)?([^<]+)', page)
    return [(text, url) for url, text in found]


@pytest.fixture
def linked(crm: Crm, connection: Connection, ada: Contact) -> str:
    assert sent() == ["delivered"]
    return ExternalRecord.objects.get().external_id


def test_sync_activity_names_the_record_and_opens_it_in_the_crm(
    as_admin: Client, linked: str
) -> None:
    page = as_admin.get("/sync/")
    assert f"HubSpot: Contact {linked}" in text_of(page)
    assert links(page.content.decode()) == [
        (f"Contact {linked}", f"https://app.example/contacts/24810377/record/0-1/{linked}")
    ]
    detail = as_admin.get(reverse("delivery_detail", args=[Delivery.objects.get().pk]))
    assert len(links(detail.content.decode())) == 1


def test_a_lead_is_called_a_lead(
    as_admin: Client, org: Org, ada: Contact, admin_user: User
) -> None:
    org.connect(admin_user, kind="Lead")
    edit(ada, city="Bath")
    assert sent() == ["delivered"]
    assert f"Salesforce: Lead {org.ids('Lead')[0]}" in text_of(as_admin.get("/sync/"))


def test_what_is_to_be_said_of_a_delivered_update_is_said(
    as_admin: Client, org: Org, ada: Contact, admin_user: User
) -> None:
    org.add(Email=ada.email), org.add(Email=ada.email)
    org.connect(admin_user)
    edit(ada, city="Bath")
    assert sent() == ["delivered"]
    assert "of 2 that could be this contact's." in text_of(as_admin.get("/sync/"))


def test_the_pane_lists_a_record_once_with_its_state_and_its_link(
    as_admin: Client, linked: str, ada: Contact
) -> None:
    page = pane(as_admin, ada)
    assert [text for text, _ in links(page)] == [f"Contact {linked}"]
    assert "Connected records" in page and "CRM records" not in page


def test_a_conflict_is_reviewed_from_the_pane(
    as_admin: Client, crm: Crm, linked: str, ada: Contact
) -> None:
    crm.add(email="ada@new.example")
    delivery = edit(ada, email="ada@new.example")
    assert sent()[-1] == "conflict"
    page = pane(as_admin, ada)
    assert page.count(reverse("crm_review", args=[delivery.pk])) == 1
    assert f"Review: Email to HubSpot, Contact {linked}" in page


def test_while_a_later_change_waits_the_open_question_is_still_to_be_found(
    as_admin: Client, crm: Crm, linked: str, ada: Contact
) -> None:
    crm.add(email="ada@new.example")
    delivery = edit(ada, email="ada@new.example")
    sent()
    edit(ada, city="London")
    assert reverse("crm_review", args=[delivery.pk]) in pane(as_admin, ada)


def test_a_record_to_which_nothing_was_sent_for_long_stays_in_the_pane(
    as_admin: Client, linked: str, ada: Contact
) -> None:
    Delivery.objects.all().delete()
    page = pane(as_admin, ada)
    assert "CRM records" in page and [text for text, _ in links(page)] == [f"contact {linked}"]


def test_a_contact_that_was_left_without_a_record_can_be_looked_for_again(
    as_admin: Client, connection: Connection, linked: str, ada: Contact
) -> None:
    records.leave(connection, ada, "")
    assert "goes without a record there" in pane(as_admin, ada)
    as_admin.post(reverse("crm_ask_again", args=[ada.public_id, connection.pk]))
    assert "goes without a record there" not in pane(as_admin, ada)


def test_an_address_of_another_scheme_is_no_link(
    as_admin: Client, linked: str, ada: Contact
) -> None:
    ExternalRecord.objects.update(url="javascript:alert(1)")
    assert "javascript:" not in pane(as_admin, ada) + as_admin.get("/sync/").content.decode()


def test_disconnecting_says_that_what_changes_meanwhile_is_not_sent_later(
    as_admin: Client, crm: Crm, linked: str, ada: Contact, admin_user: User
) -> None:
    page = reverse("crm_disconnect", args=["hubspot"])
    assert "What is changed here meanwhile is not sent later." in text_of(as_admin.get(page))
    as_admin.post(page)
    edit(ada, city="Bath")
    crm.connect(admin_user)
    edit(ada, job_title="Analyst")
    assert sent()[-1] == "delivered"
    assert crm.values(linked)["jobtitle"] == "Analyst" and "city" not in crm.values(linked)
