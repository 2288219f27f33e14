"""The sample account: what `make demo` shows."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import phonenumbers
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from contacts.access import Role
from contacts.identity import parse_email, parse_mobile
from contacts.models import Account, Contact, Identifier, Import, PropertyKey, Team, User
from contacts.sample import CONTACTS, PASSWORD, SIGN_INS, load_sample_account
from contacts.search import DERIVED, derive


@pytest.mark.django_db
def test_it_loads_only_into_an_empty_database(admin_user: User) -> None:
    with pytest.raises(ValueError, match="empty database"):
        load_sample_account()
    assert not Contact.objects.exists()


class Loaded(NamedTuple):
    """What loading it twice into an empty database gave each time, and what it asked."""

    first: list[dict[str, Any]]
    second: list[dict[str, Any]]
    queries: int


@pytest.fixture(scope="module")
def sample(django_db_setup: None, django_db_blocker: Any) -> Iterator[Loaded]:
    """Loaded for all the tests, which only look at it; and once before that, for nothing."""
    with django_db_blocker.unblock(), transaction.atomic():
        with transaction.atomic():
            load_sample_account()
            first = told()
            transaction.set_rollback(True)
        with CaptureQueriesContext(connection) as asked:
            load_sample_account()
        yield Loaded(first, told(), len(asked))
        transaction.set_rollback(True)


def told() -> list[dict[str, Any]]:
    names = ("first_name", "last_name", "email", "mobile_phone", "company", "owner__email")
    return list(Contact.objects.order_by("pk").values(*names))


def test_it_is_the_same_every_time(sample: Loaded) -> None:
    assert sample.first == sample.second and len(sample.first) == CONTACTS


def test_it_is_made_in_bulk(sample: Loaded) -> None:
    assert sample.queries < CONTACTS // 2


@pytest.mark.usefixtures("sample")
def test_everybody_can_sign_in_and_owns_a_share() -> None:
    assert Account.load().name == "Fernhill Advisory"
    for email, role in SIGN_INS:
        user = User.objects.get(email=email)
        assert user.check_password(PASSWORD) and user.role is Role(role)
        assert Contact.objects.filter(owner=user).count() > 100


@pytest.mark.usefixtures("sample")
def test_roles_see_different_parts_of_it() -> None:
    seen = {
        user.email.partition("@")[0]: Contact.objects.visible_to(user).count()
        for user in User.objects.all()
    }
    assert seen["owner"] == seen["admin"] == CONTACTS
    assert CONTACTS > seen["manager"] > seen["member1"] and Team.objects.count() == 2


@pytest.mark.usefixtures("sample")
def test_every_value_is_one_that_the_pages_would_have_stored() -> None:
    for contact in Contact.objects.all():
        if contact.email:
            assert parse_email(contact.email).value == contact.email
        if contact.mobile_phone:
            number = phonenumbers.parse(contact.mobile_phone)
            assert phonenumbers.is_possible_number(number)
            assert parse_mobile(contact.mobile_phone, "US") == contact.mobile_phone
        stored = {name: getattr(contact, name) for name in DERIVED}
        derive(contact)
        assert stored == {name: getattr(contact, name) for name in DERIVED}


@pytest.mark.usefixtures("sample")
def test_nobody_real_is_reached_and_every_identifier_has_its_row() -> None:
    contacts = Contact.objects.all()
    assert all(c.email.endswith(".example") for c in contacts if c.email)
    current = Counter(Identifier.objects.filter(current=True).values_list("kind", flat=True))
    assert current["email"] == contacts.exclude(email="").count()
    assert current["mobile_phone"] == contacts.exclude(mobile_phone="").count()


@pytest.mark.usefixtures("sample")
def test_it_has_the_variety_that_lists_and_panes_need() -> None:
    contacts = Contact.objects.all()
    assert contacts.filter(email="").exists() and contacts.filter(mobile_phone="").exists()
    assert len(set(contacts.values_list("country", flat=True))) >= 4
    assert Counter(contacts.values_list("company", flat=True)).most_common(2)[1][1] > 1
    assert Identifier.objects.filter(current=False).exists()
    latest = contacts.order_by("-last_interacted_time").exclude(last_interacted_time=None)
    assert latest[0].history.filter(source="person").count() > 1


@pytest.mark.usefixtures("sample")
def test_four_in_ten_are_customers_with_properties() -> None:
    tiers = PropertyKey.objects.filter(property__name="customer_tier", sorts=True)
    assert 700 < tiers.count() < 950
    assert Contact.objects.exclude(custom={}).count() == tiers.count()
    assert Import.objects.get().counts() == {
        "rows": 192, "new": 100, "updated": 0, "unchanged": 90, "merged": 0, "invalid": 2, "refused": 0,
    }  # fmt: skip
