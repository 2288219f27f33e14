"""What may go wrong with Salesforce alone; what is the same with every CRM is in test_faults."""

import pytest
from django.utils import timezone

from contacts.models import Contact, Source, User
from contacts.services import update_contact
from contacts.signals import Actor
from integrations.activity_ahead import ahead
from integrations.models import Connection, ExternalRecord, Gate
from tests.factories import make_contact
from tests.integrations.crm.salesforce_world import Org
from tests.integrations.crm.world import edit, sent, words

pytestmark = pytest.mark.django_db
NEW = "ada@new.example"


@pytest.fixture
def linked(org: Org, salesforce: Connection, ada: Contact) -> str:
    sent()
    org.double.requests.clear()
    return ExternalRecord.objects.get().external_id


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


def test_the_sixth_approval_silently_ends_the_oldest_and_it_is_asked_for_again(
    org: Org, linked: str, ada: Contact
) -> None:
    for _ in range(5):
        org.double.sign_in._grant("host@example.com", "api refresh_token", fresh=True)
    org.double.sign_in.access.clear()
    edit(ada, city="Bath")
    assert sent()[-1] == "needs_reconnect"


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
    assert "little is left of its calls of a day" in ahead(member, timezone.now())[0]
    Gate.objects.filter(key=salesforce.gate).update(backlog_until=timezone.now())
    assert sent()[-2:] == ["delivered", "delivered"]


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
