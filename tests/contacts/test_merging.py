"""Merging: the outcome equals the prompt's Result column, and nothing that pointed is lost."""

import pytest

from contacts.fields import BY_NAME, as_text, current_value, snapshot
from contacts.merging.merge import (
    FILL,
    KEEP,
    REPLACE,
    MergeChanged,
    MergePlan,
    merge_contacts,
    plan_merge,
)
from contacts.models import (
    Contact,
    FieldChange,
    Identifier,
    Merge,
    MovedRow,
    PossibleDuplicate,
    PublicId,
    User,
)
from contacts.services import ContactGone, update_contact
from tests.factories import NEW_ADDRESS, by, make_contact, merge, typed


@pytest.fixture
def holder(member: User) -> Contact:
    """The contact that already has the address Ada is given."""
    return make_contact(
        member, first_name="A.", email=NEW_ADDRESS, city="London", status="Qualified"
    )


def plan_for(ada: Contact, holder: Contact, choices: dict[str, str] | None = None) -> MergePlan:
    values = typed(ada, email=NEW_ADDRESS, status="Disqualified")
    return plan_merge(holders={"email": holder}, edited=ada, values=values, choices=choices)


def test_the_prompt_fills_blanks_replaces_values_and_keeps_what_has_no_new_value(
    ada: Contact, holder: Contact
) -> None:
    outcomes = {row.field.name: row.outcome for row in plan_for(ada, holder).shown_rows}
    assert outcomes["company"] == FILL
    assert outcomes["first_name"] == REPLACE
    assert outcomes["city"] == KEEP
    assert outcomes["status"] == KEEP  # the existing record's, unless chosen otherwise


def test_each_field_after_the_merge_equals_the_result_column(ada: Contact, holder: Contact) -> None:
    choices = {"first_name": "existing", "status": "new"}
    expected = {row.field.name: row.result for row in plan_for(ada, holder, choices).rows}
    survivor = Contact.objects.get(pk=merge(ada, holder, choices).pk)
    assert {n: as_text(current_value(survivor, f)) for n, f in BY_NAME.items()} == expected
    assert (survivor.first_name, survivor.status) == ("A.", "Disqualified")


def test_the_existing_record_survives_and_the_old_id_leads_to_it(
    ada: Contact, holder: Contact
) -> None:
    merge(ada, holder)
    old = PublicId.objects.get(pk=ada.public_id)
    assert (old.state, old.survivor().value) == ("merged", holder.public_id)
    assert list(Contact.objects.all()) == [holder]


def test_every_identifier_moves_and_the_old_address_becomes_former(
    ada: Contact, holder: Contact
) -> None:
    merge(ada, holder)
    assert dict(holder.identifiers.values_list("value", "current")) == {
        NEW_ADDRESS: True,
        "ada@example.com": False,
    }


def test_a_phone_of_the_duplicate_fills_the_survivors_blank_one(
    ada: Contact, holder: Contact, member: User
) -> None:
    update_contact(contact_id=ada.pk, actor=by(member), values={"mobile_phone": "+12025550101"})
    ada.refresh_from_db()
    merge(ada, holder)
    holder.refresh_from_db()
    assert holder.mobile_phone == "+12025550101"
    assert holder.identifiers.filter(kind="mobile_phone", current=True).exists()


def test_email_and_phone_of_two_contacts_merge_all_three_into_the_emails_holder(
    ada: Contact, holder: Contact, member: User
) -> None:
    third = make_contact(member, first_name="Phone", mobile_phone="+12025550102", city="Paris")
    values = typed(ada, email=NEW_ADDRESS, mobile_phone="+12025550102")
    plan = plan_merge(holders={"email": holder, "mobile_phone": third}, edited=ada, values=values)
    merge_contacts(plan=plan, values=values, actor=by(member))
    assert list(Contact.objects.all()) == [holder]
    for public_id in (ada.public_id, third.public_id):
        assert PublicId.objects.get(pk=public_id).survivor().value == holder.public_id
    assert Contact.objects.get().mobile_phone == "+12025550102"
    assert Merge.objects.get().duplicates.count() == 2


