"""Text that wants to be markup is shown as text, runs nothing and asks the network for nothing."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from contacts.models import User
from tests.factories import make_contact
from tests.shared import shared_json

FIELDS = ("first_name", "last_name", "company", "job_title", "city", "street_address")


def test_no_payload_runs_on_any_page_of_a_contact(
    page: Page, live_server: Any, administrator: User, sign_in: Callable[[User], Page]
) -> None:
    payloads = shared_json("corpora/own/payloads/xss_contact_fields.json")
    contacts = [
        make_contact(administrator, **dict.fromkeys(FIELDS, payload)) for payload in payloads
    ]
    strangers: list[str] = []
    page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith(live_server.url) else strangers.append(asked.url)
        ),
    )
    sign_in(administrator)
    expect(page.locator(".rowlink")).to_have_count(len(payloads))
    for contact in contacts:
        for path in ("", "edit/", "delete/"):
            page.goto(f"{live_server.url}/contacts/{contact.public_id}/{path}")
            assert page.evaluate("window.__xss") is None
    assert strangers == [] and len(contacts) == len(payloads)
