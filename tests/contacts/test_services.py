"""Creating and editing: what is kept, what is refused, what a second editor meets."""

import pytest

from contacts.models import Contact, FieldChange, Identifier, User
from contacts.services import (
    ContactGone,
    EditConflict,
    IdentifierTaken,
    create_contact,
    release_identifier,
    set_back,
    update_contact,
)
from contacts.signals import ContactChange, contacts_changed
from tests.factories import by, make_contact


def edit(
    contact: Contact, user: User | None = None, version: int | None = None, **values: object
) -> Contact:
    return update_contact(
        contact_id=contact.pk, actor=by(user), values=values, base_version=version
    )


def test_a_changed_address_is_kept_as_a_former_identifier(ada: Contact) -> None:
    edit(ada, email="ada@engines.example")
    rows = ada.identifiers.order_by("current").values_list("value", "current")
    assert list(rows) == [("ada@example.com", False), ("ada@engines.example", True)]


def test_an_address_in_other_case_and_unicode_form_belongs_to_the_same_contact(
    member: User,
) -> None:
    make_contact(member, email="jos\u00e9@example.com")
    with pytest.raises(IdentifierTaken):
        make_contact(member, email="JOSE\u0301@Example.com")
    assert Contact.objects.count() == 1


def test_a_former_address_of_somebody_else_is_taken_too(ada: Contact, member: User) -> None:
    edit(ada, email="new@example.com")
    with pytest.raises(IdentifierTaken) as taken:
        make_contact(member, email="ada@example.com")
    assert taken.value.holders == {"email": ada.pk}


def test_a_contact_may_return_to_its_own_former_address(ada: Contact) -> None:
    edit(ada, email="new@example.com")
    edit(ada, email="Ada@Example.com")
    current = ada.identifiers.get(current=True)
    assert (current.value, ada.identifiers.count()) == ("Ada@Example.com", 2)


def test_a_released_address_can_belong_to_somebody_else(ada: Contact, member: User) -> None:
    edit(ada, email="new@example.com")
    former = ada.identifiers.get(current=False)
    release_identifier(contact_id=ada.pk, identifier_id=former.pk, actor=by(member))
    assert make_contact(member, email="ada@example.com").email == "ada@example.com"


def test_the_current_address_cannot_be_released(ada: Contact, member: User) -> None:
    with pytest.raises(ContactGone):
        release_identifier(
            contact_id=ada.pk, identifier_id=ada.identifiers.get().pk, actor=by(member)
        )
    assert Identifier.objects.filter(contact=ada).exists()


def test_a_refused_save_changes_nothing(ada: Contact, member: User) -> None:
    make_contact(member, mobile_phone="+12025550101")
    with pytest.raises(IdentifierTaken):
        edit(ada, company="Other", mobile_phone="+12025550101")
    ada.refresh_from_db()
    assert (ada.company, ada.version) == ("Engines", 1)


def test_history_names_every_changed_field_and_who_changed_it(ada: Contact, member: User) -> None:
    edit(ada, member, company="Analytical", city="London")
    rows = FieldChange.objects.filter(contact=ada, version=2).order_by("field")
    assert [(r.field, r.old, r.new, r.actor) for r in rows] == [
        ("city", "", "London", member),
        ("company", "Engines", "Analytical", member),
    ]


def test_saving_without_a_change_writes_no_history_and_no_version(ada: Contact) -> None:
    edit(ada, company="Engines")
    ada.refresh_from_db()
    assert (ada.version, ada.history.filter(version__gt=1).count()) == (1, 0)


def test_changes_of_different_fields_by_two_people_are_both_kept(ada: Contact) -> None:
    edit(ada, version=1, company="Analytical")
    edit(ada, version=1, company="Engines", city="London")  # the second form still shows Engines
    ada.refresh_from_db()
    assert (ada.company, ada.city) == ("Analytical", "London")


def test_a_field_that_both_changed_is_asked_about(ada: Contact, stranger: User) -> None:
    edit(ada, stranger, version=1, company="Theirs")
    with pytest.raises(EditConflict) as conflict:
        edit(ada, version=1, company="Mine", city="London")
    [field] = conflict.value.fields
    assert (field.base, field.theirs, field.mine) == ("Engines", "Theirs", "Mine")
    assert field.by.actor == stranger
    ada.refresh_from_db()
    assert (ada.company, ada.city) == ("Theirs", "")


def test_two_people_who_type_the_same_value_do_not_disagree(ada: Contact) -> None:
    edit(ada, version=1, company="Same")
    assert edit(ada, version=1, company="Same").version == 2


def test_a_conflict_over_a_number_that_was_blank_is_noticed(ada: Contact) -> None:
    edit(ada, version=1, employees=5)
    with pytest.raises(EditConflict):
        edit(ada, version=1, employees=7)


def test_one_field_can_be_set_back_from_history(ada: Contact, member: User) -> None:
    edit(ada, company="Analytical", city="London")
    change = ada.history.get(field="company", version=2)
    set_back(contact_id=ada.pk, change_id=change.pk, actor=by(member))
    ada.refresh_from_db()
    assert (ada.company, ada.city) == ("Engines", "London")


def test_every_save_is_announced_inside_its_transaction(ada: Contact, member: User) -> None:
    heard: list[ContactChange] = []

    def listen(changes: list[ContactChange], **_: object) -> None:
        heard.extend(changes)

    contacts_changed.connect(listen)
    try:
        edit(ada, member, email="new@example.com")
    finally:
        contacts_changed.disconnect(listen)
    assert [(c.kind, c.fields) for c in heard] == [
        ("updated", {"email": ("ada@example.com", "new@example.com")})
    ]


def test_a_contact_that_is_gone_cannot_be_edited(ada: Contact) -> None:
    gone = ada.pk
    ada.delete()
    with pytest.raises(ContactGone):
        update_contact(contact_id=gone, actor=by(), values={"company": "x"})


def test_a_name_alone_makes_a_new_contact_each_time(member: User) -> None:
    for _ in range(2):
        create_contact(actor=by(member), values={"owner": member.pk, "first_name": "Ada"})
    assert Contact.objects.filter(first_name="Ada").count() == 2
