"""Undo from a toast and from a contact's activity: saves and merges, with and without htmx."""

import json
import re
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.access import Role
from contacts.merging.undo import UnmergeChanged
from contacts.models import Contact, FieldChange, Merge, User
from contacts.retrying import Busy
from contacts.services import release_identifier
from contacts.undoing import token_for_merge, token_for_save
from tests.contacts.pages import HTMX, read, save, text_of, typed_into, url_of
from tests.contacts.unmerge_tools import edit, fold, merge_of, unfold
from tests.factories import by, make_contact, make_team, make_user


def toast_of(response: Any) -> dict[str, str]:
    detail: dict[str, str] = json.loads(response.headers["HX-Trigger"])["toast"]
    return detail


def post(client: Client, url: str, data: dict[str, str] | None = None, *, htmx: bool = True) -> Any:
    return client.post(url, data or {}, headers=HTMX if htmx else {})


def undo_url(user: User, contact: Contact, version: int) -> str:
    return reverse("undo", args=[token_for_save(user, contact.public_id, version)])


def page_of(contact: Contact) -> str:
    return url_of("merge_undo", contact, merge_of(contact).pk)


@pytest.fixture
def holder(member: User) -> Contact:
    return make_contact(member, first_name="Holder", email="holder@example.com", city="London")


@pytest.fixture
def merged(ada: Contact, holder: Contact) -> Contact:
    """The holder, into whom Ada was merged."""
    return fold(holder, ada)


# --- saves


@pytest.mark.parametrize("htmx", [True, False])
def test_the_toast_of_a_save_undoes_it(
    as_member: Client, ada: Contact, member: User, htmx: bool
) -> None:
    data = typed_into(ada, member, company="Analytical", city="London")
    saved = save(as_member, ada, data, htmx=htmx)
    if htmx:
        url = toast_of(saved)["undo"]
    else:
        page = as_member.get(saved.headers["Location"])
        url = re.findall(r'action="(/undo/[^"]+)"', page.content.decode().split('id="toasts"')[1])[
            0
        ]
    response = post(as_member, url, htmx=htmx)
    ada.refresh_from_db()
    assert (ada.company, ada.city) == ("Engines", "")
    if htmx:
        assert toast_of(response)["text"] == "2 fields set back"
        assert "contactsChanged" in response.headers["HX-Trigger"]
        assert response.headers["HX-Replace-Url"] == url_of("contact_detail", ada)
    else:
        assert response.headers["Location"] == url_of("contact_detail", ada)
        assert "2 fields set back" in text_of(as_member.get(response.headers["Location"]))


def test_the_list_stays_as_it_was_when_a_save_is_undone(
    as_member: Client, ada: Contact, member: User
) -> None:
    url = url_of("contact_edit", ada) + "?q=ada"
    saved = post(as_member, url, typed_into(ada, member, city="London"))
    response = post(as_member, toast_of(saved)["undo"])
    assert response.headers["HX-Replace-Url"] == url_of("contact_detail", ada) + "?q=ada"


def test_a_save_that_changed_nothing_offers_no_undo(
    as_member: Client, ada: Contact, member: User
) -> None:
    edit(ada, make_user(), city="London")
    typed = typed_into(Contact.objects.get(pk=ada.pk), member)
    assert "undo" not in toast_of(save(as_member, ada, typed))


def test_somebody_elses_save_is_not_offered_in_ones_own_toast(
    as_member: Client, ada: Contact, member: User
) -> None:
    """Both typed the same; the other was quicker, so this save changed nothing."""
    data = typed_into(ada, member, city="London")
    edit(ada, make_user(), city="London")
    assert "undo" not in toast_of(save(as_member, ada, data))


def test_a_value_set_back_can_be_undone(as_member: Client, ada: Contact, member: User) -> None:
    edit(ada, member, city="London")
    change = ada.history.filter(field="city")[0]
    response = post(as_member, url_of("field_restore", ada, change.pk))
    post(as_member, toast_of(response)["undo"])
    ada.refresh_from_db()
    assert ada.city == "London"


def test_the_activity_offers_to_undo_an_edit_as_long_as_it_can_be(
    as_member: Client, ada: Contact, member: User
) -> None:
    edit(ada, member, company="Analytical", city="London")
    html = as_member.get(url_of("contact_detail", ada)).content.decode()
    assert html.count("Undo this edit</button>") == 1
    url = re.findall(r'action="(/undo/[^"]+)"', html)[0]
    text = text_of(post(as_member, url))
    assert "Mia undid an edit of company, city" in text
    FieldChange.objects.update(at=timezone.now() - timedelta(days=31))
    assert "Undo this edit" not in as_member.get(url_of("contact_detail", ada)).content.decode()


