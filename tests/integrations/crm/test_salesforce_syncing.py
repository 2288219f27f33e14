"""A change here, and the contact or lead in Salesforce: found, made, written, followed."""

import pytest

from contacts.deleting import delete_contact
from contacts.models import Contact, User
from integrations.crm import accounts
from integrations.crm.mapping import Rule, as_rows, stored_rules
from integrations.models import Connection, CrmAccount, CrmConflict, ExternalRecord
from tests.factories import by, make_contact
from tests.integrations.crm.salesforce_world import Org
from tests.integrations.crm.world import edit, sent, words

pytestmark = pytest.mark.django_db
NEW = "ada@new.example"


@pytest.fixture
def linked(org: Org, salesforce: Connection, ada: Contact) -> str:
    sent()
    org.double.requests.clear()
    return ExternalRecord.objects.get().external_id


def test_a_contact_that_is_not_there_is_made_and_read_back(
    org: Org, salesforce: Connection, ada: Contact
) -> None:
    assert sent() == ["delivered"]
    (made,) = org.ids()
    assert org.values(made)["Email"] == ada.email and org.values(made)["LastName"] == ada.last_name
    assert org.asked()[-2:] == ["POST /sobjects/Contact", f"GET /sobjects/Contact/{made}"]
    row = ExternalRecord.objects.get()
    assert (row.external_id, row.external_type) == (made, "contact")
    assert row.url == f"https://instance.example/{made}"


def test_an_edit_is_written_under_its_stamp_and_read_back(
    org: Org, linked: str, ada: Contact
) -> None:
    edit(ada, email=NEW, city="Bath")
    assert sent()[-1] == "delivered"
    assert (org.values(linked)["Email"], org.values(linked)["MailingCity"]) == (NEW, "Bath")
    write = next(r for r in org.double.requests if r.method == "PATCH")
    assert write.headers["if-unmodified-since"].endswith("GMT")
    assert "allowSave=false" in write.headers["sforce-duplicate-rule-header"]
    assert set(write.json()) == {"Email", "MailingCity"}


def test_a_record_that_has_the_values_already_is_not_written(
    org: Org, linked: str, ada: Contact
) -> None:
    org.values(linked)["MailingCity"] = "Bath"
    edit(ada, city="Bath")
    assert sent()[-1] == "delivered" and org.asked() == [f"GET /sobjects/Contact/{linked}"]


def test_a_blank_is_never_sent(org: Org, linked: str, ada: Contact) -> None:
    org.values(linked)["Title"] = "Analyst"
    edit(ada, job_title="", city="Bath")
    sent()
    assert org.values(linked)["Title"] == "Analyst"
    assert all("Title" not in (r.json() or {}) for r in org.double.requests if r.method == "PATCH")


def test_one_who_has_it_already_is_found_by_a_former_address(
    org: Org, salesforce: Connection, ada: Contact
) -> None:
    there = org.add(Email=ada.email.upper(), MailingCity="Hull")
    edit(ada, email=NEW)
    assert sent()[-1] == "delivered" and org.ids() == [there]
    assert org.values(there)["Email"] == NEW and org.values(there)["MailingCity"] == "Hull"


def test_of_several_with_the_address_the_last_modified_one_is_updated(
    org: Org, salesforce: Connection, ada: Contact
) -> None:
    older, newer = org.add(Email=ada.email), org.add(Email=ada.email)
    org.values(older)["LastModifiedDate"] = "2020-01-01T00:00:00.000+0000"
    assert sent() == ["delivered"] and ExternalRecord.objects.get().external_id == newer
    assert words() == f"Updated {newer}, of 2 that could be this contact's."


def test_the_old_and_the_new_address_on_two_records_is_a_question(
    org: Org, salesforce: Connection, ada: Contact
) -> None:
    records = {org.add(Email=ada.email), org.add(Email=NEW)}
    edit(ada, email=NEW)
    assert sent()[-1] == "conflict"
    assert {each["id"] for each in CrmConflict.objects.get().records} == records


@pytest.mark.parametrize("spelled", ["+12025550195", "(202) 555-0195", "202-555-0195", "+1 202-555-0195"])  # fmt: skip
def test_without_an_address_one_is_found_by_its_number_however_it_is_spelled(
    org: Org, salesforce: Connection, member: User, spelled: str
) -> None:
    there = org.add(Phone=spelled)
    make_contact(member, email="", mobile_phone="+12025550195")
    assert sent()[-1] == "delivered" and org.ids() == [there]


def test_as_leads_new_ones_are_made_with_a_company(
    org: Org, admin_user: User, ada: Contact
) -> None:
    org.connect(admin_user, "Lead")
    edit(ada, company="", city="Bath")
    assert sent()[-1] == "delivered"
    (made,) = org.ids("Lead")
    assert (org.values(made)["Company"], org.values(made)["City"]) == ("[not provided]", "Bath")
    assert org.ids() == [] and ExternalRecord.objects.get().external_type == "lead"


