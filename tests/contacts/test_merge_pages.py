"""Merge Contacts and Cannot Save Contact: what the prompts say, and that they keep their word."""

import re
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.urls import reverse

from contacts.access import Role
from contacts.fields import BY_NAME, FIELDS, as_text, current_value
from contacts.merging.merge import merge_contacts
from contacts.models import AuditEntry, ConflictRequest, Contact, Merge, User
from contacts.retrying import Busy
from contacts.services import update_contact
from tests.contacts.pages import HTMX, read, results_of, save, text_of, typed_into, url_of
from tests.factories import by, make_contact, make_user, typed

TAKEN = "al@example.com"


@pytest.fixture
def holder(member: User) -> Contact:
    """Another record of the same person, which holds the address."""
    return make_contact(
        member,
        first_name="A.",
        last_name="Lovelace",
        email=TAKEN,
        city="London",
        company="Tidewell",
    )


@pytest.fixture
def prompt(as_member: Client, ada: Contact, holder: Contact, member: User) -> Any:
    """What Save answers when the member types the holder's address into Ada's e-mail."""
    return save(as_member, ada, typed_into(ada, member, email=TAKEN, job_title="Countess"))


def confirm(client: Client, contact: Contact, data: dict[str, str], *, htmx: bool = True) -> Any:
    return client.post(url_of("contact_merge", contact), data, headers=HTMX if htmx else {})


def test_a_taken_address_opens_the_prompt_and_changes_nothing(
    prompt: Any, ada: Contact, holder: Contact
) -> None:
    text = text_of(prompt)
    assert prompt.status_code == 409 and prompt.headers["HX-Retarget"] == "#dialog"
    assert (
        f"{TAKEN} already belongs to another contact. Merging keeps one contact with the values "
        "under Result. Empty fields never clear existing data." in text
    )
    assert "Existing contact" in text and "Your changes" in text and "Merge contacts" in text
    ada.refresh_from_db()
    assert (ada.email, Contact.objects.count()) == ("ada@example.com", 2)


def test_the_prompt_marks_every_field_with_fill_replace_or_keep(prompt: Any) -> None:
    results = results_of(prompt)
    assert results["First name"] == ("Ada", "Replace")
    assert results["Company"] == ("Engines", "Replace")
    assert results["City"] == ("London", "Keep")
    assert results["Job title"] == ("Countess", "Fill")
    assert "Last name" not in results
    assert "1 blank field" in text_of(prompt) and "2 existing values" in text_of(prompt)


def test_the_outcome_is_the_result_column_field_by_field(
    as_member: Client, ada: Contact, holder: Contact, prompt: Any
) -> None:
    before = {field.label: as_text(current_value(holder, field)) for field in FIELDS}
    response = confirm(as_member, ada, read(prompt).values)
    holder.refresh_from_db()
    promised = {label: value for label, (value, _) in results_of(prompt).items()}
    for field in FIELDS:
        if field.name != "owner":
            stored = as_text(current_value(holder, field))
            assert stored == promised.get(field.label, before[field.label]), field.label
    assert response.headers["HX-Replace-Url"] == url_of("contact_detail", holder)
    assert "Contacts merged" in response.headers["HX-Trigger"]
    assert list(Contact.objects.all()) == [holder]


def test_the_prompt_without_script_is_a_page_and_merges_as_one(
    as_member: Client, ada: Contact, holder: Contact, member: User
) -> None:
    page = save(as_member, ada, typed_into(ada, member, email=TAKEN), htmx=False)
    assert page.status_code == 409 and page.content.decode().startswith("<!doctype html>")
    response = confirm(as_member, ada, read(page).values, htmx=False)
    assert response.headers["Location"] == url_of("contact_detail", holder)
    assert Merge.objects.get().survivor_id == holder.public_id


