"""What Salesforce's own rules refuse is asked, never forced; a person's choice is carried out."""

import pytest

from contacts.models import Contact, User
from integrations.crm import conflicts
from integrations.models import Connection, CrmConflict, ExternalRecord
from integrations.sandbox import salesforce_shapes as shapes
from tests.integrations.crm.salesforce_world import Org
from tests.integrations.crm.world import edit, sent, states, words

pytestmark = pytest.mark.django_db
NEW = "ada@new.example"


@pytest.fixture
def linked(org: Org, salesforce: Connection, ada: Contact) -> str:
    sent()
    org.double.requests.clear()
    return ExternalRecord.objects.get().external_id


def decide(user: User, choice: str, record: str = "") -> None:
    conflicts.choose(
        CrmConflict.objects.get(), choice=choice, record=record, user=user, merges=False
    )


@pytest.mark.parametrize("key", ["duplicateResut", "duplicateResult"])
@pytest.mark.parametrize("rule", ["block", "warn"])
def test_what_a_duplicate_rule_refuses_is_a_question_and_is_not_forced(
    org: Org, linked: str, ada: Contact, rule: str, key: str
) -> None:
    org.double.rule, org.double.result_key = rule, key
    edit(ada, email=NEW)
    other = org.add(Email=NEW)
    assert sent()[-1] == "conflict" and "DUPLICATES_DETECTED" in words()
    found = CrmConflict.objects.get()
    assert [each["id"] for each in found.records] == [linked, other] and found.linked == linked
    assert not any("allowSave=true" in str(r.headers) for r in org.double.requests)
    assert "@" not in words()


def test_a_new_contact_that_a_rule_takes_for_another_is_a_question(
    org: Org, salesforce: Connection, ada: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule looks at more than the address, so the search by address has found nobody."""
    there = org.add(Email="other@example.com")
    told = shapes.duplicates("Contact", [there], allow=True, key="duplicateResut")
    monkeypatch.setattr(org.double, "_ruled", lambda *_: told)
    assert sent() == ["conflict"] and org.ids() == [there]
    assert not ExternalRecord.objects.exists()
    assert [each["id"] for each in CrmConflict.objects.get().records] == [there]


@pytest.mark.parametrize("at_any_edit", [True, False])
def test_linking_to_the_other_record_writes_what_its_rules_let_through(
    org: Org, linked: str, ada: Contact, admin_user: User, at_any_edit: bool
) -> None:
    org.double.rule, org.double.rule_at_any_edit = "block", at_any_edit
    other, third = org.add(Email=NEW), org.add(Email=NEW)
    edit(ada, email=NEW, city="Bath")
    sent()
    decide(admin_user, "link", other)
    assert sent()[-1] == "delivered" and ExternalRecord.objects.get().external_id == other
    assert (org.values(other).get("MailingCity") == "Bath") is not at_any_edit
    assert org.values(third).get("MailingCity") is None and not CrmConflict.objects.exists()


def test_leaving_both_writes_nothing(org: Org, linked: str, ada: Contact, admin_user: User) -> None:
    org.double.rule = "block"
    org.add(Email=NEW)
    edit(ada, email=NEW)
    sent()
    decide(admin_user, "leave")
    org.double.requests.clear()
    assert sent()[-1] == "skipped" and org.asked() == []
    assert ExternalRecord.objects.get().external_id == linked


def test_no_page_offers_to_merge_in_salesforce(
    org: Org, linked: str, ada: Contact, admin_user: User
) -> None:
    org.double.rule = "block"
    org.add(Email=NEW)
    edit(ada, email=NEW)
    sent()
    with pytest.raises(conflicts.BadChoice):
        decide(admin_user, "merge", linked)
    assert states()[-1] == "conflict"