def test_one_of_the_other_kind_is_found_and_kept_up_under_its_own_names(
    org: Org, admin_user: User, ada: Contact
) -> None:
    org.connect(admin_user, "Lead")
    there = org.add("Contact", Email=ada.email)
    sent()
    edit(ada, city="Bath", company="Acme")
    assert sent()[-1] == "delivered" and org.ids("Lead") == []
    assert org.values(there)["MailingCity"] == "Bath" and "Company" not in org.values(there)


def test_a_lead_that_was_converted_is_followed_to_its_contact(
    org: Org, admin_user: User, ada: Contact
) -> None:
    org.connect(admin_user, "Lead")
    edit(ada, city="Hull")
    sent()
    (lead,) = org.ids("Lead")
    contact = org.double.convert(lead)
    edit(ada, city="Bath")
    assert sent()[-1] == "delivered"
    assert org.values(contact)["MailingCity"] == "Bath" and org.values(lead).get("City") != "Bath"
    assert ExternalRecord.objects.get().external_id == contact


def test_a_lead_that_is_converted_between_reading_and_writing_is_followed(
    org: Org, admin_user: User, ada: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    org.connect(admin_user, "Lead")
    edit(ada, city="Hull")
    sent()
    (lead,) = org.ids("Lead")
    patch = org.double._patch

    def converted(kind: str, row: dict[str, object], *rest: object) -> object:
        if kind == "Lead" and not row["IsConverted"]:
            org.double.convert(lead)
        return patch(kind, row, *rest)

    monkeypatch.setattr(org.double, "_patch", converted)
    edit(ada, city="Bath")
    assert sent()[-1] == "delivered"
    (contact,) = org.ids()
    assert org.values(contact)["MailingCity"] == "Bath"


def test_a_record_that_was_merged_is_followed_to_its_master(
    org: Org, linked: str, ada: Contact
) -> None:
    between, master = org.add(), org.add()
    org.double.merge(between, linked)
    org.double.merge(master, between)
    edit(ada, city="Bath")
    assert sent()[-1] == "delivered" and org.values(master)["MailingCity"] == "Bath"
    assert ExternalRecord.objects.get().external_id == master


def test_a_record_that_was_deleted_is_looked_for_anew(org: Org, linked: str, ada: Contact) -> None:
    org.double.delete(linked)
    edit(ada, city="Bath")
    assert sent()[-1] == "delivered"
    (made,) = org.ids()
    assert made != linked and org.values(made)["MailingCity"] == "Bath"


def test_deleting_a_contact_here_asks_salesforce_nothing(
    org: Org, linked: str, ada: Contact
) -> None:
    edit(ada, city="Bath")
    delete_contact(contact_id=ada.pk, actor=by())
    sent()
    assert org.asked() == [] and org.ids() == [linked]


@pytest.mark.parametrize("trouble", ["hidden", "locked"])
def test_a_field_that_was_hidden_or_locked_since_is_left_out_and_said(
    org: Org, linked: str, ada: Contact, trouble: str
) -> None:
    getattr(org.double, trouble).add("MailingCity")
    edit(ada, city="Bath", job_title="Analyst")
    assert sent()[-1] == "delivered" and org.values(linked)["Title"] == "Analyst"
    assert words() == "Not sent, since Salesforce has removed, locked or changed it: Mailing City."
    account = CrmAccount.objects.get()
    rules = {rule.remote for rule in stored_rules(account.rules)}
    assert "MailingCity" in rules
    there = accounts.remotes_of(account).get("MailingCity")
    assert there is None if trouble == "hidden" else (there is not None and there.locked)


def test_a_required_field_without_a_value_or_fallback_is_named(
    org: Org, salesforce: Connection, member: User
) -> None:
    CrmAccount.objects.update(rules=as_rows([Rule("email", "Email"), Rule("last_name", "LastName")]))  # fmt: skip
    make_contact(member, email="x@example.com", first_name="X", last_name="")
    assert sent()[-1] == "failed" and org.ids() == []
    assert "needs a value for Last Name" in words() and "fallback" in words()


def test_an_org_with_a_field_for_our_ids_makes_each_once(
    org: Org, salesforce: Connection, ada: Contact, settings: object
) -> None:
    settings.CRMS = {**settings.CRMS, "salesforce": {**settings.CRMS["salesforce"], "key_field": "Kith_Id__c"}}  # type: ignore[attr-defined] # fmt: skip
    org.double.key_field = "Kith_Id__c"
    sent()
    (made,) = org.ids()
    assert org.values(made)["Kith_Id__c"] == ada.public_id
    ExternalRecord.objects.all().delete()
    org.values(made)["Email"] = "changed@example.com"
    edit(ada, city="Bath")
    assert sent()[-1] == "delivered" and org.ids() == [made]


def test_several_with_our_id_are_a_question(
    org: Org, salesforce: Connection, ada: Contact, settings: object
) -> None:
    settings.CRMS = {**settings.CRMS, "salesforce": {**settings.CRMS["salesforce"], "key_field": "Kith_Id__c"}}  # type: ignore[attr-defined] # fmt: skip
    org.double.key_field = "Kith_Id__c"
    records = {org.add(Kith_Id__c=ada.public_id), org.add(Kith_Id__c=ada.public_id)}
    assert sent() == ["conflict"]
    assert {each["id"] for each in CrmConflict.objects.get().records} == records
