"""What may go wrong with HubSpot alone; what is the same with every CRM is in test_faults."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Contact, User
from integrations.models import Connection, ExternalRecord
from tests.factories import make_contact
from tests.integrations.crm.world import Crm, edit, later, sent, words

pytestmark = pytest.mark.django_db
NEW = "ada@new.example"


@pytest.fixture
def linked(crm: Crm, connection: Connection, ada: Contact) -> str:
    sent()
    crm.double.requests.clear()
    return ExternalRecord.objects.get().external_id


@pytest.mark.parametrize("who", [{"mobile_phone": "+12025550195"}, {"first_name": "Nora"}])
def test_one_without_an_address_is_made_once_although_the_search_lags(
    crm: Crm, connection: Connection, member: User, monkeypatch: pytest.MonkeyPatch, who: Any
) -> None:
    crm.double.search_lag = 60
    make_contact(member, email="", **who)
    crm.double.faults = ["lost"] if "first_name" in who else ["", "lost"]
    assert sent()[-1] == "unknown" and len(crm.ids) == 1
    later()
    assert sent()[-1] == "retrying" and len(crm.ids) == 1
    ExternalRecord.objects.update(seen_at=timezone.now() - timedelta(minutes=3))
    crm.double.now = lambda: timezone.now().timestamp() + 120
    later()
    assert sent()[-1] == "delivered" and len(crm.ids) == 1


def test_a_token_that_ran_out_is_renewed_and_the_write_made(
    crm: Crm, admin_user: User, ada: Contact
) -> None:
    connection = crm.sign_in(admin_user)
    crm.double.sign_in.access.clear()
    edit(ada, city="London")
    assert sent()[-1] == "delivered" and crm.double.sign_in.refreshes == 1
    Connection.objects.update(expires_at=timezone.now())
    edit(ada, city="Paris")
    assert sent()[-1] == "delivered" and crm.double.sign_in.refreshes == 2
    assert Connection.objects.get(pk=connection.pk).version > connection.version


@pytest.mark.parametrize("keeps", [True, False])
def test_whether_the_old_address_stays_there_makes_no_difference(
    crm: Crm, linked: str, ada: Contact, keeps: bool
) -> None:
    crm.double.keeps_old = keeps
    edit(ada, email=NEW)
    edit(ada, email="third@example.com")
    sent()
    edit(ada, email=NEW)
    assert sent()[-1] == "delivered" and crm.values(linked)["email"] == NEW
    assert crm.ids == [linked]


def test_a_rule_of_the_account_that_refuses_a_contact_is_told(
    crm: Crm, connection: Connection, ada: Contact
) -> None:
    crm.double.required = {"zip"}
    assert sent()[-1] == "failed" and "needs a value for Postal Code" in words()
    assert not ExternalRecord.objects.exists()
    edit(ada, post_code="SW1")
    assert sent()[-1] == "delivered" and crm.values(crm.ids[0])["zip"] == "SW1"