def test_a_replace_can_be_turned_into_keep(
    as_member: Client, ada: Contact, holder: Contact, prompt: Any
) -> None:
    data = {**read(prompt).values, "choice_company": "existing"}
    preview = confirm(as_member, ada, {**data, "preview": "1"}, htmx=False)
    assert results_of(preview)["Company"] == ("Tidewell", "Keep")
    confirm(as_member, ada, read(preview).values, htmx=False)
    holder.refresh_from_db()
    assert (holder.company, holder.first_name) == ("Tidewell", "Ada")


def test_a_made_up_choice_is_ignored(
    as_member: Client, ada: Contact, holder: Contact, prompt: Any
) -> None:
    data = {**read(prompt).values, "choice_company": "x", "choice_city": "new", "choice_pk": "1"}
    assert confirm(as_member, ada, data).status_code == 200
    holder.refresh_from_db()
    assert (holder.company, holder.city) == ("Engines", "London")


def test_cancel_without_script_returns_to_the_form_as_it_was_typed(
    as_member: Client, ada: Contact, prompt: Any
) -> None:
    data = {**read(prompt).values, "back": "1"}
    response = as_member.post(url_of("contact_edit", ada), data)
    typed_again = read(response).values
    assert response.status_code == 200 and "Not saved" not in text_of(response)
    assert (typed_again["email"], typed_again["job_title"]) == (TAKEN, "Countess")
    assert Contact.objects.count() == 2


@pytest.fixture
def phone_holder(member: User) -> Contact:
    return make_contact(
        member, first_name="Augusta", mobile_phone="+12025550101", country="England"
    )


def test_email_and_phone_of_two_contacts_are_merged_in_one_prompt(
    as_member: Client, ada: Contact, holder: Contact, phone_holder: Contact, member: User
) -> None:
    data = typed_into(ada, member, email=TAKEN, mobile_phone="202 555 0101")
    response = save(as_member, ada, data)
    text = text_of(response)
    assert f"{TAKEN} and +1 202-555-0101 already belong to two other contacts" in text
    assert "Existing contact 2Augusta" in text
    assert results_of(response)["Country"] == ("England", "Fill")
    confirm(as_member, ada, read(response).values)
    survivor = Contact.objects.get()
    assert (survivor.public_id, survivor.country) == (holder.public_id, "England")
    assert (survivor.email, survivor.mobile_phone) == (TAKEN, "+12025550101")
    for gone in (ada, phone_holder):
        page = as_member.get(url_of("contact_detail", gone))
        assert page.headers["Location"] == url_of("contact_detail", survivor)


def test_each_value_names_its_side_where_the_columns_have_no_heads(
    as_member: Client, ada: Contact, holder: Contact, phone_holder: Contact, member: User
) -> None:
    data = typed_into(ada, member, email=TAKEN, mobile_phone="+12025550101")
    row = save(as_member, ada, data).content.decode().split("<tbody>")[1].split("</tr>")[0]
    sides = re.findall(r'data-side="([^"]+)"', row)
    assert sides == ["Existing", "Existing 2", "Your change", "Result"]


def test_a_value_that_two_sides_share_is_offered_once(
    as_member: Client, ada: Contact, holder: Contact, phone_holder: Contact, member: User
) -> None:
    update_contact(contact_id=phone_holder.pk, actor=by(member), values={"company": "Tidewell"})
    data = typed_into(ada, member, email=TAKEN, mobile_phone="+12025550101")
    html = save(as_member, ada, data).content.decode()
    assert re.findall(r'name="choice_company" value="(\w+)"', html) == ["existing", "new"]


def test_a_new_contact_with_a_known_address_goes_into_the_existing_record(
    as_member: Client, holder: Contact, member: User
) -> None:
    data = typed_into(None, member, first_name="Ada", email="AL@example.com", job_title="Countess")
    prompt = as_member.post(reverse("contact_new"), data, headers=HTMX)
    assert prompt.status_code == 409 and "New contact" in text_of(prompt)
    response = as_member.post(reverse("contact_new_merge"), read(prompt).values, headers=HTMX)
    holder.refresh_from_db()
    assert response.status_code == 200 and list(Contact.objects.all()) == [holder]
    assert (holder.first_name, holder.job_title, holder.city) == ("Ada", "Countess", "London")


