"""Person Accounts: contacts that are read as contacts, and written through their account."""

import pytest

from contacts.models import Contact, Source, User
from contacts.services import update_contact
from contacts.signals import Actor
from integrations.connectors.salesforce_people import on_account
from integrations.crm import conflicts
from integrations.models import Connection, CrmAccount, CrmConflict, Delivery, ExternalRecord
from tests.factories import make_contact
from tests.integrations.crm.salesforce_world import Org
from tests.integrations.crm.world import edit, sent, words

pytestmark = pytest.mark.django_db
NEW = "ada@new.example"


@pytest.fixture
def people(org: Org) -> Org:
    """An org with Person Accounts."""
    org.double.with_people()
    return org


def person(org: Org, **values: str) -> str:
    return str(org.double.add_person(**{"LastName": "Someone", **values})["Id"])


def account_of(org: Org, record: str) -> dict[str, object]:
    return org.values(str(org.values(record)["AccountId"]))


def writes(org: Org) -> list[str]:
    return [each for each in org.asked() if each.startswith(("PATCH", "POST"))]


@pytest.fixture
def ada_there(people: Org, admin_user: User, ada: Contact) -> str:
    """Ada is a Person Account there, linked."""
    record = person(people, Email=ada.email, FirstName=ada.first_name, LastName=ada.last_name)
    people.connect(admin_user)
    edit(ada, city="Hull")
    assert sent()[-1] == "delivered" and ExternalRecord.objects.get().external_id == record
    people.double.requests.clear()
    return record


def test_an_edit_goes_to_the_account_and_shows_on_the_contact(
    people: Org, ada_there: str, ada: Contact
) -> None:
    edit(ada, email=NEW, job_title="Analyst")
    assert sent()[-1] == "delivered"
    account = account_of(people, ada_there)
    assert (account["PersonEmail"], account["PersonTitle"]) == (NEW, "Analyst")
    assert (people.values(ada_there)["Email"], people.values(ada_there)["Title"]) == (
        NEW,
        "Analyst",
    )
    assert writes(people) == [f"PATCH /sobjects/Account/{account['Id']}"]


def test_the_stamp_that_was_read_is_the_condition_there_too(
    people: Org, ada_there: str, ada: Contact
) -> None:
    edit(ada, email=NEW)
    sent()
    [write] = [r for r in people.double.requests if r.method == "PATCH"]
    assert write.headers["if-unmodified-since"].endswith("GMT")
    assert "allowSave=false" in write.headers["sforce-duplicate-rule-header"]


def test_where_leads_are_made_a_person_account_is_written_the_same_way(
    people: Org, admin_user: User, ada: Contact
) -> None:
    record = person(people, Email=ada.email)
    people.connect(admin_user, kind="Lead")
    edit(ada, job_title="Analyst")
    assert sent()[-1] == "delivered" and people.ids("Lead") == []
    assert account_of(people, record)["PersonTitle"] == "Analyst"


def test_other_contacts_of_such_an_org_are_written_as_ever(
    people: Org, admin_user: User, ada: Contact
) -> None:
    record = people.add(Email=ada.email)
    people.connect(admin_user)
    edit(ada, city="Hull")
    assert sent()[-1] == "delivered" and people.values(record)["MailingCity"] == "Hull"
    assert writes(people) == [f"PATCH /sobjects/Contact/{record}"]


def test_an_org_without_them_is_not_asked_for_them(
    org: Org, salesforce: Connection, ada: Contact
) -> None:
    edit(ada, city="Hull")
    assert sent()[-1] == "delivered"
    assert all("IsPersonAccount" not in str(request.query) for request in org.double.requests)


def test_what_is_locked_on_the_account_is_left_out_and_said_as_the_contacts_field(
    people: Org, ada_there: str, ada: Contact
) -> None:
    people.double.locked.add("PersonTitle")
    edit(ada, email=NEW, job_title="Analyst")
    assert sent()[-1] == "delivered" and people.values(ada_there)["Email"] == NEW
    assert words() == "Not sent, since Salesforce has removed, locked or changed it: Title."


def test_a_duplicate_rule_of_accounts_is_a_question_about_contacts(
    people: Org, ada_there: str, ada: Contact, admin_user: User
) -> None:
    other = person(people, Email=NEW)
    people.double.rule = "block"
    edit(ada, email=NEW)
    assert sent()[-1] == "conflict"
    conflict = CrmConflict.objects.get()
    assert {each["id"] for each in conflict.records} == {ada_there, other}
    conflicts.choose(conflict, choice="link", record=other, user=admin_user, merges=False)
    assert sent()[-1] == "delivered" and ExternalRecord.objects.get().external_id == other


def test_an_import_writes_people_one_by_one_and_the_rest_together(
    people: Org, admin_user: User, member: User
) -> None:
    folk = [make_contact(member, first_name=f"N{n}", email=f"n{n}@example.com") for n in range(4)]
    records = [person(people, Email=folk[0].email), *(people.add(Email=c.email) for c in folk[1:])]
    people.connect(admin_user)
    for contact in folk:
        actor = Actor(None, Source.IMPORT)
        update_contact(contact_id=contact.pk, actor=actor, values={"job_title": "Analyst"})
    Delivery.objects.update(priority=Delivery.Priority.BACKLOG)
    assert set(sent()) == {"delivered"}
    assert [people.values(each)["Title"] for each in records] == ["Analyst"] * 4


def test_the_mark_is_no_field_to_map(people: Org, admin_user: User) -> None:
    connection = people.connect(admin_user)
    account = CrmAccount.objects.get(connection=connection)
    kept = {row["name"]: row["locked"] for row in account.remote_fields}
    assert kept["IsPersonAccount"] is True and "AccountId" not in kept


@pytest.mark.parametrize(
    "name, there",
    [("Email", "PersonEmail"), ("LastName", "LastName"), ("Phone", "Phone"),
     ("MailingCity", "PersonMailingCity"), ("Nickname__c", "Nickname__pc"),
     ("org__Nickname__c", "org__Nickname__pc")],
)  # fmt: skip
def test_how_an_account_calls_a_contacts_field(name: str, there: str) -> None:
    assert on_account(name) == there
