"""Where only a person can choose: both records side by side, and nothing is merged by itself."""

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import AuditEntry, Contact, User
from integrations.crm.helping import reconnect_url, review_url
from integrations.models import Connection, CrmConflict, Delivery, ExternalRecord
from tests.contacts.pages import text_of
from tests.integrations.crm.world import Crm, edit, later, sent, words

pytestmark = pytest.mark.django_db
OLD, NEW = "ada@example.com", "ada@new.example"


@pytest.fixture
def dispute(crm: Crm, connection: Connection, ada: Contact) -> tuple[str, str]:
    """Ada's record, and another one that has the address which she is given; a conflict."""
    sent()
    (own,) = crm.ids
    other = crm.add(email=NEW, firstname="A.", lastname="King", city="Ockham")
    edit(ada, email=NEW, job_title="Analyst")
    assert sent()[-1] == "conflict"
    crm.double.requests.clear()
    return own, other


def url() -> str:
    return reverse("crm_review", args=[Delivery.objects.latest("pk").pk])


def test_both_records_are_shown_side_by_side(
    as_member: Client, dispute: tuple[str, str], crm: Crm
) -> None:
    page = text_of(as_member.get(url()))
    for text in (OLD, NEW, "Lovelace", "King", "Ockham", *dispute, "cannot be undone", "Linked."):
        assert text in page
    assert crm.asked() == []


def test_a_conflict_writes_nothing_anywhere(dispute: tuple[str, str], crm: Crm) -> None:
    assert crm.values(dispute[0])["email"] == OLD and crm.values(dispute[1])["email"] == NEW
    assert "jobtitle" not in crm.values(dispute[0])
    assert "@" not in words() and "merge" not in " ".join(crm.asked())


def test_linking_to_the_other_record(
    as_member: Client, dispute: tuple[str, str], crm: Crm, ada: Contact
) -> None:
    own, other = dispute
    assert as_member.post(url(), {"choice": f"link {other}"}).status_code == 302
    assert crm.asked() == [] and sent()[-1] == "delivered"
    assert ExternalRecord.objects.get().external_id == other
    values = crm.values(other)
    assert (values["firstname"], values["jobtitle"], values["city"]) == ("Ada", "Analyst", "Ockham")
    assert crm.values(own)["email"] == OLD and len(crm.ids) == 2
    assert "crm.link" in set(AuditEntry.objects.values_list("action", flat=True))
    edit(ada, city="Paris")
    assert sent()[-1] == "delivered" and crm.values(other)["city"] == "Paris"


def test_keeping_ones_own_record_writes_all_but_the_address(
    as_member: Client, dispute: tuple[str, str], crm: Crm
) -> None:
    own, other = dispute
    as_member.post(url(), {"choice": f"link {own}"})
    assert sent()[-1] == "delivered" and "Without the address" in words()
    assert crm.values(own)["email"] == OLD and crm.values(own)["jobtitle"] == "Analyst"
    assert not CrmConflict.objects.exists() and crm.values(other)["firstname"] == "A."


def test_leaving_both(as_member: Client, dispute: tuple[str, str], crm: Crm) -> None:
    as_member.post(url(), {"choice": "leave"})
    assert sent()[-1] == "skipped" and "a person decided" in words()
    assert [told for told in crm.asked() if not told.startswith("GET")] == []
    assert ExternalRecord.objects.get().external_id == dispute[0]


@pytest.mark.parametrize("new_id", [False, True])
def test_merging_there_needs_a_tick_and_keeps_the_chosen_one(
    as_member: Client, dispute: tuple[str, str], crm: Crm, new_id: bool
) -> None:
    own, other = dispute
    crm.double.merge_makes_new_id = new_id
    refused = as_member.post(url(), {"choice": f"merge {own}"})
    assert refused.status_code == 422 and "Tick that you know it" in text_of(refused)
    assert sent()[-1] == "conflict" and len(crm.ids) == 2
    as_member.post(url(), {"choice": f"merge {own}", "sure": "1"})
    assert sent()[-1] == "delivered"
    (kept,) = crm.ids
    assert crm.double.alias(other) == kept == ExternalRecord.objects.get().external_id
    assert crm.values(kept)["lastname"] == "Lovelace" and crm.values(kept)["city"] == "Ockham"
    assert NEW in {crm.values(kept)["email"], *crm.values(kept)["hs_additional_emails"].split(";")}


def test_a_merge_whose_answer_was_lost_is_not_made_twice(
    as_member: Client, dispute: tuple[str, str], crm: Crm
) -> None:
    as_member.post(url(), {"choice": f"merge {dispute[0]}", "sure": "1"})
    crm.double.faults = ["", "", "lost"]
    assert sent()[-1] == "unknown" and len(crm.ids) == 1
    later()
    assert sent()[-1] == "delivered"
    assert sum(told.endswith("/merge") for told in crm.asked()) == 1