def test_a_record_changed_since_the_prompt_is_shown_before_it_is_merged(
    as_member: Client, ada: Contact, holder: Contact, member: User, prompt: Any
) -> None:
    update_contact(contact_id=holder.pk, actor=by(member), values={"city": "Ockham"})
    again = confirm(as_member, ada, read(prompt).values)
    assert again.status_code == 409 and "changed since this was shown" in text_of(again)
    assert results_of(again)["City"] == ("Ockham", "Keep")
    assert Contact.objects.count() == 2
    assert confirm(as_member, ada, read(again).values).status_code == 200


def test_a_record_that_changes_while_merging_is_shown_again(
    as_member: Client, ada: Contact, prompt: Any
) -> None:
    def changed_meanwhile(**kwargs: Any) -> Contact:
        update_contact(contact_id=kwargs["plan"].survivor.pk, actor=by(), values={"city": "Oslo"})
        return merge_contacts(**kwargs)

    with mock.patch("contacts.views.merge.merge_contacts", changed_meanwhile):
        again = confirm(as_member, ada, read(prompt).values)
    assert again.status_code == 409 and "changed since this was shown" in text_of(again)


def test_records_that_are_busy_say_so_in_the_prompt(
    as_member: Client, ada: Contact, prompt: Any
) -> None:
    with mock.patch("contacts.views.merge.merge_contacts", side_effect=Busy):
        response = confirm(as_member, ada, read(prompt).values)
    assert response.status_code == 409 and "Try again in a moment" in text_of(response)


def test_a_holder_deleted_since_the_prompt_makes_it_an_ordinary_save(
    as_member: Client, ada: Contact, holder: Contact, prompt: Any
) -> None:
    holder.delete()
    assert confirm(as_member, ada, read(prompt).values).status_code == 200
    ada.refresh_from_db()
    assert (ada.email, ada.job_title) == (TAKEN, "Countess")


def test_an_edited_contact_deleted_since_the_prompt_can_be_made_anew(
    as_member: Client, ada: Contact, prompt: Any
) -> None:
    ada.delete()
    response = confirm(as_member, ada, read(prompt).values)
    assert response.status_code == 404 and "can be saved as a new contact" in text_of(response)
    assert read(response).values["job_title"] == "Countess"


def test_a_holder_given_away_since_the_prompt_cannot_be_merged(
    as_member: Client, ada: Contact, holder: Contact, stranger: User, prompt: Any
) -> None:
    Contact.objects.filter(pk=holder.pk).update(owner=stranger)
    response = confirm(as_member, ada, read(prompt).values)
    assert response.status_code == 403 and "Tidewell" not in response.content.decode()
    assert Contact.objects.count() == 2


def test_somebody_elses_edit_is_not_undone_by_a_merge_from_an_old_form(
    as_member: Client, ada: Contact, holder: Contact, member: User
) -> None:
    data = typed_into(ada, member, email=TAKEN)
    update_contact(contact_id=ada.pk, actor=by(), values=typed(ada, company="Analytical"))
    prompt = save(as_member, ada, data)
    assert results_of(prompt)["Company"] == ("Analytical", "Replace")


def test_consent_does_not_become_true_by_a_merge(
    as_member: Client, ada: Contact, holder: Contact, member: User
) -> None:
    prompt = save(as_member, ada, typed_into(ada, member, email=TAKEN, has_consent="yes"))
    confirm(as_member, ada, {**read(prompt).values, "choice_has_consent": "new"})
    holder.refresh_from_db()
    assert holder.has_consent is False


# --- Cannot Save Contact


