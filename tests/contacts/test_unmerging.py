"""Undoing a merge: what comes back, what stays, and what a person is asked about."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from contacts.deleting import delete_contact
from contacts.merging.merge import merge_contacts, plan_merge
from contacts.merging.undo import UnmergeChanged, undo_merge
from contacts.merging.undo_plan import EMPTIED, TOO_OLD, UNDONE, CannotUndo
from contacts.models import (
    AuditEntry,
    Contact,
    FieldChange,
    Identifier,
    ImportRow,
    Merge,
    MovedRow,
    PossibleDuplicate,
    PropertyKey,
    PublicId,
    User,
)
from contacts.services import release_identifier, update_contact
from contacts.signals import contacts_changed
from tests.contacts.imports.engine import bring_in
from tests.contacts.unmerge_tools import (
    edit,
    fold,
    hold,
    merge_of,
    planned,
    suspect,
    unfold,
)
from tests.factories import NEW_ADDRESS, by, make_contact, make_property, make_user, merge, typed


@pytest.fixture
def holder(member: User) -> Contact:
    return make_contact(
        member, first_name="A.", email="holder@example.com", city="London", status="Qualified"
    )


def fresh(contact: Contact) -> Contact:
    return Contact.objects.get(pk=contact.pk)


def addresses(contact: Contact) -> dict[str, bool]:
    return dict(contact.identifiers.values_list("value", "current"))


def release(contact: Contact, value: str) -> None:
    row = contact.identifiers.get(value=value)
    release_identifier(contact_id=contact.pk, identifier_id=row.pk, actor=by())


def test_both_records_are_there_again_with_their_ids_and_fields(
    ada: Contact, holder: Contact
) -> None:
    fold(holder, ada)
    assert fresh(holder).company == "Engines"
    unfold(merge_of(holder))
    assert (fresh(holder).company, fresh(holder).email) == ("", "holder@example.com")
    assert (fresh(ada).company, fresh(ada).last_name) == ("Engines", "Lovelace")
    public = PublicId.objects.get(pk=ada.public_id)
    assert (public.state, public.merged_into, public.contact) == ("live", None, ada)


def test_an_edit_made_since_stays_and_the_field_is_listed_with_who_made_it(
    ada: Contact, holder: Contact, member: User
) -> None:
    fold(holder, ada)
    edit(holder, member, company="Analytical")
    [row] = planned(merge_of(holder)).disputed
    assert (row.field.name, row.present, row.before) == ("company", "Analytical", "")
    assert row.changed_by is not None and row.changed_by.actor == member
    unfold(merge_of(holder))
    assert fresh(holder).company == "Analytical"


def test_the_value_from_before_can_be_chosen_for_a_field_in_conflict(
    ada: Contact, holder: Contact
) -> None:
    edit(ada, city="Paris")
    fold(holder, ada, choices={"city": ada.public_id})
    edit(holder, city="Oslo")
    unfold(merge_of(holder), choices={"city": "before", "company": "before"})
    assert fresh(holder).city == "London"


def test_a_choice_does_not_change_the_digest_of_what_was_seen(
    ada: Contact, holder: Contact
) -> None:
    fold(holder, ada)
    edit(holder, email="ada@example.com")
    merge = merge_of(holder)
    assert planned(merge).digest == planned(merge, {"email": "before"}).digest


def test_rows_made_after_the_merge_stay_with_the_survivor(
    ada: Contact, holder: Contact, member: User
) -> None:
    fold(holder, ada)
    pair = suspect(fresh(holder), make_contact(member))
    request = hold(fresh(holder), member)
    edit(holder, job_title="Countess")
    unfold(merge_of(holder))
    pair.refresh_from_db()
    request.refresh_from_db()
    assert holder.pk in {pair.first_id, pair.second_id} and request.contact == holder
    assert fresh(holder).job_title == "Countess"
    assert holder.history.filter(field="job_title").exists()


def test_rows_that_are_gone_or_elsewhere_are_counted_not_moved(
    ada: Contact, holder: Contact, member: User, admin_user: User
) -> None:
    bring_in(
        "Email,City\nada@example.com,Turin\nada@example.com,\nx@example.com,Bonn\n", admin_user
    )
    hold(ada, member)
    elsewhere = hold(ada, member)
    fold(holder, ada)
    ImportRow.objects.filter(contact=holder).first().delete()  # type: ignore[union-attr]
    other = make_contact(member)
    elsewhere.contact = other
    elsewhere.save()
    counts = {count.names[1]: count for count in planned(merge_of(holder)).counts}
    rows, refused = counts["import rows"], counts["refused saves"]
    assert (rows.gone, refused.back, refused.elsewhere) == (1, 1, 1)
    unfold(merge_of(holder))
    elsewhere.refresh_from_db()
    assert elsewhere.contact == other
    assert ada.conflict_requests.count() == 1


def test_the_history_of_each_is_its_own_again_and_tells_of_the_undo(
    ada: Contact, holder: Contact, member: User
) -> None:
    versions = list(ada.history.order_by("pk").values_list("pk", "version"))
    fold(holder, ada)
    unfold(merge_of(holder), member)
    assert list(ada.history.order_by("pk").values_list("pk", "version")) == versions
    last = holder.history.filter(field="company")[0]
    assert (last.source, last.old, last.new, last.actor) == ("merge", "Engines", "", member)
    assert last.detail == f"undo of merge, {ada.public_id}"
    entry = AuditEntry.objects.get(action="contact.unmerged")
    assert (entry.object_id, entry.detail["returned"]) == (holder.public_id, [ada.public_id])


def test_listeners_hear_of_the_survivor_and_of_each_record_that_is_back(
    ada: Contact, holder: Contact
) -> None:
    fold(holder, ada)
    heard: list[Any] = []

    def listen(changes: list[Any], **_: Any) -> None:
        heard.extend(changes)
        assert Contact.objects.filter(pk=ada.pk).exists()  # everything is in its place by then

    contacts_changed.connect(listen)
    try:
        unfold(merge_of(holder))
    finally:
        contacts_changed.disconnect(listen)
    assert [(c.kind, c.public_id, c.moved_ids) for c in heard] == [
        ("unmerged", holder.public_id, (ada.public_id,)),
        ("restored", ada.public_id, ()),
    ]
    assert heard[0].fields["company"] == ("Engines", "")
    assert heard[0].version == fresh(holder).version
    assert heard[1].version == fresh(ada).version > ada.version


def test_both_are_found_and_sorted_by_what_they_are_again(ada: Contact, holder: Contact) -> None:
    fold(holder, ada, choices={"last_name": ada.public_id})
    unfold(merge_of(holder))
    everybody = Contact.objects.all()
    assert list(everybody.search("lovelace", region="US")) == [ada]
    assert list(everybody.search("holder@", region="US")) == [holder]
    assert (fresh(ada).sort_company, fresh(holder).sort_name) == ("engines", "a.")


def test_custom_properties_come_back_with_their_keys(member: User, ada: Contact) -> None:
    tier = make_property("Tier")
    holder = make_contact(member, email="holder@example.com")
    edit(ada, custom_tier="Gold")
    fold(holder, ada)
    assert fresh(holder).custom == {tier.name: "Gold"}
    unfold(merge_of(holder))
    assert (fresh(holder).custom, fresh(ada).custom) == ({}, {tier.name: "Gold"})
    assert [key.contact for key in PropertyKey.objects.all()] == [ada]


# --- identifiers


def test_an_address_released_since_is_not_seized_back_but_listed(
    ada: Contact, holder: Contact
) -> None:
    fold(holder, ada)
    release(holder, "ada@example.com")
    [lost] = planned(merge_of(holder)).withheld
    assert (lost.record, lost.value, lost.why) == (ada, "ada@example.com", "It was released since.")
    unfold(merge_of(holder))
    assert (fresh(ada).email, addresses(ada)) == ("", {})
    change = ada.history.filter(field="email")[0]
    assert (change.old, change.new) == ("ada@example.com", "")


def test_an_address_taken_by_somebody_else_since_stays_theirs(
    ada: Contact, holder: Contact, stranger: User
) -> None:
    fold(holder, ada)
    release(holder, "ada@example.com")
    other = make_contact(stranger, first_name="Other", email="ADA@example.com")
    [lost] = planned(merge_of(holder)).withheld
    assert "belongs to another contact" in lost.why and "Other" not in lost.why
    unfold(merge_of(holder))
    assert (fresh(ada).email, addresses(other)) == ("", {"ADA@example.com": True})


def test_an_address_made_the_current_one_since_stays_with_the_survivor(
    ada: Contact, holder: Contact
) -> None:
    fold(holder, ada)
    edit(holder, email="ada@example.com")
    [lost] = planned(merge_of(holder)).withheld
    assert (lost.record, lost.value) == (ada, "ada@example.com")
    unfold(merge_of(holder))
    assert (fresh(holder).email, fresh(ada).email) == ("ada@example.com", "")


def test_it_returns_after_all_when_the_address_from_before_is_chosen(
    ada: Contact, holder: Contact
) -> None:
    """An address is in conflict only where the merge wrote the field, too."""
    fold(holder, ada, choices={"email": ada.public_id})
    edit(holder, email="third@example.com")
    edit(holder, email="ada@example.com")
    edit(holder, email="third@example.com")
    merge = merge_of(holder)
    assert [row.field.name for row in planned(merge).disputed] == ["email"]
    unfold(merge, choices={"email": "before"})
    assert addresses(holder) == {"holder@example.com": True, "third@example.com": False}
    assert addresses(ada) == {"ada@example.com": True}


def test_the_survivors_own_address_that_was_released_since_is_listed(
    ada: Contact, holder: Contact
) -> None:
    """The address that the merge made current goes home; what was released is not seized back."""
    fold(holder, ada, choices={"email": ada.public_id})
    release(holder, "holder@example.com")
    [lost] = planned(merge_of(holder)).withheld
    assert (lost.record, lost.value) == (holder, "holder@example.com")
    unfold(merge_of(holder))
    assert (fresh(holder).email, fresh(ada).email) == ("", "ada@example.com")
    assert addresses(holder) == {}


def test_a_number_typed_into_the_prompt_goes_with_the_merge_that_made_it(
    ada: Contact, holder: Contact, member: User
) -> None:
    values = typed(ada, email="holder@example.com", mobile_phone="+12025550123")
    plan = plan_merge(holders={"email": holder}, edited=ada, values=values)
    merge_contacts(plan=plan, actor=by(member), values=values)
    assert addresses(holder)["+12025550123"] is True
    unfold(merge_of(holder))
    assert not Identifier.objects.filter(key="+12025550123").exists()
    assert (fresh(holder).mobile_phone, fresh(ada).mobile_phone) == ("", "")


def test_what_a_person_typed_into_the_prompt_is_undone_with_it(ada: Contact, member: User) -> None:
    holder = make_contact(member, first_name="H", email=NEW_ADDRESS)
    merge(ada, holder)
    unfold(merge_of(holder))
    assert (fresh(ada).email, fresh(ada).status) == ("ada@example.com", "")
    assert (fresh(holder).email, fresh(holder).first_name) == (NEW_ADDRESS, "H")


# --- chains


@pytest.fixture
def chain(ada: Contact, holder: Contact, member: User) -> list[Contact]:
    """Ada was merged into the holder, and that one into the last."""
    last = make_contact(member, first_name="Last", email="last@example.com")
    edit(ada, job_title="Countess")
    fold(holder, ada)
    fold(last, holder)
    return [ada, holder, last]


def test_an_earlier_merge_of_a_chain_takes_its_rows_from_where_they_are_now(
    chain: list[Contact],
) -> None:
    ada, holder, last = chain
    history = FieldChange.objects.count()
    unfold(merge_of(holder))
    assert set(Contact.objects.all()) == {ada, last}
    assert ada.history.filter(field="job_title").exists()
    assert addresses(ada) == {"ada@example.com": True}
    assert addresses(last) == {"last@example.com": True, "holder@example.com": False}
    assert (fresh(last).job_title, fresh(last).city) == ("", "London")
    assert (
        FieldChange.objects.count()
        == history + last.history.filter(detail__startswith="undo").count()
    )


def test_undoing_the_later_merge_afterwards_leaves_the_rows_where_they_belong(
    chain: list[Contact],
) -> None:
    ada, holder, last = chain
    unfold(merge_of(holder))
    unfold(merge_of(last))
    assert {c.public_id: c.company for c in Contact.objects.all()} == {
        ada.public_id: "Engines",
        holder.public_id: "",
        last.public_id: "",
    }
    assert addresses(holder) == {"holder@example.com": True}
    assert ada.history.filter(field="job_title").exists()


def test_an_id_in_the_middle_of_a_chain_leads_to_where_it_is_folded_in(
    chain: list[Contact],
) -> None:
    ada, holder, last = chain
    unfold(merge_of(last))
    assert PublicId.objects.get(pk=ada.public_id).survivor().value == holder.public_id
    assert fresh(holder).company == "Engines"


def test_a_value_from_the_first_merge_that_was_edited_in_the_last_record_stays(
    chain: list[Contact],
) -> None:
    _ada, holder, last = chain
    edit(last, job_title="Baroness")
    plan = planned(merge_of(holder))
    assert [row.field.name for row in plan.disputed] == ["job_title"]
    unfold(merge_of(holder))
    assert fresh(last).job_title == "Baroness"


def test_a_merge_undone_and_done_again_can_be_undone_again(ada: Contact, holder: Contact) -> None:
    for _ in range(3):
        fold(holder, ada)
        unfold(merge_of(holder))
    assert (fresh(holder).company, fresh(ada).company) == ("", "Engines")
    assert addresses(ada) == {"ada@example.com": True}


# --- what cannot be undone


def test_a_merge_is_undone_once(ada: Contact, holder: Contact) -> None:
    fold(holder, ada)
    plan = planned(merge_of(holder))
    undo_merge(plan=plan, actor=by())
    with pytest.raises(CannotUndo, match=UNDONE):
        planned(merge_of(holder))
    with pytest.raises(CannotUndo, match=UNDONE):
        undo_merge(plan=plan, actor=by())


def test_after_30_days_a_merge_stays(ada: Contact, holder: Contact) -> None:
    fold(holder, ada)
    merge = merge_of(holder)
    Merge.objects.update(at=timezone.now() - timedelta(days=30, minutes=1))
    with pytest.raises(CannotUndo, match=TOO_OLD):
        planned(merge)


def test_a_merge_emptied_by_a_delete_says_so(ada: Contact, holder: Contact) -> None:
    fold(holder, ada)
    Merge.objects.update(before={}, result={}, records={})
    with pytest.raises(CannotUndo, match=EMPTIED):
        planned(merge_of(holder))


def test_a_delete_ends_the_undo_and_leaves_nothing_of_it(ada: Contact, holder: Contact) -> None:
    fold(holder, ada)
    delete_contact(contact_id=holder.pk, actor=by())
    merge = Merge.objects.get()
    assert (merge.before, merge.records, MovedRow.objects.count()) == ({}, {}, 0)


def test_an_undone_merge_keeps_no_value_of_the_record_that_came_back(
    chain: list[Contact],
) -> None:
    ada, holder, last = chain
    unfold(merge_of(holder))
    delete_contact(contact_id=ada.pk, actor=by())
    kept = str(list(Merge.objects.values("before", "result", "records")))
    assert "ada@example.com" not in kept and "Lovelace" not in kept


def test_a_plan_that_is_out_of_date_undoes_nothing(ada: Contact, holder: Contact) -> None:
    fold(holder, ada)
    plan = planned(merge_of(holder))
    update_contact(contact_id=holder.pk, actor=by(), values={"city": "Turin"})
    with pytest.raises(UnmergeChanged):
        undo_merge(plan=plan, actor=by())
    assert list(Contact.objects.all()) == [holder]


def test_a_released_address_makes_the_plan_out_of_date(ada: Contact, holder: Contact) -> None:
    fold(holder, ada)
    plan = planned(merge_of(holder))
    release(holder, "ada@example.com")
    with pytest.raises(UnmergeChanged):
        undo_merge(plan=plan, actor=by())


def test_an_owner_who_is_gone_is_replaced_by_the_survivors(holder: Contact) -> None:
    leaver = make_user()
    theirs = make_contact(leaver, email="theirs@example.com")
    fold(holder, theirs)
    FieldChange.objects.filter(actor=leaver).update(actor=None)
    get_user_model().objects.filter(pk=leaver.pk).delete()
    unfold(merge_of(holder))
    assert fresh(theirs).owner == holder.owner


def test_ten_contacts_come_back_from_one_merge(member: User) -> None:
    cast = [make_contact(member, email=f"p{n}@example.com", city=f"C{n}") for n in range(10)]
    survivor = fold(*cast)
    assert survivor.identifiers.count() == 10
    unfold(merge_of(survivor))
    assert [fresh(c).email for c in cast] == [f"p{n}@example.com" for n in range(10)]


def test_a_settled_suspicion_is_one_again(ada: Contact, holder: Contact) -> None:
    pair = suspect(ada, holder)
    fold(holder, ada)
    assert not PossibleDuplicate.objects.exists()
    unfold(merge_of(holder))
    assert PossibleDuplicate.objects.get() == pair
