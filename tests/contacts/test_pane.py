"""The pane of a contact: what it shows, setting a field back, releasing a former identifier."""

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from contacts.access import Role
from contacts.models import (
    ConflictRequest,
    Contact,
    FieldChange,
    Identifier,
    PossibleDuplicate,
    Source,
    User,
)
from contacts.services import update_contact
from contacts.signals import Actor
from tests.contacts.pages import HTMX, save, text_of, typed_into, url_of
from tests.factories import by, make_contact, make_property, make_user, merge


def pane(client: Client, contact: Contact, query: str = "") -> Any:
    return client.get(url_of("contact_detail", contact) + query, headers=HTMX)


def edit(contact: Contact, user: User, **values: Any) -> None:
    update_contact(contact_id=contact.pk, actor=by(user), values=values)


def test_a_long_text_has_a_line_of_its_own_and_keeps_its_line_breaks(
    as_member: Client, ada: Contact, member: User
) -> None:
    make_property("Background", "long_text")
    edit(ada, member, custom_background="First line\nSecond line")
    page = pane(as_member, ada).content.decode()
    assert re.search(
        r'<div class="wide"><dt>Background</dt><dd [^>]*>First line\nSecond line', page
    )


def set_back(client: Client, contact: Contact, field: str, *, htmx: bool = True) -> Any:
    change = FieldChange.objects.filter(contact=contact, field=field).first()
    assert change is not None
    url = url_of("field_restore", contact, change.pk)
    return client.post(url, headers=HTMX if htmx else {})


def test_the_pane_shows_who_it_is_and_how_to_reach_them(as_member: Client, member: User) -> None:
    contact = make_contact(
        member,
        last_name="Lovelace",
        email="ada@example.com",
        mobile_phone="+447700900142",
        phone="+12025550101;ext=5",
        status="Qualified",
        employees=12,
    )
    response = pane(as_member, contact)
    html = response.content.decode()
    assert '<a href="mailto:ada@example.com">' in html and 'href="tel:+447700900142"' in html
    for text in ("Ada Lovelace", "Qualified", "+44 7700 900142", "ext. 5", "Employees", "12"):
        assert text in text_of(response)


def test_the_pane_is_a_part_for_htmx_and_a_page_with_the_list_without(
    as_member: Client, ada: Contact
) -> None:
    part, page = pane(as_member, ada), as_member.get(url_of("contact_detail", ada) + "?q=ada")
    assert part.content.decode().strip().startswith('<section class="sheet pane" id="pane"')
    assert page.content.decode().startswith("<!doctype html>")
    assert "All Contacts" in text_of(page) and "Contact " + ada.public_id in text_of(page)


def test_the_menu_has_exactly_edit_and_delete(as_member: Client, ada: Contact) -> None:
    html = pane(as_member, ada).content.decode()
    items = re.findall(r'role="menuitem"[^>]*>.*?</svg>(\w+)', html)
    assert items == ["Edit", "Delete"]


def test_activity_groups_what_one_save_changed(as_member: Client, ada: Contact) -> None:
    edit(ada, ada.owner, company="Analytical", city="London")
    text = text_of(pane(as_member, ada))
    assert "Mia edited company, city" in text
    assert "Company: Engines to Analytical" in text


def test_activity_names_the_row_and_the_file_of_an_import(as_member: Client, ada: Contact) -> None:
    actor = Actor(ada.owner, Source.IMPORT, "row 12 of leads.csv")
    update_contact(contact_id=ada.pk, actor=actor, values={"city": "London"})
    assert "updated it by import, row 12 of leads.csv" in text_of(pane(as_member, ada))


def test_activity_tells_of_a_merge_that_changed_no_field(as_member: Client, member: User) -> None:
    holder = make_contact(member, email="a.lovelace@example.org", status="Qualified")
    duplicate = make_contact(member)
    survivor = merge(duplicate, holder)
    assert not FieldChange.objects.filter(contact=survivor, source=Source.MERGE).exists()
    assert f"merged {duplicate.public_id}" in text_of(pane(as_member, survivor))


def test_activity_tells_of_each_merge_once(as_member: Client, ada: Contact, member: User) -> None:
    holder = make_contact(member, first_name="", email="a.lovelace@example.org")
    survivor = merge(ada, holder)
    assert text_of(pane(as_member, survivor)).count(f"merged {ada.public_id}") == 1


def test_a_long_history_starts_with_thirty_saves(as_member: Client, ada: Contact) -> None:
    for number in range(40):
        edit(ada, ada.owner, city=f"City {number}")
    first, whole = pane(as_member, ada), pane(as_member, ada, "?history=all")
    assert first.content.decode().count('class="dot') == 30
    assert "Show the whole history" in text_of(first)
    assert whole.content.decode().count('class="dot') == 41