@pytest.fixture
def hidden(stranger: User) -> Contact:
    return make_contact(
        stranger,
        first_name="Secret",
        last_name="Person",
        email=TAKEN,
        mobile_phone="+12025550199",
        company="Vault",
        city="Zürich",
    )


def cannot_save(client: Client, contact: Contact, user: User, **values: str) -> Any:
    return save(client, contact, typed_into(contact, user, **values))


@pytest.mark.parametrize(
    "values",
    [
        {"email": TAKEN},
        {"mobile_phone": "+1 202 555 0199"},
        {"email": TAKEN, "mobile_phone": "+1 202 555 0199"},
    ],
)
def test_cannot_save_says_nothing_about_the_other_contact(
    as_member: Client,
    ada: Contact,
    hidden: Contact,
    member: User,
    admin_user: User,
    values: dict[str, str],
) -> None:
    response = cannot_save(as_member, ada, member, **values)
    seen = response.content.decode() + str(response.headers)
    assert response.status_code == 403
    for secret in ("Secret", "Person", "Vault", "Zürich", "Sten", hidden.public_id):
        assert secret not in seen
    stored = {TAKEN, "+12025550199"} - set(values.values())
    assert not any(value in seen for value in stored)


def test_cannot_save_has_the_exact_words_and_a_reference(
    as_member: Client, ada: Contact, hidden: Contact, member: User, admin_user: User
) -> None:
    response = cannot_save(as_member, ada, member, email=" AL@example.com")
    filed = ConflictRequest.objects.get()
    assert re.fullmatch(r"CR-[2-9A-HJKMNP-TV-Z]{5}", filed.reference)
    assert (
        "AL@example.com is assigned to a contact you do not have permission to view, so the two "
        "cannot be merged from your account. Contact your administrator, Hanna, to resolve the "
        f"Contact record conflict and give this reference: {filed.reference}"
    ) in text_of(response)
    assert "Nothing was saved. Your changes are still in the pane." in text_of(response)
    assert (filed.contact, list(filed.holders.all()), filed.asked_at) == (ada, [hidden], None)


def test_email_and_phone_are_answered_in_the_same_words(
    as_member: Client, ada: Contact, hidden: Contact, member: User
) -> None:
    by_email = cannot_save(as_member, ada, member, email=TAKEN)
    by_phone = cannot_save(as_member, ada, member, mobile_phone="+1 202 555 0199")
    words = [
        re.sub(r"CR-\w{5}|al@example.com|\+1 202 555 0199", "…", text_of(response))
        for response in (by_email, by_phone)
    ]
    assert words[0] == words[1]


def test_a_new_contact_with_a_hidden_address_cannot_be_saved_either(
    as_member: Client, hidden: Contact, member: User
) -> None:
    data = typed_into(None, member, first_name="Ada", email=TAKEN)
    response = as_member.post(reverse("contact_new"), data, headers=HTMX)
    assert response.status_code == 403 and "Secret" not in text_of(response)
    assert Contact.objects.count() == 1


def test_one_hidden_holder_hides_the_prompt_about_the_other(
    as_member: Client, ada: Contact, hidden: Contact, phone_holder: Contact, member: User
) -> None:
    response = cannot_save(as_member, ada, member, email=TAKEN, mobile_phone="+12025550101")
    assert response.status_code == 403 and "Augusta" not in text_of(response)


def test_the_same_refusal_again_has_the_same_reference(
    as_member: Client, ada: Contact, hidden: Contact, member: User
) -> None:
    for _ in range(3):
        cannot_save(as_member, ada, member, email=TAKEN)
    cannot_save(as_member, ada, member, email=TAKEN, company="Other")
    assert ConflictRequest.objects.count() == 2


