"""Overview: the figures are the account's, as far as the person sees it; every plot has a table."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from contacts.models import Contact, Import, Source, User
from contacts.plots import Series, round_up, stacked_areas, stacked_bars
from tests.contacts.imports.engine import bring_in
from tests.contacts.pages import text_of
from tests.factories import make_contact


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    cache.clear()


def test_contacts_are_counted_by_source_and_month(
    as_admin: Client, admin_user: User, member: User
) -> None:
    make_contact(member, creation_time=timezone.now() - timedelta(days=70))
    bring_in("Email\na@example.com\nb@example.com\n", admin_user)
    told = text_of(as_admin.get("/overview/"))
    assert "Contacts3+2 this month" in told
    assert "CSV import 2" in told and "API and manual 1" in told
    assert Contact.objects.filter(source=Source.IMPORT).count() == 2


def test_rows_that_found_their_contact_are_duplicates_prevented(
    as_admin: Client, admin_user: User, member: User
) -> None:
    make_contact(member, email="a@example.com")
    make_contact(member, mobile_phone="+12025550101")
    text = "Email,Mobile phone,City\na@example.com,,Rome\n,+12025550101,\nnew@example.com,,\n"
    bring_in(text, admin_user)
    batch = Import.objects.get()
    assert (batch.matched_email, batch.matched_mobile) == (1, 1)
    told = text_of(as_admin.get("/overview/"))
    assert "Duplicates prevented2last 30 days" in told
    assert "Matched on email 1" in told and "Matched on mobile phone 1" in told


def test_a_member_counts_only_what_they_see_and_no_imports(
    client: Client, member: User, stranger: User, ada: Contact
) -> None:
    make_contact(stranger)
    client.force_login(member)
    told = text_of(client.get("/overview/"))
    assert "Contacts1+1 this month" in told
    assert "Imports" not in told and "Duplicates prevented" not in told


def test_an_empty_account_has_an_overview(as_admin: Client) -> None:
    assert "Contacts0+0 this month" in text_of(as_admin.get("/overview/"))


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 4), (1, 4), (5, 8), (9, 20), (81, 200), (12_408, 20_000)]
)
def test_the_scale_ends_at_a_round_number(highest: int, top: int) -> None:
    assert round_up(highest) == top


def test_bars_and_bands_stand_on_each_other() -> None:
    series = (Series("a", (2, 4)), Series("b", (2, 0)))
    bars = stacked_bars(("x", "y"), series, width=300, height=124).bars
    assert [round(bar.height) for bar in bars] == [45, 45, 90]
    assert bars[0].y == pytest.approx(bars[1].y + bars[1].height)
    assert len(stacked_areas(("x", "y"), series, width=300, height=124).areas) == 2
