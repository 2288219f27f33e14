"""What comes from people or from a vendor and must not be believed: with both CRMs, and as Sync activity
tells it. Records by the hundred have the same rules as one."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import Contact, Source, User
from contacts.services import update_contact
from contacts.signals import Actor
from integrations.connectors.base import ReconnectRequired
from integrations.crm import accounts
from integrations.crm.mapping import Rule, as_rows
from integrations.models import Connection, CrmAccount, Delivery, ExternalRecord
from integrations.sign_ins import ConnectionSignIn
from tests.contacts.pages import text_of
from tests.factories import make_contact
from tests.integrations.crm.both import Far
from tests.integrations.crm.salesforce_world import Org
from tests.integrations.crm.world import edit, later, sent, states, words

pytestmark = pytest.mark.django_db
ODD = [
    "o'neil@example.com", "a'OR'1'='1@example.com", "dörte@bücher.example", "δοκιμή@παράδειγμα.example",
    "a+b/c@example.com", "50%_off@example.com", "{x}&y=z@example.com",
]  # fmt: skip
NAMES = [
    ("Robert'); DELETE FROM Contact", "\\' OR Id != ''"),
    ("' OR LastName != '", "x\\' --\""),
    ("%", "_"),
    ("Zoë 🦊", "李\u200f"),
]


@pytest.fixture
def connected(far: Far, admin_user: User) -> Connection:
    return far.connect(admin_user)


@pytest.fixture
def linked(far: Far, connected: Connection, ada: Contact) -> str:
    sent()
    far.world.asked()
    return ExternalRecord.objects.get().external_id


def imported(contact: Contact, **values: str) -> None:
    """As a row of a file: it is sent by the calls for many."""
    update_contact(contact_id=contact.pk, actor=Actor(None, Source.IMPORT), values=values)


def told(client: Client) -> str:
    return text_of(client.get("/sync/"))


@pytest.mark.parametrize("address", ODD)
def test_whatever_an_address_holds_it_is_only_an_address(
    far: Far, connected: Connection, member: User, address: str
) -> None:
    eve, there = far.add(email="eve@example.com"), far.add(email=address)
    contact = make_contact(member, email=address, first_name="X")
    assert sent()[-1] == "delivered" and ExternalRecord.objects.get().external_id == there
    ExternalRecord.objects.all().delete()
    imported(contact, city="Bath")
    assert sent()[-1] == "delivered" and ExternalRecord.objects.get().external_id == there
    assert far.value(there, "city") == "Bath" and far.value(eve, "city") == ""
    assert far.value(eve, "email") == "eve@example.com" and len(far.ids) == 2


@pytest.mark.parametrize(("first", "last"), NAMES)
def test_whatever_a_name_holds_it_finds_and_changes_nothing_else(
    far: Far, connected: Connection, member: User, first: str, last: str
) -> None:
    """Of a contact without an address and number, whose making was lost: it is looked for by name."""
    there = far.add(first_name="Ada", last_name="Lovelace")
    far.double.faults = ["lost"]
    make_contact(member, email="", first_name=first, last_name=last, city="Bath")
    assert sent()[-1] == "unknown" and len(far.ids) == 2
    later()
    assert sent()[-1] == "delivered" and len(far.ids) == 2
    made = ExternalRecord.objects.get().external_id
    assert (far.value(made, "first_name"), far.value(made, "last_name")) == (first, last)
    assert far.value(there, "last_name") == "Lovelace" and far.value(there, "city") == ""


def test_the_longest_address_is_taken_or_told(
    far: Far, linked: str, ada: Contact, as_admin: Client
) -> None:
    """254 characters; Salesforce takes 80."""
    longest = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 50}.example"
    assert len(longest) == 251
    edit(ada, email=longest)
    expected = "delivered" if far.kind == "hubspot" else "failed"
    assert sent()[-1] == expected and far.ids == [linked]
    assert expected == "delivered" or "STRING_TOO_LONG" in told(as_admin)


@pytest.mark.parametrize("remove", [True, False])
@pytest.mark.parametrize("many", [True, False])
def test_a_field_that_was_removed_or_locked_is_left_out_and_said_at_each_edit(
    far: Far, linked: str, ada: Contact, as_admin: Client, remove: bool, many: bool
) -> None:
    far.lock("city", remove=remove)
    for city, title in (("Bath", "Analyst"), ("Hull", "Countess")):
        (imported if many else edit)(ada, city=city, job_title=title)
        ada.refresh_from_db()
        sent()
        later()
        assert sent()[-1] == "delivered" and far.value(linked, "job_title") == title
        assert f"Not sent, since {far.vendor.label} has removed, locked or changed it:" in words()
    (imported if many else edit)(ada, city="York")
    assert sent()[-1] == "delivered" and "City" in words()
    assert told(as_admin).count("Not sent, since") >= 3


@pytest.mark.parametrize("many", [True, False])
def test_an_address_whose_field_was_locked_is_no_success_and_the_rest_is_sent(
    far: Far, linked: str, ada: Contact, as_admin: Client, many: bool
) -> None:
    far.lock("email", remove=False)
    (imported if many else edit)(ada, email="ada@new.example", city="Bath")
    sent()
    later()
    assert sent()[-1] == "failed" and far.value(linked, "city") == "Bath"
    assert "Not sent, since" in told(as_admin) and "Email" in words()
    ada.refresh_from_db()
    far.double.locked = far.double.hidden = set()
    if far.kind == "hubspot":
        far.double.properties["email"]["modificationMetadata"]["readOnlyValue"] = False
    accounts.refresh(CrmAccount.objects.get(), far.connector())
    edit(ada, job_title="Analyst")
    assert sent()[-1] == "delivered" and far.value(linked, "email") == "ada@new.example"


def test_an_address_that_salesforce_hides_is_told_in_words(
    org: Org, salesforce: Connection, ada: Contact, as_admin: Client
) -> None:
    sent()
    org.double.hidden.add("Email")
    edit(ada, city="Bath")
    assert sent()[-1] == "failed"
    assert "Salesforce hides a field without which no record can be told from another: Email." in told(as_admin)  # fmt: skip


@pytest.mark.parametrize("many", [True, False])
def test_a_required_field_without_a_value_is_named_and_nothing_is_made(
    far: Far, connected: Connection, member: User, as_admin: Client, many: bool
) -> None:
    """HubSpot's rule is not in its list of fields, Salesforce's is."""
    far.double.required = {"lastname"}
    rules = [Rule("email", far.name("email")), Rule("last_name", far.name("last_name"))]
    CrmAccount.objects.update(rules=as_rows(rules))
    contact = make_contact(member, email="x@example.com", first_name="X", last_name="")
    if many:
        Delivery.objects.update(priority=Delivery.Priority.BACKLOG)
    sent()
    later()
    assert sent() == ["failed"] and far.ids == [] and not ExternalRecord.objects.exists()
    assert f"{far.vendor.label} needs a value for Last Name" in told(as_admin)
    edit(contact, last_name="Someone")
    assert sent()[-1] == "delivered" and len(far.ids) == 1


@pytest.mark.parametrize("by", ["id", "address", "many"])
def test_a_record_for_which_a_vendor_answers_with_another_is_not_written(
    far: Far, linked: str, ada: Contact, as_admin: Client, by: str
) -> None:
    far.double.answers_for = eve = far.add(email="eve@example.com", last_name="Eve")
    if by == "address":
        ExternalRecord.objects.all().delete()
    (imported if by == "many" else edit)(ada, city="Paris")
    sent()
    later()
    assert sent()[-1] == "retrying" and "answered with something that cannot be read" in told(as_admin)  # fmt: skip
    assert set(far.asked()) <= {"GET", "POST"} and far.value(eve, "city") == ""
    assert len(far.ids) == 2 and far.value(linked, "city") == ""


def test_a_record_that_is_made_and_read_back_as_another_is_in_doubt(
    far: Far, connected: Connection, ada: Contact
) -> None:
    eve = far.add(email="eve@example.com", last_name="Eve")
    create = far.double._create

    def made_by_another(*given: object) -> object:
        far.double.answers_for = eve
        return create(*given)

    far.double._create = made_by_another
    assert sent() == ["unknown"]
    far.double.answers_for, far.double._create = "", create
    later()
    assert sent() == ["delivered"] and len(far.ids) == 2
    assert ExternalRecord.objects.get().external_id != eve


def test_a_token_of_another_account_holds_everything_and_is_told(
    far: Far, linked: str, ada: Contact, as_admin: Client
) -> None:
    far.double.sign_in.access.clear()
    far.move()
    made = Connection.objects.get()
    with pytest.raises(ReconnectRequired, match="another account"):
        ConnectionSignIn(made.pk, far.vendor.provider).renewed(made.tokens()[0])
    edit(ada, city="Bath")
    assert sent()[-1] == "needs_reconnect" and far.value(linked, "city") == ""
    assert "The sign-in is for another account now" in told(as_admin)
    edit(ada, city="Hull")
    assert states()[-1] == "needs_reconnect"


def test_another_account_cannot_take_the_place_of_the_one_that_is_connected(
    far: Far, connected: Connection, as_admin: Client
) -> None:
    began = as_admin.get(reverse("crm_connect", args=[far.kind]))
    asked = {n: v[-1] for n, v in parse_qs(urlsplit(began["Location"]).query).items()}
    far.move()
    code = far.double.sign_in._code("host@example.com", asked)
    back = {"state": asked["state"], "code": code}
    answer = as_admin.get(reverse("crm_back", args=[far.kind]), back)
    assert answer.status_code == 409 and "another" in text_of(answer)
    made = Connection.objects.get()
    assert (
        made.external_account == connected.external_account and made.tokens() == connected.tokens()
    )
