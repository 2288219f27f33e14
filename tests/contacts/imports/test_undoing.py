"""Undoing an import: what it made goes, what it changed goes back, and what came since stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.access import Role
from contacts.imports import running, undoing
from contacts.imports.undoing import CannotUndo, preview, start_undo
from contacts.models import Contact, Identifier, Import, PublicId, User
from contacts.services import update_contact
from tests.contacts.imports.engine import bring_in, plan, row
from tests.contacts.unmerge_tools import fold
from tests.factories import by, make_contact, make_user

pytestmark = pytest.mark.django_db
BOTH = (
    "Email,First Name,Company,City\nada@example.com,Ada,Analytical,Turin\nnew@example.com,New,,\n"
)


def undo(batch: Import, user: User) -> Import:
    start_undo(import_id=batch.pk, user=user)
    running.run(batch.pk)
    batch.refresh_from_db()
    return batch


def counts(batch: Import) -> tuple[int, int, int]:
    return batch.undo_removed, batch.undo_restored, batch.undo_kept


def test_new_contacts_go_and_changed_ones_are_as_they_were(admin_user: User, ada: Contact) -> None:
    batch = bring_in(BOTH, admin_user)
    new = Contact.objects.get(email="new@example.com")
    undo(batch, admin_user)
    ada.refresh_from_db()
    assert (batch.state, counts(batch)) == (Import.State.UNDONE, (1, 1, 0))
    assert (ada.company, ada.city) == ("Engines", "")
    assert not Contact.objects.filter(pk=new.pk).exists()
    assert PublicId.objects.get(pk=new.public_id).state == "deleted"


def test_the_page_says_before_what_it_does_after(admin_user: User, ada: Contact) -> None:
    batch = bring_in(BOTH, admin_user)
    update_contact(contact_id=ada.pk, actor=by(admin_user), values={"city": "Bath"})
    shown = preview(batch)
    undo(batch, admin_user)
    assert counts(batch) == (shown.removed, shown.restored, shown.kept) == (1, 1, 0)
    assert [each.note for each in shown.examples] == [row(batch, 2).undo_note]


def test_a_field_that_somebody_changed_since_stays_and_is_named(
    admin_user: User, ada: Contact
) -> None:
    batch = bring_in(BOTH, admin_user)
    update_contact(contact_id=ada.pk, actor=by(admin_user), values={"city": "Bath"})
    undo(batch, admin_user)
    ada.refresh_from_db()
    assert (ada.company, ada.city) == ("Engines", "Bath")
    assert row(batch, 2).undo_note == "City was changed since by Hanna and stays."


def test_a_new_contact_that_somebody_changed_or_that_was_active_stays(admin_user: User) -> None:
    batch = bring_in(
        "Email,First Name\na@example.com,A\nb@example.com,B\nc@example.com,C\n", admin_user
    )
    changed, active, _ = Contact.objects.order_by("email")
    update_contact(contact_id=changed.pk, actor=by(), values={"city": "Bath"})
    Contact.objects.filter(pk=active.pk).update(last_interacted_time=timezone.now())
    undo(batch, admin_user)
    assert set(Contact.objects.all()) == {changed, active} and counts(batch) == (1, 0, 2)
    notes = [row(batch, number).undo_note for number in (2, 3)]
    assert notes == ["It was changed since.", "It has gained activities since."]


def test_an_address_that_was_replaced_is_current_again_and_the_imported_one_is_free(
    admin_user: User, member: User
) -> None:
    noor = make_contact(member, email="old@example.com", mobile_phone="+12025550118")
    batch = bring_in("Email,Mobile Phone\nnew@example.com,+12025550118\n", admin_user)
    undo(batch, admin_user)
    noor.refresh_from_db()
    kept = Identifier.objects.filter(contact=noor, kind="email").values_list("key", "current")
    assert noor.email == "old@example.com" and list(kept) == [("old@example.com", True)]
    make_contact(member, email="new@example.com")


def test_an_earlier_address_that_is_anothers_now_is_not_seized(
    admin_user: User, member: User
) -> None:
    noor = make_contact(member, email="old@example.com", mobile_phone="+12025550118")
    batch = bring_in("Email,Mobile Phone,City\nnew@example.com,+12025550118,Bath\n", admin_user)
    Identifier.objects.filter(contact=noor, current=False).delete()
    make_contact(member, email="old@example.com")
    undo(batch, admin_user)
    noor.refresh_from_db()
    assert (noor.email, noor.city) == ("new@example.com", "")
    assert row(batch, 2).undo_note == "Email stays: another contact has the earlier one now."


def test_a_contact_that_was_merged_since_stays_with_its_survivor(
    admin_user: User, ada: Contact
) -> None:
    batch = bring_in(BOTH, admin_user)
    new = Contact.objects.get(email="new@example.com")
    survivor = fold(Contact.objects.get(pk=ada.pk), new)
    before = Contact.objects.get(pk=survivor.pk)
    undo(batch, admin_user)
    after = Contact.objects.get(pk=survivor.pk)
    assert after.first_name == before.first_name and batch.undo_removed == 0


def test_two_files_of_one_name_are_told_apart(admin_user: User, ada: Contact) -> None:
    first = bring_in("Email,City\nada@example.com,Turin\n", admin_user)
    second = bring_in("Email,Company\nada@example.com,Analytical\n", admin_user)
    undo(first, admin_user)
    ada.refresh_from_db()
    assert (ada.city, ada.company) == ("", "Analytical")
    undo(second, admin_user)
    ada.refresh_from_db()
    assert ada.company == "Engines"


def test_undone_once_and_for_thirty_days_and_by_administrators(
    admin_user: User, ada: Contact
) -> None:
    batch = bring_in(BOTH, admin_user)
    with pytest.raises(CannotUndo, match="administrators"):
        start_undo(import_id=batch.pk, user=make_user(Role.MANAGER))
    Import.objects.update(finished_at=timezone.now() - timedelta(days=31))
    with pytest.raises(CannotUndo, match="no longer"):
        start_undo(import_id=batch.pk, user=admin_user)
    Import.objects.update(finished_at=timezone.now())
    undo(batch, admin_user)
    with pytest.raises(CannotUndo, match="already"):
        start_undo(import_id=batch.pk, user=admin_user)


def test_what_was_only_planned_cannot_be_undone(admin_user: User) -> None:
    batch = plan(BOTH, admin_user)
    with pytest.raises(CannotUndo):
        start_undo(import_id=batch.pk, user=admin_user)


def test_a_stopped_import_is_undone_as_far_as_it_went(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Email\n" + "".join(f"p{n}@example.com\n" for n in range(6))
    batch = bring_in(text, admin_user)
    Import.objects.update(state=Import.State.CANCELLED, committed_through=4)
    undo(batch, admin_user)
    assert counts(batch) == (3, 0, 0) and Contact.objects.count() == 3


def test_a_worker_that_takes_over_does_no_row_twice(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contacts.imports.undo_plan.PAGE", 2)
    batch = bring_in("Email\n" + "".join(f"p{n}@example.com\n" for n in range(6)), admin_user)
    start_undo(import_id=batch.pk, user=admin_user)
    real, calls = undoing._undo_chunk, []

    def dies(*args: object) -> int | None:
        calls.append(args)
        if len(calls) == 2:
            raise MemoryError
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(undoing, "_undo_chunk", dies)
    with pytest.raises(MemoryError):
        running.run(batch.pk)
    Import.objects.update(lease_until=None)
    running.run(batch.pk)
    batch.refresh_from_db()
    assert counts(batch) == (6, 0, 0) and not Contact.objects.exists()


def test_the_same_file_can_be_imported_again_afterwards(admin_user: User, ada: Contact) -> None:
    undo(bring_in(BOTH, admin_user), admin_user)
    again = bring_in(BOTH, admin_user)
    assert (again.new, again.updated) == (1, 1)
