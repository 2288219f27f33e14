"""What the pages of an import show while a person chooses, and how it looks."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from contacts.models import Import, User
from tests.contacts.imports.engine import plan
from tests.factories import make_contact

Enter = Callable[[User, str], Page]


def test_what_a_column_becomes_follows_the_choice(enter: Enter, administrator: User) -> None:
    batch = plan("Email,Tea\na@example.com,Assam\n", administrator)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.UPLOADED)
    page = enter(administrator, f"/imports/{batch.pk}/map/")
    tea, email = (page.get_by_role("row").filter(has_text=name) for name in ("Assam", "a@exam"))
    expect(tea).to_contain_text("No field has this name.")
    tea.get_by_role("combobox").select_option(label="New property: text")
    expect(tea.get_by_text("Chosen")).to_be_visible()
    expect(tea.get_by_text("Left out")).to_be_hidden()
    email.get_by_role("combobox").select_option(label="Do not import")
    expect(email.get_by_text("Left out")).to_be_visible()
    expect(email.get_by_text("Matched")).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_word_replace_is_not_broken(enter: Enter, administrator: User, width: int) -> None:
    make_contact(administrator, email="a@example.com", company="Books")
    batch = plan("Email,Company\na@example.com,Press\n", administrator)
    page = enter(administrator, f"/imports/{batch.pk}/preview/")
    page.set_viewport_size({"width": width, "height": 844})
    badge = page.get_by_text("Replace", exact=True)
    lines = "badge => { const r = new Range(); r.selectNodeContents(badge); return r.getClientRects().length; }"
    assert badge.evaluate(lines) == 1
