"""Edit Contact and New contact: what is saved, what is refused, and that nothing typed is lost."""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.urls import reverse

from contacts.access import Role
from contacts.merging.merge import merge_contacts, plan_merge
from contacts.models import Contact, FieldChange, User
from contacts.retrying import Busy
from contacts.services import update_contact
from tests.contacts.pages import HTMX, read, save, text_of, typed_into, url_of
from tests.factories import by, make_contact, make_user, typed
from tests.shared import shared_json

TEXT_FIELDS = ("first_name", "last_name", "company", "job_title", "salutation", "street_address", "city", "state", "post_code", "country", "company_size")  # fmt: skip


def test_save_stores_what_was_typed_and_answers_with_the_pane(
    as_member: Client, ada: Contact, member: User
) -> None:
    response = save(as_member, ada, typed_into(ada, member, job_title="Countess"))
    ada.refresh_from_db()
    assert (response.status_code, ada.job_title, ada.version) == (200, "Countess", 2)
    assert "Countess" in text_of(response) and "<html" not in response.content.decode()
    assert response.headers["HX-Replace-Url"] == url_of("contact_detail", ada)
    assert set(json.loads(response.headers["HX-Trigger"])) == {"contactsChanged", "toast"}


def test_save_without_script_leads_to_the_page_of_the_contact(
    as_member: Client, ada: Contact, member: User
) -> None:
    data = typed_into(ada, member, company="Analytical")
    response = as_member.post(url_of("contact_edit", ada) + "?q=ada", data, follow=True)
    assert response.redirect_chain == [(url_of("contact_detail", ada) + "?q=ada", 302)]
    assert "Contact saved" in text_of(response) and "Analytical" in text_of(response)


def test_saving_an_untouched_form_changes_nothing(as_member: Client, member: User) -> None:
    contact = make_contact(
        member,
        mobile_phone="+447700900142",
        phone="+12025550101;ext=5",
        street_address="1 Mill Lane\nOxford",
        has_consent=True,
        employees=12,
    )
    opened = read(as_member.get(url_of("contact_edit", contact), headers=HTMX)).values
    assert opened["mobile_phone"] == "+44 7700 900142"
    response = save(as_member, contact, opened)
    contact.refresh_from_db()
    assert (response.status_code, contact.version) == (200, 1)
    assert "Nothing was changed" in response.headers["HX-Trigger"]


def test_a_refused_save_names_every_fault_and_keeps_what_was_typed(
    as_member: Client, ada: Contact, member: User
) -> None:
    data = typed_into(ada, member, email="ada@engines", mobile_phone="+44 7700", company=" New ")
    response = save(as_member, ada, data)
    page = read(response)
    assert response.status_code == 422
    assert "Not saved. Fix 2 fields and save again." in text_of(response)
    assert (page.values["email"], page.values["mobile_phone"]) == ("ada@engines", "+44 7700")
    assert page.values["company"] == " New "
    ada.refresh_from_db()
    assert (ada.company, ada.version) == ("Engines", 1)


def test_a_fault_is_tied_to_its_field_and_the_summary_links_to_it(
    as_member: Client, ada: Contact, member: User
) -> None:
    response = save(as_member, ada, typed_into(ada, member, email="nobody"))
    html = response.content.decode()
    assert '<a class="link" href="#f-email">Email: An @ is missing' in html
    assert 'aria-invalid="true" aria-describedby="e-f-email"' in html
    assert 'class="err" id="e-f-email"' in html


def test_a_refused_save_without_script_is_a_whole_page(
    as_member: Client, ada: Contact, member: User
) -> None:
    response = save(as_member, ada, typed_into(ada, member, email="nobody"), htmx=False)
    assert response.status_code == 422 and "<html" in response.content.decode()
    assert read(response).values["email"] == "nobody"


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("first_name", "x" * 10_000, "Too long: 10,000 characters, at most 255"),
        ("phone", "+49 151 12345678901234 ext 12345678901234567890", "Too long"),
        ("employees", "a dozen", "Use a whole number"),
        ("timezone", "Atlantis/Capital", "Use a time zone such as Europe/London"),
        ("status", "Lead", "Use one of Qualified"),
        ("owner", "999999", "Choose an owner from the list"),
        ("owner", "", "Choose an owner from the list"),
    ],
)
def test_a_value_that_cannot_be_stored_says_why(
    as_member: Client, ada: Contact, member: User, field: str, value: str, fault: str
) -> None:
    response = save(as_member, ada, typed_into(ada, member, **{field: value}))
    assert response.status_code == 422
    assert fault in text_of(response)


def test_a_fault_among_the_further_fields_opens_them(
    as_member: Client, ada: Contact, member: User
) -> None:
    closed = as_member.get(url_of("contact_edit", ada), headers=HTMX)
    assert '<details class="more">' in closed.content.decode()
    response = save(as_member, ada, typed_into(ada, member, employees="many"))
    assert '<details class="more" open>' in response.content.decode()


