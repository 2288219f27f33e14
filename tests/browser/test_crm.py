"""The CRM's pages: light and dark, desktop and phone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from playwright.sync_api import Page, expect

from contacts.models import Contact, User
from integrations.models import Delivery
from integrations.sandbox import crms, mailbox
from tests.browser.test_screens import fit_and_accessible
from tests.factories import make_contact
from tests.integrations.crm.salesforce_world import Org, served_by_salesforce
from tests.integrations.crm.world import Crm, edit, sent, served

pytestmark = pytest.mark.skipif(
    bool(django_settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)


@pytest.fixture
def crm(settings: Any) -> Iterator[Crm]:
    yield from served(settings)


@pytest.fixture
def org(settings: Any) -> Iterator[Org]:
    yield from served_by_salesforce(settings)


@pytest.fixture
def dispute(crm: Crm, administrator: User) -> tuple[Contact, Delivery]:
    """Ada, whose new address another record there has; one field was removed there."""
    crm.connect(administrator)
    ada = make_contact(
        administrator, first_name="Ada", last_name="Lovelace", email="ada@example.com", city="London"
    )  # fmt: skip
    sent()
    crm.add(email="ada@new.example", firstname="A.", lastname="King", company="Engines")
    delivery = edit(ada, email="ada@new.example", job_title="Analyst")
    assert sent()[-1] == "conflict"
    return ada, delivery


def test_crm_screens(
    page: Page,
    size: str,
    themed: User,
    dispute: tuple[Contact, Delivery],
    crm: Crm,
    live_server: Any,
    sign_in: Callable[[User], Page],
    picture: Callable[[str], None],
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.EMAIL_BACKEND, settings.KITH_HOME = mailbox.FILES, tmp_path
    sandbox = crms.CrmSandbox(lambda *_: [b""])
    sandbox.double.contacts = crm.double.contacts
    sandbox._save()
    contact, delivery = dispute
    sign_in(themed)
    for screen, path in {
        "crm-integrations": "/integrations/",
        "crm-sign-in": reverse("crm_sign_in", args=["hubspot"]),
        "crm-mapping": reverse("crm_mapping", args=["hubspot"]),
        "crm-disconnect": reverse("crm_disconnect", args=["hubspot"]),
        "crm-review": reverse("crm_review", args=[delivery.pk]),
        "crm-pane": reverse("contact_detail", args=[contact.public_id]),
        "crm-demo": "/settings/demo-crm/",
    }.items():
        page.goto(live_server.url + path)
        fit_and_accessible(page, screen)
        picture(screen)


def test_the_mapping_of_salesforce(
    page: Page,
    size: str,
    themed: User,
    org: Org,
    live_server: Any,
    enter: Callable[[User, str], Page],
    picture: Callable[[str], None],
) -> None:
    org.connect(themed)
    enter(themed, reverse("crm_mapping", args=["salesforce"]))
    expect(page).to_have_title("Salesforce · Fernhill Advisory")
    fit_and_accessible(page, "salesforce-mapping")
    last_name = page.get_by_label("Fallback for Last name")
    last_name.fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(last_name).to_have_attribute("aria-invalid", "true")
    said = page.locator("#e-last_name")
    expect(said).to_contain_text("Say what to send where the contact has none")
    assert said.evaluate("e => e.scrollWidth <= e.clientWidth"), "it is cut off"
    fit_and_accessible(page, "salesforce-mapping-refused")
    picture("salesforce-mapping-refused")
    last_name.fill("Unknown")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Mapping saved")).to_be_visible()
    page.get_by_role("radio", name="Lead").check()
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_text("New contacts become Salesforce leads")).to_be_visible()
    company = page.get_by_label("Salesforce field for Company", exact=True)
    expect(company).to_have_value("Company")
    fit_and_accessible(page, "salesforce-leads")
