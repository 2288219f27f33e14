"""Deleting for good: no value of the person is left anywhere, only the id."""

import pytest

from contacts.conflicts import file_request
from contacts.deleting import delete_contact, plan_delete
from contacts.models import AuditEntry, Contact, Merge, PublicId, User
from contacts.services import ContactGone, update_contact
from tests.factories import NEW_ADDRESS, by, make_contact, merge
from tests.stored import everything_stored


def test_only_the_id_remains(ada: Contact, member: User) -> None:
    update_contact(contact_id=ada.pk, actor=by(member), values={"email": "second@example.org"})
    delete_contact(contact_id=ada.pk, actor=by(member))
    stored = everything_stored()
    for value in ("ada@example.com", "second@example.org", "Lovelace", "Engines"):
        assert value not in stored
    assert PublicId.objects.get(pk=ada.public_id).state == "deleted"


def test_merge_snapshots_of_the_whole_chain_lose_their_values(ada: Contact, member: User) -> None:
    holder = make_contact(member, first_name="Holder", email=NEW_ADDRESS)
    survivor = merge(ada, holder)
    assert plan_delete([survivor]).merges == 1
    delete_contact(contact_id=survivor.pk, actor=by(member))
    assert Merge.objects.get().before == {}
    assert "ada@example.com" not in everything_stored()


def test_a_refused_save_no_longer_names_the_contact_that_stood_in_its_way(
    ada: Contact, stranger: User
) -> None:
    typed = {"email": "ada@example.com"}
    filed = file_request(user=stranger, contact=None, typed=typed, holders=[ada.pk])
    delete_contact(contact_id=ada.pk, actor=by(ada.owner))
    filed.refresh_from_db()
    assert filed.state == "resolved" and "ada@example.com" not in everything_stored()


def test_the_address_may_be_used_again_by_a_new_contact(ada: Contact, member: User) -> None:
    delete_contact(contact_id=ada.pk, actor=by(member))
    again = make_contact(member, email="ada@example.com")
    assert again.public_id != ada.public_id


def test_who_deleted_which_id_stays_in_the_audit(ada: Contact, member: User) -> None:
    delete_contact(contact_id=ada.pk, actor=by(member))
    entry = AuditEntry.objects.get(action="contact.deleted")
    assert (entry.actor, entry.object_id) == (member, ada.public_id)


def test_the_pop_up_counts_what_goes(ada: Contact, member: User) -> None:
    update_contact(contact_id=ada.pk, actor=by(member), values={"email": "b@example.com"})
    ada.refresh_from_db()
    removal = plan_delete([ada])
    assert (removal.emails, removal.mobile_phones, removal.details) == (2, 0, 1)


def test_a_second_delete_says_that_it_is_gone(ada: Contact, member: User) -> None:
    delete_contact(contact_id=ada.pk, actor=by(member))
    with pytest.raises(ContactGone):
        delete_contact(contact_id=ada.pk, actor=by(member))