def test_values_of_a_new_contact_go_into_the_existing_record(holder: Contact, member: User) -> None:
    values = {"owner": member.pk, "first_name": "Ada", "email": NEW_ADDRESS, "company": "Engines"}
    plan = plan_merge(holders={"email": holder}, edited=None, values=values)
    merge_contacts(plan=plan, values=values, actor=by(member))
    holder.refresh_from_db()
    assert (holder.first_name, holder.company, Contact.objects.count()) == ("Ada", "Engines", 1)


def test_consent_never_becomes_true_by_a_merge(member: User, holder: Contact) -> None:
    consenting = make_contact(member, email="yes@example.com", has_consent=True)
    merge(consenting, holder)
    holder.refresh_from_db()
    assert holder.has_consent is False


def test_creation_is_the_earliest_and_last_interaction_the_latest(
    ada: Contact, holder: Contact
) -> None:
    earliest = min(ada.creation_time, holder.creation_time)
    merge(ada, holder)
    holder.refresh_from_db()
    assert holder.creation_time == earliest


def test_the_merge_records_what_its_undo_needs(ada: Contact, holder: Contact) -> None:
    before = {c.public_id: snapshot(c) for c in (ada, holder)}
    history = ada.history.count()
    merge(ada, holder)
    record = Merge.objects.get()
    assert record.before == before
    moved = MovedRow.objects.filter(merge=record, moved_from=ada.public_id)
    assert moved.filter(model="contacts.fieldchange").count() == history
    assert moved.get(model="contacts.identifier").before == {"current": True}


def test_history_moves_to_the_survivor_and_gains_the_merge(ada: Contact, holder: Contact) -> None:
    total = FieldChange.objects.count()
    survivor = merge(ada, holder)
    merged = survivor.history.filter(source="merge")
    assert survivor.history.count() == total + merged.count()
    assert merged.get(field="company").detail == ada.public_id


def test_moved_history_does_not_look_like_a_later_edit_of_the_survivor(
    ada: Contact, holder: Contact, member: User
) -> None:
    for company in ("One", "Two", "Three"):
        update_contact(contact_id=ada.pk, actor=by(member), values={"company": company})
    ada.refresh_from_db()
    version = merge(ada, holder).version
    update_contact(
        contact_id=holder.pk, actor=by(member), values={"company": "Four"}, base_version=version
    )
    holder.refresh_from_db()
    assert holder.company == "Four"


def test_a_suspected_pair_is_settled_and_one_with_a_third_moves(
    ada: Contact, holder: Contact, member: User
) -> None:
    third = make_contact(member)
    for other in (holder, third):
        first, second = sorted([ada, other], key=lambda c: c.pk)
        PossibleDuplicate.objects.create(first=first, second=second, reason="same company")
    merge(ada, holder)
    pair = PossibleDuplicate.objects.get()
    assert {pair.first, pair.second} == {holder, third}


def test_a_prompt_that_is_out_of_date_merges_nothing(ada: Contact, holder: Contact) -> None:
    plan = plan_for(ada, holder)
    update_contact(contact_id=holder.pk, actor=by(), values={"city": "Turin"})
    with pytest.raises(MergeChanged):
        merge_contacts(plan=plan, values=typed(ada, email=NEW_ADDRESS), actor=by())
    assert Contact.objects.count() == 2 and not Merge.objects.exists()


def test_a_record_that_is_gone_cannot_be_merged(ada: Contact, holder: Contact) -> None:
    plan = plan_for(ada, holder)
    holder.delete()
    with pytest.raises(ContactGone):
        merge_contacts(plan=plan, values=typed(ada, email=NEW_ADDRESS), actor=by())
    assert Contact.objects.filter(pk=ada.pk).exists()


def test_ids_merged_in_a_chain_lead_to_the_last_survivor(
    ada: Contact, holder: Contact, member: User
) -> None:
    merge(ada, holder)
    last = make_contact(member, email="last@example.com")
    holder.refresh_from_db()
    values = typed(holder, email="last@example.com")
    plan = plan_merge(holders={"email": last}, edited=holder, values=values)
    merge_contacts(plan=plan, values=values, actor=by(member))
    assert PublicId.objects.get(pk=ada.public_id).survivor().value == last.public_id
    assert Identifier.objects.filter(contact=last).count() == 3
