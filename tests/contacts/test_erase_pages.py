"""The pages of Erase personal data: how one gets there, what they ask, what they hand over."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts import erasing
from contacts.deleting import delete_contact
from contacts.erasing import Eraser, erase_contact
from contacts.models import AuditEntry, Contact, Import, User
from tests.contacts.imports.engine import bring_in, plan
from tests.contacts.pages import HTMX, read, text_of, url_of
from tests.factories import NEW_ADDRESS, by, make_contact, merge


def page(contact: Contact | str) -> str:
    return url_of("erase_contact_data", contact)


def confirm(client: Client, contact: Contact | str, typed: str) -> Any:
    return client.post(page(contact), {"confirm": typed}, follow=True)


def test_the_delete_pop_up_offers_it_to_administrators_only(
    client: Client, ada: Contact, admin_user: User, member: User
) -> None:
    for user, offered in ((admin_user, True), (member, False)):
        client.force_login(user)
        asked = client.get(url_of("contact_delete", ada), headers=HTMX)
        assert (page(ada) in asked.content.decode()) is offered
        assert ("Erase personal data instead" in text_of(asked)) is offered


@pytest.mark.parametrize("spelled", ["{0}", " {0} ", "{1}"])
def test_settings_leads_there_by_the_id(as_admin: Client, ada: Contact, spelled: str) -> None:
    typed = spelled.format(ada.public_id, ada.public_id.lower())
    answer = as_admin.get(reverse("erase_start"), {"id": typed})
    assert (answer.status_code, answer["Location"]) == (302, page(ada))


@pytest.mark.parametrize("typed", ["CTC-NEVER0000000", "Ada Lovelace", "\x00x", "é"])
def test_an_id_that_never_was_is_said_to_be_unknown(as_admin: Client, typed: str) -> None:
    answer = as_admin.get(reverse("erase_start"), {"id": typed})
    assert answer.status_code == 404 and "No contact has or had this ID" in text_of(answer)
    assert read(answer).values["id"] == typed.replace("\x00", "")
    assert as_admin.get(f"/settings/erase/{typed}/").status_code == 404


def test_the_page_says_what_goes_what_stays_and_what_is_out_of_reach(
    as_admin: Client, ada: Contact, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in("Email,City\nada@example.com,London\n", admin_user)
    monkeypatch.setattr(
        erasing, "_erasers", [Eraser(plan=lambda _: {"past meetings": 9}, erase=lambda _: {})]
    )
    told = text_of(as_admin.get(page(ada)))
    for words in (
        "Erase personal data of Ada Lovelace",
        "Name, 1 email, 0 mobile phones and 2 other details",
        "Past meetings9 made anonymous",
        "The cells of 1 row",
        "The auditWho did what to which ID",
        "BackupsCopies of the database keep the person until they expire",
        "exports".capitalize() + ", import reports",
        "This cannot be undone",
    ):
        assert words in told, words
    assert Contact.objects.filter(pk=ada.pk).exists()


@pytest.mark.parametrize("typed", ["", "Ada", "CTC-", "ada@example.com", "yes"])
def test_nothing_is_erased_before_the_id_or_name_was_typed(
    as_admin: Client, ada: Contact, typed: str
) -> None:
    answer = confirm(as_admin, ada, typed)
    assert answer.status_code == 422 and "Nothing was erased." in text_of(answer)
    assert read(answer).values["confirm"] == typed
    assert Contact.objects.filter(pk=ada.pk).exists()


@pytest.mark.parametrize("spelled", ["{0}", "  {1} ", "ada lovelace", "Ada  Lovelace"])
def test_the_receipt_has_id_time_and_counts_and_no_value(
    as_admin: Client, ada: Contact, spelled: str
) -> None:
    answer = confirm(as_admin, ada, spelled.format(ada.public_id, ada.public_id.lower()))
    assert answer.redirect_chain == [(url_of("erase_receipt", ada), 302)]
    told = text_of(answer)
    entry = AuditEntry.objects.get(action="contact.erased")
    assert f"Record{ada.public_id}" in told and f"{entry.at:%B %Y, %H:%M:%S} UTC" in told
    assert "Contact record1" in told and "Emails1" in told and "Recorded changes5" in told
    for secret in ("Ada", "Lovelace", "ada@example.com", "Engines"):
        assert secret not in told
    assert not Contact.objects.exists()


def test_a_deleted_id_is_confirmed_by_the_id(as_admin: Client, ada: Contact) -> None:
    delete_contact(contact_id=ada.pk, actor=by())
    told = text_of(as_admin.get(page(ada)))
    assert "The contact record of this ID was deleted" in told
    assert "Nothing of this ID is left here" in told
    assert confirm(as_admin, ada, "Ada Lovelace").status_code == 422
    assert "Nothing was left to erase" in text_of(confirm(as_admin, ada, ada.public_id))
    assert "Erased before" in text_of(as_admin.get(page(ada)))


def test_a_merged_id_leads_to_the_page_of_the_one_it_stands_for(
    as_admin: Client, ada: Contact, member: User
) -> None:
    old = ada.public_id
    survivor = merge(ada, make_contact(member, email=NEW_ADDRESS))
    for method in (as_admin.get, as_admin.post):
        answer = method(page(old), {"confirm": old})
        assert answer["Location"] == f"{page(survivor)}?merged={old}"
    assert Contact.objects.get() == survivor
    told = text_of(as_admin.get(f"{page(survivor)}?merged={old}"))
    assert f"{old} was merged into this contact" in told
    assert "merged into" not in text_of(as_admin.get(f"{page(survivor)}?merged=CTC-OTHER"))


def test_a_running_import_is_named_and_what_was_typed_is_kept(
    as_admin: Client, ada: Contact, admin_user: User
) -> None:
    batch = plan("Email\nbob@example.com\n", admin_user)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
    answer = confirm(as_admin, ada, ada.public_id)
    assert answer.status_code == 409 and "“people.csv” is being imported" in text_of(answer)
    assert read(answer).values["confirm"] == ada.public_id
    assert Contact.objects.filter(pk=ada.pk).exists()


def test_every_erasure_of_an_id_has_its_receipt(as_admin: Client, ada: Contact) -> None:
    assert as_admin.get(url_of("erase_receipt", ada)).status_code == 404
    for _ in range(2):
        erase_contact(public_id=ada.public_id, actor=by())
    told = text_of(as_admin.get(url_of("erase_receipt", ada)))
    assert told.count("Receipt") >= 2 and "Nothing was left to erase" in told


def test_a_name_is_shown_as_text(as_admin: Client, member: User) -> None:
    contact = make_contact(member, first_name="<img src=x>", last_name="<b>")
    answer = as_admin.post(page(contact), {"confirm": '"><script>x</script>'})
    assert "<img" not in answer.content.decode() and "<script>x" not in answer.content.decode()