def test_an_edit_that_was_overwritten_is_not_offered(
    as_member: Client, ada: Contact, member: User
) -> None:
    edit(ada, member, city="London")
    edit(ada, member, city="Turin")
    html = as_member.get(url_of("contact_detail", ada)).content.decode()
    assert html.count("Undo this edit</button>") == 1


def test_what_was_changed_since_is_told_and_stays(
    as_member: Client, ada: Contact, member: User
) -> None:
    saved = edit(ada, member, city="London")
    edit(ada, make_user(first_name="Sofia"), city="Turin")
    response = post(as_member, undo_url(member, ada, saved.version))
    assert response.status_code == 409
    assert "Nothing was set back. City was changed since by Sofia and stays." in text_of(response)


def test_an_address_of_others_is_told_without_naming_them(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    saved = edit(ada, member, email="new@example.com", city="London")
    row = ada.identifiers.get(current=False)
    release_identifier(contact_id=ada.pk, identifier_id=row.pk, actor=by())
    make_contact(stranger, first_name="Secret", email="ada@example.com")
    response = post(as_member, undo_url(member, ada, saved.version))
    text = text_of(response)
    assert response.status_code == 409 and "Secret" not in text
    assert "the old email belongs to another contact now. Nothing was changed." in text
    ada.refresh_from_db()
    assert ada.city == "London"


def test_a_save_of_a_contact_merged_since_says_what_to_do_first(
    as_member: Client, ada: Contact, holder: Contact, member: User
) -> None:
    saved = edit(ada, member, city="Turin")
    fold(holder, ada)
    url = undo_url(member, ada, saved.version)
    response = post(as_member, url)
    assert response.status_code == 409 and "Undo the merge first" in text_of(response)
    unfold(merge_of(holder))
    assert post(as_member, url).status_code == 200
    ada.refresh_from_db()
    assert ada.city == ""


def test_a_token_that_is_made_up_or_another_persons_is_like_nothing(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    saved = edit(ada, member, city="London")
    others = undo_url(stranger, ada, saved.version)
    for url in (others, "/undo/x/", "/undo/%00/", reverse("undo", args=["WyJzYXZlIl0:x:y"])):
        assert post(as_member, url).status_code == 404
    assert as_member.get(undo_url(member, ada, saved.version)).status_code == 405
    ada.refresh_from_db()
    assert ada.city == "London"


def test_a_contact_given_away_since_is_like_nothing(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    saved = edit(ada, member, city="London")
    Contact.objects.filter(pk=ada.pk).update(owner=stranger)
    assert post(as_member, undo_url(member, ada, saved.version)).status_code == 404


def test_busy_and_too_late_are_told(as_member: Client, ada: Contact, member: User) -> None:
    saved = edit(ada, member, city="London")
    url = undo_url(member, ada, saved.version)
    with mock.patch("contacts.views.undo.undo_save", side_effect=Busy):
        assert "Try again in a moment" in text_of(post(as_member, url))
    FieldChange.objects.update(at=timezone.now() - timedelta(days=31))
    response = post(as_member, url)
    assert response.status_code == 410 and "can no longer be undone" in text_of(response)


# --- merges


def test_the_activity_of_the_survivor_leads_to_undo_merge(
    as_member: Client, merged: Contact
) -> None:
    html = as_member.get(url_of("contact_detail", merged)).content.decode()
    assert f'href="{page_of(merged)}"' in html and "Undo merge</a>" in html


@pytest.mark.parametrize("htmx", [True, False])
def test_the_page_shows_both_records_as_they_will_be_and_keeps_its_word(
    as_member: Client, ada: Contact, merged: Contact, htmx: bool
) -> None:
    page = as_member.get(page_of(merged), headers=HTMX if htmx else {})
    text = text_of(page)
    assert "Undo merge" in text and f"{ada.public_id}, comes back" in text
    assert "Engines goes back to Empty" in text and "Lovelace" in text
    assert "Moving back: 1 email or mobile phone, 5 changes in the history." in text
    assert Contact.objects.count() == 1  # nothing yet
    response = post(as_member, page_of(merged), read(page).values, htmx=htmx)
    if htmx:
        told = toast_of(response)
        assert told == {"text": "Merge undone. Ada Lovelace is a contact of their own again"}
        assert response.headers["HX-Replace-Url"] == url_of("contact_detail", merged)
    else:
        assert response.headers["Location"] == url_of("contact_detail", merged)
    merged.refresh_from_db()
    assert (merged.company, Contact.objects.get(pk=ada.pk).company) == ("", "Engines")


def test_conflicts_are_listed_with_who_changed_them_and_can_be_chosen(
    as_member: Client, merged: Contact
) -> None:
    edit(merged, make_user(first_name="Sofia"), company="Analytical")
    page = as_member.get(page_of(merged), headers=HTMX)
    text = text_of(page)
    assert "1 field was changed since the merge." in text
    assert "Analytical now, by Sofia" in text and "Empty before the merge" in text
    data = read(page).values
    assert data["choice_company"] == "present"
    post(as_member, page_of(merged), {**data, "choice_company": "before"})
    merged.refresh_from_db()
    assert merged.company == ""


def test_without_script_a_choice_can_be_looked_at_first(
    as_member: Client, merged: Contact, member: User
) -> None:
    edit(merged, member, company="Analytical")
    data = {**read(as_member.get(page_of(merged))).values, "choice_company": "before"}
    page = post(as_member, page_of(merged), {**data, "preview": "1"}, htmx=False)
    assert read(page).values["choice_company"] == "before"
    assert Contact.objects.count() == 1


def test_identifiers_that_are_not_given_back_are_listed_with_why(
    as_member: Client, merged: Contact, stranger: User
) -> None:
    merged.identifiers.filter(value="ada@example.com").delete()
    make_contact(stranger, first_name="Secret", email="ada@example.com")
    text = text_of(as_member.get(page_of(merged)))
    assert "Not given back:" in text and "Email ada@example.com of Ada Lovelace" in text
    assert "It belongs to another contact now." in text and "Secret" not in text


def test_a_plan_that_changed_is_shown_again_before_anything_is_done(
    as_member: Client, merged: Contact, member: User
) -> None:
    data = read(as_member.get(page_of(merged))).values
    edit(merged, member, city="Turin")
    again = post(as_member, page_of(merged), data)
    assert again.status_code == 409 and "Something changed since this was shown" in text_of(again)
    assert Contact.objects.count() == 1
    assert post(as_member, page_of(merged), read(again).values).status_code == 200
    assert Contact.objects.count() == 2


def test_a_change_at_the_very_moment_is_shown_again_too(as_member: Client, merged: Contact) -> None:
    data = read(as_member.get(page_of(merged))).values
    with mock.patch("contacts.views.unmerge.undo_merge", side_effect=UnmergeChanged):
        again = post(as_member, page_of(merged), data)
    assert again.status_code == 409 and "Something changed" in text_of(again)
    with mock.patch("contacts.views.unmerge.undo_merge", side_effect=Busy):
        assert "Try again in a moment" in text_of(post(as_member, page_of(merged), data))


def test_the_toast_of_a_merge_undoes_it_at_once(
    as_member: Client, ada: Contact, holder: Contact, member: User
) -> None:
    prompt = save(as_member, ada, typed_into(ada, member, email="holder@example.com"))
    done = post(as_member, url_of("contact_merge", ada), read(prompt).values)
    told = toast_of(done)
    assert told["text"] == "Contacts merged"
    response = post(as_member, told["undo"])
    assert toast_of(response)["text"].startswith("Merge undone.")
    assert Contact.objects.count() == 2


def test_the_toast_of_a_merge_shows_first_what_there_is_to_choose(
    as_member: Client, merged: Contact, member: User
) -> None:
    edit(merged, member, company="Analytical")
    url = reverse("undo", args=[token_for_merge(member, merge_of(merged).pk)])
    response = post(as_member, url)
    assert response.status_code == 409 and response.headers["HX-Retarget"] == "#dialog"
    assert "1 field was changed since the merge." in text_of(response)
    post(as_member, page_of(merged), read(response).values)
    assert Contact.objects.count() == 2


def test_values_that_went_from_new_contact_into_a_record_are_undone_as_a_save(
    as_member: Client, holder: Contact, member: User
) -> None:
    data = typed_into(None, member, first_name="Ada", email="holder@example.com", city="Turin")
    prompt = post(as_member, reverse("contact_new"), data)
    done = post(as_member, reverse("contact_new_merge"), read(prompt).values)
    post(as_member, toast_of(done)["undo"])
    holder.refresh_from_db()
    assert (holder.first_name, holder.city) == ("Holder", "London")


def test_an_earlier_merge_of_a_chain_is_undone_from_the_last_survivor(
    as_member: Client, ada: Contact, merged: Contact, member: User
) -> None:
    last = make_contact(member, first_name="Last", email="last@example.com")
    first_merge = merge_of(merged)
    fold(last, merged)
    text = as_member.get(url_of("contact_detail", last)).content.decode()
    assert text.count("Undo merge</a>") == 2
    url = url_of("merge_undo", last, first_merge.pk)
    old = as_member.get(url_of("merge_undo", merged, first_merge.pk))
    assert old.headers["Location"] == url  # the id leads to where the record is now
    post(as_member, url, read(as_member.get(url)).values)
    assert set(Contact.objects.all()) == {ada, last}


def test_a_merge_that_cannot_be_undone_says_why(as_member: Client, merged: Contact) -> None:
    url = page_of(merged)
    Merge.objects.update(before={}, records={})
    page = as_member.get(url)
    assert page.status_code == 410 and "One of the contacts of this merge was deleted" in text_of(
        page
    )
    Merge.objects.update(at=timezone.now() - timedelta(days=31))
    assert "This one is older" in text_of(as_member.get(url))
    Merge.objects.update(undone_at=timezone.now())
    assert "was undone already" in text_of(post(as_member, url))


def test_both_activities_tell_of_the_merge_and_of_its_undo(
    as_member: Client, ada: Contact, merged: Contact, member: User
) -> None:
    unfold(merge_of(merged), member)
    survivor = text_of(as_member.get(url_of("contact_detail", merged)))
    assert survivor.count(f"merged {ada.public_id}") == 1
    assert survivor.count(f"Mia undid the merge of {ada.public_id}") == 1
    assert "Undo merge" not in survivor
    returned = text_of(as_member.get(url_of("contact_detail", ada)))
    assert returned.count("merged this contact into another one") == 1
    assert returned.count("Mia undid the merge, and this contact came back") == 1
    assert merged.public_id not in returned


# --- who may


@pytest.fixture
def hidden_merge(member: User, stranger: User) -> Contact:
    """A contact of the member, into whom an administrator merged one of a stranger."""
    mine = make_contact(member, first_name="Mine", email="mine@example.com")
    theirs = make_contact(stranger, first_name="Secret", company="Vault", email="s@example.com")
    return fold(mine, theirs)


def test_who_may_not_see_the_returning_record_is_told_whom_to_ask(
    as_member: Client, hidden_merge: Contact, admin_user: User, member: User
) -> None:
    url = page_of(hidden_merge)
    token = reverse("undo", args=[token_for_merge(member, merge_of(hidden_merge).pk)])
    for response in (as_member.get(url), post(as_member, url), post(as_member, token)):
        text = text_of(response)
        assert response.status_code == 403 and "Ask your administrator, Hanna, to undo it" in text
        assert "Secret" not in text and "Sten" not in text
    assert Contact.objects.count() == 1


def test_an_administrator_and_the_manager_of_both_may_undo_it(
    client: Client, hidden_merge: Contact, member: User, stranger: User, admin_user: User
) -> None:
    manager = make_user(Role.MANAGER)
    make_team(manager=manager, members=[member, stranger])
    for user in (manager, admin_user):
        client.force_login(user)
        page = client.get(page_of(hidden_merge))
        assert page.status_code == 200 and "Vault" in text_of(page)


def test_who_may_not_see_the_survivor_finds_nothing(
    client: Client, merged: Contact, stranger: User
) -> None:
    url = page_of(merged)
    token = reverse("undo", args=[token_for_merge(stranger, merge_of(merged).pk)])
    client.force_login(stranger)
    assert client.get(url).status_code == post(client, url).status_code == 404
    assert post(client, token).status_code == 404


def test_a_merge_of_another_contact_is_not_undone_from_here(
    as_member: Client, ada: Contact, merged: Contact, member: User
) -> None:
    other = make_contact(member)
    assert as_member.get(url_of("merge_undo", other, merge_of(merged).pk)).status_code == 404
    assert as_member.get(url_of("merge_undo", merged, 9_999)).status_code == 404
