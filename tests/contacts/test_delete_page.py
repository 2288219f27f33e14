"""Delete: the pop-up, and what is left of a contact afterwards."""

from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import Contact, Merge, PublicId, User
from contacts.retrying import Busy
from contacts.services import ContactGone, update_contact
from tests.contacts.pages import HTMX, text_of, url_of
from tests.factories import by, make_contact, merge
from tests.stored import everything_stored


def delete(client: Client, contact: Contact, *, htmx: bool = True) -> Any:
    return client.post(url_of("contact_delete", contact), headers=HTMX if htmx else {})


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_delete_asks_first_and_says_what_goes_and_what_stays(
    as_member: Client, ada: Contact, headers: dict[str, str]
) -> None:
    response = as_member.get(url_of("contact_delete", ada), headers=headers)
    text = text_of(response)
    assert response.status_code == 200 and 'role="alertdialog"' in response.content.decode()
    assert "Delete Ada Lovelace?" in text
    assert "The contact record is permanently removed. This cannot be undone." in text
    assert "Name, 1 email, 0 mobile phones and 1 other detail." in text
    assert ada.public_id + ", so that a link can say that the contact was deleted" in text
    assert "Delete contact" in text and Contact.objects.filter(pk=ada.pk).exists()


def test_what_is_too_long_for_a_phone_is_scrolled_by_the_keyboard(
    as_member: Client, ada: Contact
) -> None:
    html = as_member.get(url_of("contact_delete", ada), headers=HTMX).content.decode()
    assert 'tabindex="0" role="region" aria-label="What goes and what stays"' in html


def test_the_pop_up_mentions_the_merges_whose_undo_ends(
    as_member: Client, ada: Contact, member: User
) -> None:
    plain = text_of(as_member.get(url_of("contact_delete", ada), headers=HTMX))
    survivor = merge(ada, make_contact(member, email="a.lovelace@example.org"))
    merged = text_of(as_member.get(url_of("contact_delete", survivor), headers=HTMX))
    assert "merge" not in plain and "1 merge kept" in merged


def test_delete_removes_the_record_and_takes_the_row_out_of_the_list(
    as_member: Client, ada: Contact
) -> None:
    response = delete(as_member, ada)
    assert response.status_code == 200 and not Contact.objects.exists()
    assert response.headers["HX-Retarget"] == "#pane"
    assert response.headers["HX-Replace-Url"] == reverse("contact_list")
    for event in ("contactsChanged", "contactDeleted", ada.public_id, "Ada Lovelace deleted"):
        assert event in response.headers["HX-Trigger"]


def test_delete_without_script_returns_to_the_list_and_says_so(
    as_member: Client, ada: Contact
) -> None:
    url = url_of("contact_delete", ada) + "?sort=name"
    response = as_member.post(url, follow=True)
    assert response.redirect_chain == [(reverse("contact_list") + "?sort=name", 302)]
    assert "Ada Lovelace deleted" in text_of(response)


def test_nothing_but_the_id_is_left_anywhere(as_member: Client, ada: Contact, member: User) -> None:
    values = {"email": "second@example.com", "city": "Zork"}
    edited = update_contact(contact_id=ada.pk, actor=by(member), values=values)
    survivor = merge(
        edited, make_contact(member, last_name="Byron", email="a.lovelace@example.org")
    )
    delete(as_member, survivor)
    left = everything_stored()
    for value in (
        "ada@example.com",
        "second@example.com",
        "a.lovelace@",
        "Zork",
        "Byron",
        "Engines",
    ):
        assert value not in left
    ids = PublicId.objects.values_list("value", "state")
    assert dict(ids) == {survivor.public_id: "deleted", ada.public_id: "merged"}
    assert Merge.objects.get().before == {}


def test_the_address_of_a_deleted_contact_may_be_used_again(
    as_member: Client, ada: Contact, member: User
) -> None:
    delete(as_member, ada)
    assert make_contact(member, email="ada@example.com").pk


def test_a_deleted_contact_answers_404_and_so_does_deleting_it_again(
    as_member: Client, ada: Contact
) -> None:
    delete(as_member, ada)
    assert as_member.get(url_of("contact_detail", ada)).status_code == 404
    assert delete(as_member, ada).status_code == 404


def test_a_contact_merged_since_the_pop_up_is_asked_about_again(
    as_member: Client, ada: Contact, member: User
) -> None:
    survivor = merge(ada, make_contact(member, email="a.lovelace@example.org"))
    response = delete(as_member, ada)
    assert response.status_code == 409 and "was merged into this one" in text_of(response)
    assert list(Contact.objects.all()) == [survivor]


def test_a_contact_deleted_by_somebody_else_this_moment_is_gone_as_wanted(
    as_member: Client, ada: Contact
) -> None:
    def somebody_else(**_: Any) -> None:
        ada.delete()
        raise ContactGone

    with mock.patch("contacts.views.delete.delete_contact", side_effect=somebody_else):
        assert "Ada Lovelace deleted" in delete(as_member, ada).headers["HX-Trigger"]


def test_a_busy_contact_is_not_deleted_and_says_so(as_member: Client, ada: Contact) -> None:
    with mock.patch("contacts.views.delete.delete_contact", side_effect=Busy):
        response = delete(as_member, ada)
    assert response.status_code == 409 and "Try again in a moment" in text_of(response)