def test_a_merge_that_hubspot_refuses_is_told(
    as_member: Client, dispute: tuple[str, str], crm: Crm
) -> None:
    many = ";".join(f"a{n}@example.com" for n in range(250))
    crm.double.contacts[dispute[1]]["properties"]["hs_additional_emails"] = many
    as_member.post(url(), {"choice": f"merge {dispute[0]}", "sure": "1"})
    assert sent()[-1] == "failed" and "250 identities" in words()
    assert not CrmConflict.objects.exists()


@pytest.mark.parametrize("choice", ["", "link", "link 7", "burn 1", "merge 7", "leave\x00"])
def test_a_choice_that_there_is_not_changes_nothing(
    as_member: Client, dispute: tuple[str, str], choice: str
) -> None:
    answer = as_member.post(url(), {"choice": choice, "sure": "1"})
    assert answer.status_code == 422 and "Choose" in text_of(answer)
    assert CrmConflict.objects.get().choice == "" and sent()[-1] == "conflict"


def test_who_does_not_see_the_contact_does_not_see_the_question(
    client: Client, stranger: User, dispute: tuple[str, str]
) -> None:
    client.force_login(stranger)
    assert client.get(url()).status_code == 404
    assert client.post(url(), {"choice": "leave"}).status_code == 404


def test_review_is_offered_to_whoever_may_decide_and_while_there_is_a_question(
    member: User, stranger: User, dispute: tuple[str, str], ada: Contact
) -> None:
    asked = Delivery.objects.latest("pk")
    assert review_url(asked, member) == url() and review_url(asked, stranger) == ""
    edit(ada, email="ada@third.example")
    asked.refresh_from_db()
    assert review_url(asked, member) == ""


def test_sync_activity_leads_to_the_review_and_to_the_sign_in(
    as_admin: Client, dispute: tuple[str, str], ada: Contact
) -> None:
    assert url() in as_admin.get("/sync/?state=conflict").content.decode()
    Delivery.objects.update(state="needs_reconnect", next_at=None)
    Connection.objects.update(state="needs_reconnect")
    page = as_admin.get("/sync/?state=reconnect").content.decode()
    assert "/integrations/crm/hubspot/sign-in/" in page and "HubSpot" in page


def test_signing_in_again_is_offered_to_administrators(
    member: User, admin_user: User, connection: Connection
) -> None:
    assert reconnect_url(connection, member) == ""
    assert reconnect_url(connection, admin_user) == "/integrations/crm/hubspot/sign-in/"


def test_a_decided_question_and_one_that_was_overtaken_say_so(
    as_member: Client, dispute: tuple[str, str], crm: Crm, ada: Contact
) -> None:
    first = url()
    edit(ada, email="ada@third.example")
    assert "Nothing to decide" in text_of(as_member.get(first))
    assert as_member.post(first, {"choice": "leave"}).status_code == 409
    assert sent()[-1] == "delivered" and crm.values(dispute[0])["email"] == "ada@third.example"
    assert crm.values(dispute[0])["jobtitle"] == "Analyst"


def test_old_and_new_address_on_two_records_of_nobodys(
    as_member: Client, crm: Crm, connection: Connection, ada: Contact
) -> None:
    crm.add(email=OLD)
    newer = crm.add(email=NEW)
    edit(ada, email=NEW)
    assert sent()[-1] == "conflict" and not ExternalRecord.objects.exists()
    as_member.post(url(), {"choice": f"link {newer}"})
    assert sent()[-1] == "delivered" and ExternalRecord.objects.get().external_id == newer


def test_a_contact_that_was_left_without_a_record_stays_so_until_somebody_asks_again(
    as_member: Client, crm: Crm, connection: Connection, ada: Contact
) -> None:
    crm.add(email=OLD)
    crm.add(email=NEW)
    edit(ada, email=NEW)
    sent()
    as_member.post(url(), {"choice": "leave"})
    sent()
    edit(ada, city="Paris")
    assert sent()[-1] == "skipped"
    page = as_member.get(reverse("contact_detail", args=[ada.public_id]))
    assert "goes without a record there" in text_of(page)
    again = reverse("crm_ask_again", args=[ada.public_id, connection.pk])
    as_member.post(again)
    edit(ada, city="Rome")
    assert sent()[-1] == "conflict"


@pytest.mark.parametrize("refuses", [False, True])
def test_a_further_address_of_the_same_record_is_no_conflict(
    crm: Crm, connection: Connection, ada: Contact, refuses: bool
) -> None:
    sent()
    (own,) = crm.ids
    crm.double.contacts[own]["properties"]["hs_additional_emails"] = NEW
    crm.double.own_alias_is_taken = refuses
    edit(ada, email=NEW, city="Paris")
    assert sent()[-1] == "delivered" and crm.values(own)["city"] == "Paris"
    assert crm.values(own)["email"] == (OLD if refuses else NEW)
    assert ("further one" in words()) == refuses


def test_the_pane_leads_to_the_record_and_to_the_question(
    as_member: Client, dispute: tuple[str, str], ada: Contact
) -> None:
    page = as_member.get(reverse("contact_detail", args=[ada.public_id])).content.decode()
    assert f"/record/0-1/{dispute[0]}" in page and url() in page