@pytest.mark.parametrize("htmx", [True, False])
def test_ask_administrator_sends_the_request_and_keeps_what_was_typed(
    as_member: Client, ada: Contact, hidden: Contact, member: User, admin_user: User, htmx: bool
) -> None:
    data = typed_into(ada, member, email=TAKEN, job_title="Countess")
    refused = save(as_member, ada, data, htmx=htmx)
    filed = ConflictRequest.objects.get()
    url = reverse("ask_administrator", args=[filed.reference])
    asked = as_member.post(url, read(refused).values, headers=HTMX if htmx else {})
    assert f"Request {filed.reference} was sent to Hanna" in text_of(asked)
    filed.refresh_from_db()
    assert (
        filed.asked_at is not None and AuditEntry.objects.filter(action="conflict.asked").exists()
    )
    back = as_member.post(url_of("contact_edit", ada), {**read(asked).values, "back": "1"})
    assert read(back).values["job_title"] == "Countess" and read(back).values["email"] == TAKEN


def test_only_its_author_may_send_a_request(
    client: Client, ada: Contact, hidden: Contact, member: User
) -> None:
    client.force_login(member)
    cannot_save(client, ada, member, email=TAKEN)
    filed = ConflictRequest.objects.get()
    client.force_login(make_user(Role.ADMINISTRATOR))
    for reference in (filed.reference, "CR-XXXXX", "%00"):
        response = client.post(f"/contacts/requests/{reference}/ask/", headers=HTMX)
        assert response.status_code == 404
    filed.refresh_from_db()
    assert filed.asked_at is None


def test_an_administrator_gets_the_prompt_where_a_member_does_not(
    as_admin: Client, ada: Contact, hidden: Contact, admin_user: User
) -> None:
    response = cannot_save(as_admin, ada, admin_user, email=TAKEN)
    assert response.status_code == 409 and "Vault" in text_of(response)
    assert set(results_of(response)) <= {field.label for field in BY_NAME.values()}


# ------------------------------------------------------------------ another choice in the open prompt

ROWS = {"HX-Request": "true", "HX-Target": "dialog-rows"}


def test_another_choice_shows_its_result_and_does_nothing(
    as_member: Client, ada: Contact, holder: Contact, prompt: Any
) -> None:
    data = {**read(prompt).values, "choice_company": "existing"}
    response = as_member.post(url_of("contact_merge", ada), data, headers=ROWS)
    assert (response.status_code, response.has_header("HX-Retarget")) == (200, False)
    assert results_of(response)["Company"] == ("Tidewell", "Keep")
    assert "Keep 2 existing values" in text_of(response)
    assert Merge.objects.count() == 0


def test_another_choice_saves_nothing_when_the_address_was_released_meanwhile(
    as_member: Client, ada: Contact, holder: Contact, prompt: Any, member: User
) -> None:
    update_contact(contact_id=holder.pk, actor=by(member), values={"email": ""})
    holder.identifiers.all().delete()
    response = as_member.post(url_of("contact_merge", ada), read(prompt).values, headers=ROWS)
    ada.refresh_from_db()
    assert (response.status_code, ada.email) == (204, "ada@example.com")


def test_another_choice_tells_nothing_of_a_record_that_went_out_of_sight(
    as_member: Client, ada: Contact, holder: Contact, prompt: Any, stranger: User
) -> None:
    Contact.objects.filter(pk=holder.pk).update(owner=stranger)
    response = as_member.post(url_of("contact_merge", ada), read(prompt).values, headers=ROWS)
    assert (response.status_code, response.content) == (204, b"")
    assert ConflictRequest.objects.count() == 0


def test_another_choice_is_answered_for_a_new_contact_too(
    as_member: Client, holder: Contact, member: User
) -> None:
    data = typed_into(None, member, first_name="Ada", email=TAKEN, choice_first_name="existing")
    response = as_member.post(reverse("contact_new_merge"), data, headers=ROWS)
    assert results_of(response)["First name"] == ("A.", "Keep")
    assert Contact.objects.count() == 1