def test_control_characters_and_nul_are_left_out(
    as_member: Client, ada: Contact, member: User
) -> None:
    save(as_member, ada, typed_into(ada, member, company="En\x00gi\x07nes\u200f Ltd"))
    ada.refresh_from_db()
    assert ada.company == "Engines\u200f Ltd"


def test_an_emptied_field_is_cleared(as_member: Client, ada: Contact, member: User) -> None:
    save(as_member, ada, typed_into(ada, member, company=""))
    ada.refresh_from_db()
    assert ada.company == ""


def test_unknown_fields_of_a_form_are_ignored(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    data = typed_into(ada, member, id="1", public_id="CTC-X", owner_id=stranger.pk, sort_name="z")
    assert save(as_member, ada, data).status_code == 200
    ada.refresh_from_db()
    assert (ada.owner, ada.version) == (member, 1)


@pytest.mark.parametrize("version", ["", "x", "-1", "²", "9" * 40, "1.5"])
def test_a_made_up_version_never_overwrites_or_fails(
    as_member: Client, ada: Contact, member: User, version: str
) -> None:
    response = save(as_member, ada, typed_into(ada, member, company="Mine", version=version))
    ada.refresh_from_db()
    assert (response.status_code, ada.company) in {(412, "Engines"), (200, "Mine")}


@pytest.fixture
def two_editors(ada: Contact, member: User, admin_user: User) -> dict[str, str]:
    """What the member typed while Hanna saved another company and a city."""
    data = typed_into(ada, member, company="Mine", job_title="Countess")
    values = typed(ada, company="Theirs", city="London")
    update_contact(contact_id=ada.pk, actor=by(admin_user), values=values, base_version=1)
    return data


def test_the_second_save_shows_both_values_and_keeps_what_was_typed(
    as_member: Client, ada: Contact, two_editors: dict[str, str]
) -> None:
    response = save(as_member, ada, two_editors)
    page = read(response)
    assert response.status_code == 412
    assert "Hanna saved this contact while you were editing. 1 field differs." in text_of(response)
    assert "Keep theirs: Theirs" in text_of(response) and "Use mine: Mine" in text_of(response)
    assert (page.values["company"], page.values["resolve_company"]) == ("Mine", "theirs")
    assert (page.values["city"], page.values["version"]) == ("London", "2")
    ada.refresh_from_db()
    assert (ada.company, ada.job_title) == ("Theirs", "")


@pytest.mark.parametrize(("choice", "company"), [("theirs", "Theirs"), ("mine", "Mine")])
def test_a_conflict_is_settled_as_chosen_and_everything_else_is_kept(
    as_member: Client, ada: Contact, two_editors: dict[str, str], choice: str, company: str
) -> None:
    again = read(save(as_member, ada, two_editors)).values
    response = save(as_member, ada, {**again, "resolve_company": choice})
    ada.refresh_from_db()
    assert response.status_code == 200
    assert (ada.company, ada.city, ada.job_title) == (company, "London", "Countess")


def test_what_is_typed_after_the_conflict_was_shown_is_not_thrown_away(
    as_member: Client, ada: Contact, two_editors: dict[str, str]
) -> None:
    again = read(save(as_member, ada, two_editors)).values
    save(as_member, ada, {**again, "company": "Both of us"})
    ada.refresh_from_db()
    assert ada.company == "Both of us"


def test_changes_of_different_fields_are_both_kept_without_a_question(
    as_member: Client, ada: Contact, member: User, admin_user: User
) -> None:
    data = typed_into(ada, member, job_title="Countess")
    update_contact(
        contact_id=ada.pk, actor=by(admin_user), values=typed(ada, city="London"), base_version=1
    )
    assert save(as_member, ada, data).status_code == 200
    ada.refresh_from_db()
    assert (ada.city, ada.job_title) == ("London", "Countess")


def test_an_edit_of_a_contact_merged_meanwhile_is_laid_over_the_survivor(
    as_member: Client, ada: Contact, member: User
) -> None:
    data = typed_into(ada, member, job_title="Countess")
    holder = make_contact(member, email="al@example.com", city="London", company="Holder Ltd")
    values = typed(ada, email="al@example.com")
    plan = plan_merge(holders={"email": holder}, edited=ada, values=values)
    merge_contacts(plan=plan, values=values, actor=by(member))
    response = save(as_member, ada, data)
    page = read(response)
    assert response.status_code == 412 and "was merged into" in text_of(response)
    assert (page.values["job_title"], page.values["city"]) == ("Countess", "London")
    assert page.values["email"] == "al@example.com"
    saved = save(as_member, holder, page.values)
    holder.refresh_from_db()
    assert (saved.status_code, holder.job_title) == (200, "Countess")


@pytest.mark.parametrize("fate", ["deleted", "given away"])
def test_an_edit_of_a_contact_gone_meanwhile_can_be_saved_as_a_new_one(
    as_member: Client, ada: Contact, member: User, stranger: User, fate: str
) -> None:
    data = typed_into(ada, member, email="", job_title="Countess")
    Contact.objects.filter(pk=ada.pk).update(owner=stranger)
    if fate == "deleted":
        ada.delete()
    response = save(as_member, ada, data)
    page = read(response)
    assert response.status_code == 404
    assert "This contact no longer exists, or you can no longer see it." in text_of(response)
    assert "aria-invalid" not in response.content.decode()
    created = as_member.post(reverse("contact_new"), page.values, headers=HTMX)
    assert created.status_code == 200
    assert Contact.objects.get(job_title="Countess").owner == member


def test_a_contact_changed_by_others_all_the_time_says_so_and_keeps_the_form(
    as_member: Client, ada: Contact, member: User
) -> None:
    with mock.patch("contacts.views.edit.update_contact", side_effect=Busy):
        response = save(as_member, ada, typed_into(ada, member, company="Mine"))
    assert response.status_code == 409 and "Try again in a moment" in text_of(response)
    assert read(response).values["company"] == "Mine"


def test_a_new_contact_belongs_to_who_makes_it(as_member: Client, member: User) -> None:
    page = as_member.get(reverse("contact_new"), headers=HTMX)
    data = {**read(page).values, "first_name": "Grace", "mobile_phone": "(202) 555-0101"}
    response = as_member.post(reverse("contact_new"), data, headers=HTMX)
    grace = Contact.objects.get()
    assert response.status_code == 200
    assert response.headers["HX-Replace-Url"] == url_of("contact_detail", grace)
    assert (grace.owner, grace.mobile_phone) == (member, "+12025550101")


def test_a_new_contact_without_script_redirects_to_its_page(
    as_member: Client, member: User
) -> None:
    data = typed_into(None, member, first_name="Grace")
    response = as_member.post(reverse("contact_new"), data)
    assert response.status_code == 302
    assert response.headers["Location"] == url_of("contact_detail", Contact.objects.get())


def test_a_wholly_empty_contact_is_refused(as_member: Client, member: User) -> None:
    data = typed_into(None, member, job_title="Somebody")
    response = as_member.post(reverse("contact_new"), data, headers=HTMX)
    assert response.status_code == 422 and not Contact.objects.exists()
    assert "Enter a name, an email or a mobile phone" in text_of(response)


def test_a_member_cannot_give_a_contact_to_somebody_else(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    assert str(stranger) not in text_of(as_member.get(url_of("contact_edit", ada), headers=HTMX))
    response = save(as_member, ada, typed_into(ada, member, owner=str(stranger.pk)))
    ada.refresh_from_db()
    assert (response.status_code, ada.owner) == (422, member)


def test_an_administrator_can_give_a_contact_to_anybody(
    as_admin: Client, ada: Contact, admin_user: User, stranger: User
) -> None:
    response = save(as_admin, ada, typed_into(ada, admin_user, owner=str(stranger.pk)))
    ada.refresh_from_db()
    assert (response.status_code, ada.owner) == (200, stranger)


def test_a_contact_keeps_an_owner_who_has_left(as_admin: Client, admin_user: User) -> None:
    left = make_user(Role.MEMBER)
    contact = make_contact(left)
    User.objects.filter(pk=left.pk).update(is_active=False)
    response = save(as_admin, contact, typed_into(contact, admin_user, company="Engines"))
    contact.refresh_from_db()
    assert (response.status_code, contact.owner, contact.company) == (200, left, "Engines")


def letters(text: str) -> list[str]:
    """What must survive: all but blanks and control characters; nothing of an invisible text."""
    kept = [c for c in text if not c.isspace() and unicodedata.category(c) != "Cc"]
    return kept if any(unicodedata.category(c) != "Cf" for c in kept) else []


def in_fields(texts: Iterable[str]) -> Iterator[dict[str, str]]:
    """Each text in one of the fields, as many in one form as there are fields."""
    rest = [text[:255] for text in texts]
    for start in range(0, len(rest), len(TEXT_FIELDS)):
        yield dict(zip(TEXT_FIELDS, rest[start:], strict=False))


@pytest.mark.parametrize(
    ("name", "times"),
    [("corpora/own/payloads/xss_contact_fields.json", len(TEXT_FIELDS)), ("corpora/blns/blns.json", 1)],
)  # fmt: skip
def test_every_nasty_text_is_shown_verbatim_in_pane_and_form(
    as_member: Client, member: User, name: str, times: int
) -> None:
    for texts in in_fields(text for text in shared_json(name) for _ in range(times)):
        contact = make_contact(member, email=f"{Contact.objects.count()}@example.com")
        saved: Any = save(as_member, contact, typed_into(contact, member, **texts))
        assert saved.status_code == 200, texts
        contact.refresh_from_db()
        form = as_member.get(url_of("contact_edit", contact), headers=HTMX)
        shown, words = read(form).values, text_of(saved)
        for field, text in texts.items():
            stored = getattr(contact, field)
            assert letters(stored) == letters(text) and shown[field] == stored, text
            assert " ".join(stored.split()) in words, text


def test_history_says_who_changed_what(as_member: Client, ada: Contact, member: User) -> None:
    save(as_member, ada, typed_into(ada, member, company="Analytical"))
    change = FieldChange.objects.get(contact=ada, version=2)
    assert (change.field, change.old, change.new) == ("company", "Engines", "Analytical")
    assert change.actor == member
