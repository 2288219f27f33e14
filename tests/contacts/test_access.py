"""Who reaches what: everything that may not be seen answers like what does not exist."""

from typing import Any

import pytest
from django.test import Client

from contacts.access import Role
from contacts.models import Account, Contact, User, new_public_id
from tests.contacts.pages import HTMX, text_of, typed_into, url_of
from tests.factories import make_contact, make_team, make_user, merge

GET = ("contact_detail", "contact_edit", "contact_delete")
POST = ("contact_edit", "contact_merge", "contact_delete")


@pytest.fixture
def foreign(stranger: User) -> Contact:
    return make_contact(stranger, first_name="Secret", email="secret@example.com", company="Vault")


def answer(response: Any) -> tuple[int, bytes, dict[str, str]]:
    """Everything the browser gets to see, but for the random token of forms and styles."""
    headers = {k: v for k, v in response.headers.items() if k != "Content-Security-Policy"}
    token = response.context.get("csrf_token", "") if response.context else ""
    body = response.content.replace(str(token).encode(), b"") if token else response.content
    return response.status_code, body, headers


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
@pytest.mark.parametrize("kind", GET)
def test_a_foreign_contact_answers_like_one_that_never_was(
    as_member: Client, foreign: Contact, kind: str, headers: dict[str, str]
) -> None:
    hidden = as_member.get(url_of(kind, foreign), headers=headers)
    absent = as_member.get(url_of(kind, new_public_id()), headers=headers)
    assert answer(hidden) == answer(absent)
    assert hidden.status_code == 404


@pytest.mark.parametrize("kind", POST)
def test_sending_a_form_to_a_foreign_contact_answers_like_one_that_never_was(
    as_member: Client, foreign: Contact, member: User, kind: str
) -> None:
    data = typed_into(None, member, first_name="Ada")
    hidden = as_member.post(url_of(kind, foreign), data, headers=HTMX)
    absent = as_member.post(url_of(kind, new_public_id()), data, headers=HTMX)
    assert answer(hidden) == answer(absent)
    assert hidden.status_code == 404
    assert Contact.objects.filter(first_name="Secret").exists()


def test_deleted_merged_and_made_up_ids_answer_404_too(
    as_member: Client, stranger: User, foreign: Contact
) -> None:
    deleted = make_contact(stranger)
    gone = deleted.public_id
    deleted.delete()
    merged = make_contact(stranger)
    merged_id = merged.public_id
    merge(merged, make_contact(stranger, email="a.lovelace@example.org"))
    for public_id in (gone, merged_id, "CTC-", "x" * 300, "%00", "..", "1"):
        response = as_member.get(f"/contacts/{public_id}/", headers=HTMX)
        assert response.status_code == 404, public_id


@pytest.mark.parametrize("kind", ["field_restore", "identifier_release"])
def test_small_actions_on_a_foreign_contact_answer_404(
    as_member: Client, foreign: Contact, kind: str
) -> None:
    row: Any = foreign.history.filter(field="company").get()
    if kind == "identifier_release":
        row = foreign.identifiers.get()
    assert as_member.post(url_of(kind, foreign, row.pk), headers=HTMX).status_code == 404
    assert foreign.identifiers.count() == 1


def test_a_404_for_htmx_is_a_pane_and_not_a_page_inside_the_page(
    as_member: Client, foreign: Contact
) -> None:
    response = as_member.get(url_of("contact_detail", foreign), headers=HTMX)
    assert response.headers["HX-Retarget"] == "#pane"
    assert "<html" not in response.content.decode()
    assert "it was deleted, or your account does not show it to you" in text_of(response)


def test_pages_ask_to_sign_in_first(client: Client, ada: Contact) -> None:
    for kind in GET:
        response = client.get(url_of(kind, ada))
        assert response.status_code == 302 and "/login/" in response.headers["Location"]


def test_a_team_manager_sees_and_edits_what_the_team_owns(
    client: Client, ada: Contact, member: User, foreign: Contact
) -> None:
    manager = make_user(Role.MANAGER, first_name="Max")
    make_team(manager=manager, members=[member])
    client.force_login(manager)
    assert client.get(url_of("contact_detail", ada), headers=HTMX).status_code == 200
    data = typed_into(ada, manager, owner=str(manager.pk))
    assert client.post(url_of("contact_edit", ada), data, headers=HTMX).status_code == 200
    ada.refresh_from_db()
    assert ada.owner == manager
    assert client.get(url_of("contact_detail", foreign), headers=HTMX).status_code == 404


def test_an_administrator_sees_every_contact(as_admin: Client, foreign: Contact) -> None:
    response = as_admin.get(url_of("contact_detail", foreign), headers=HTMX)
    assert "Secret" in text_of(response)


def test_where_members_may_not_delete_the_item_is_absent_and_the_call_refused(
    as_member: Client, ada: Contact
) -> None:
    Account.load()
    Account.objects.update(members_may_delete=False)
    page = as_member.get(url_of("contact_detail", ada))
    assert "Delete" not in text_of(page)
    for response in (
        as_member.get(url_of("contact_delete", ada)),
        as_member.post(url_of("contact_delete", ada)),
        as_member.post(url_of("contact_delete", ada), headers=HTMX),
    ):
        assert response.status_code == 403
    assert Contact.objects.filter(pk=ada.pk).exists()


def test_where_members_may_not_delete_administrators_still_may(
    as_admin: Client, ada: Contact
) -> None:
    Account.load()
    Account.objects.update(members_may_delete=False)
    as_admin.post(url_of("contact_delete", ada), headers=HTMX)
    assert not Contact.objects.filter(pk=ada.pk).exists()


def test_contact_pages_are_kept_by_no_cache(as_member: Client, ada: Contact) -> None:
    response = as_member.get(url_of("contact_detail", ada), headers=HTMX)
    assert "no-store" in response.headers["Cache-Control"]
    assert "HX-Request" in response.headers["Vary"]
