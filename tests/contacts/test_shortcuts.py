"""The page of the keys; the single ones are turned off in the profile."""

from django.test import Client

from tests.contacts.pages import text_of


def test_the_shortcuts_page_lists_the_keys(as_member: Client) -> None:
    page = text_of(as_member.get("/shortcuts/"))
    for line in ("Search/", "Next contactj", "Edite", "Select rowx", "SaveCtrl Enter or ⌘ Enter"):
        assert line in page
    assert "Select the rows up to hereShift x or Shift and click" in page


def test_on_a_phone_more_begins_with_what_the_tabs_have_no_room_for(as_member: Client) -> None:
    page = as_member.get("/shortcuts/")
    words = text_of(page)
    for link in ("Possible duplicates", "Export contacts", "Settings", "Sign out"):
        assert words.rindex(link) < words.index("Next contact")
    assert 'href="/contacts/export/"' in page.content.decode()


def test_the_profile_names_every_key_that_it_turns_off(as_member: Client) -> None:
    assert "j, k, e, x, / and ?" in text_of(as_member.get("/settings/profile/"))


def test_nobody_has_no_shortcuts(client: Client, db: None) -> None:
    assert client.get("/shortcuts/").status_code == 302