def test_the_pane_costs_the_same_however_long_the_history(
    as_member: Client, ada: Contact, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    colleagues = [make_user(Role.MEMBER) for _ in range(10)]
    for colleague in colleagues:
        edit(ada, colleague, owner=colleague.pk)
    edit(ada, colleagues[0], owner=ada.owner_id)
    with django_assert_max_num_queries(24):
        pane(as_member, ada)


def test_one_field_can_be_set_back(as_member: Client, ada: Contact) -> None:
    edit(ada, ada.owner, company="Analytical", city="London")
    response = set_back(as_member, ada, "company")
    ada.refresh_from_db()
    assert (response.status_code, ada.company, ada.city) == (200, "Engines", "London")
    assert "edited company, set back" in text_of(response)


def test_setting_back_without_script_leads_back_to_the_contact(
    as_member: Client, ada: Contact
) -> None:
    edit(ada, ada.owner, company="Analytical")
    response = set_back(as_member, ada, "company", htmx=False)
    assert (response.status_code, response.headers["Location"]) == (
        302,
        url_of("contact_detail", ada),
    )


def test_an_address_that_others_have_now_is_not_set_back(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    edit(ada, member, email="new@example.com")
    Identifier.objects.filter(contact=ada, current=False).delete()
    make_contact(member, first_name="Other", email="ada@example.com")
    response = set_back(as_member, ada, "email")
    ada.refresh_from_db()
    assert (response.status_code, ada.email) == (409, "new@example.com")
    assert "belongs to another contact now" in text_of(response)


@pytest.mark.parametrize("htmx", [True, False])
def test_setting_back_to_an_address_of_a_hidden_contact_is_a_refused_save(
    as_member: Client, ada: Contact, member: User, stranger: User, htmx: bool
) -> None:
    edit(ada, member, email="new@example.com")
    Identifier.objects.filter(contact=ada, current=False).delete()
    make_contact(stranger, first_name="Secret", email="ada@example.com")
    response = set_back(as_member, ada, "email", htmx=htmx)
    assert response.status_code == 403 and "Secret" not in text_of(response)
    assert "Cannot Save Contact" in text_of(response)
    filed = ConflictRequest.objects.get()
    assert (filed.contact, filed.typed) == (ada, {"email": "ada@example.com"})


def test_an_owner_one_may_not_choose_is_not_set_back(
    as_member: Client, member: User, stranger: User
) -> None:
    contact = make_contact(stranger)
    edit(contact, stranger, owner=member.pk)
    assert "Set Owner back" not in pane(as_member, contact).content.decode()
    response = set_back(as_member, contact, "owner")
    contact.refresh_from_db()
    assert (response.status_code, contact.owner) == (403, member)


def test_a_change_of_another_contact_cannot_be_set_back_here(
    as_member: Client, ada: Contact, stranger: User
) -> None:
    other = make_contact(stranger, company="Hidden")
    change = FieldChange.objects.filter(contact=other).first()
    assert change is not None
    response = as_member.post(url_of("field_restore", ada, change.pk), headers=HTMX)
    assert response.status_code == 404


def test_after_an_edit_the_pane_offers_not_to_keep_the_old_address(
    as_member: Client, ada: Contact, member: User
) -> None:
    response = save(as_member, ada, typed_into(ada, member, email="new@example.com"))
    assert "The old address was wrong: do not keep it" in text_of(response)
    former = ada.identifiers.get(current=False)
    released = as_member.post(url_of("identifier_release", ada, former.pk), headers=HTMX)
    assert released.status_code == 200
    assert "do not keep it" not in text_of(released)
    assert list(ada.identifiers.values_list("value", flat=True)) == ["new@example.com"]


def test_former_identifiers_are_shown_with_what_releasing_them_means(
    as_member: Client, ada: Contact
) -> None:
    edit(ada, ada.owner, mobile_phone="+12025550101")
    edit(ada, ada.owner, mobile_phone="", email="new@example.com")
    text = text_of(pane(as_member, ada))
    assert "Former identifiers2" in text.replace("identifiers 2", "identifiers2")
    assert "Email ada@example.com" in text and "Mobile phone +1 202-555-0101" in text
    assert "Once released, they may belong to somebody else." in text


def test_releasing_without_script_leads_back_to_the_contact(
    as_member: Client, ada: Contact
) -> None:
    edit(ada, ada.owner, email="new@example.com")
    former = ada.identifiers.get(current=False)
    response = as_member.post(url_of("identifier_release", ada, former.pk), follow=True)
    assert "ada@example.com released" in text_of(response)
    assert ada.identifiers.count() == 1


def test_the_current_address_and_those_of_others_cannot_be_released(
    as_member: Client, ada: Contact, stranger: User
) -> None:
    other = make_contact(stranger, email="o@example.com")
    edit(other, stranger, email="p@example.com")
    for identifier in (ada.identifiers.get(), other.identifiers.get(current=False)):
        url = url_of("identifier_release", ada, identifier.pk)
        assert as_member.post(url, headers=HTMX).status_code == 404
    assert Identifier.objects.count() == 3


def test_possible_duplicates_are_shown_when_they_may_be_seen(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    seen = make_contact(member, first_name="A.", last_name="Lovelace")
    hidden = make_contact(stranger, first_name="Hidden")
    for other in (seen, hidden):
        PossibleDuplicate.objects.create(first=ada, second=other, reason="same landline")
    text = text_of(pane(as_member, ada))
    assert "A. Lovelace same landline" in text and "Hidden" not in text


def test_the_id_of_a_merged_contact_leads_to_the_survivor(
    as_member: Client, ada: Contact, member: User
) -> None:
    survivor = merge(ada, make_contact(member, email="a.lovelace@example.org"))
    for kind in ("contact_detail", "contact_edit", "contact_delete"):
        response = as_member.get(url_of(kind, ada.public_id) + "?q=ada")
        assert response.status_code == 302
        assert response.headers["Location"] == url_of(kind, survivor) + "?q=ada"
