"""From an edit here to the record there: found, never forked, changed only where something is new."""

import pytest

from contacts.deleting import delete_contact
from contacts.models import Contact, User
from integrations.models import Connection, ExternalRecord
from tests.contacts.unmerge_tools import fold, merge_of, unfold
from tests.factories import by, make_contact
from tests.integrations.crm.world import Crm, edit, later, sent, words

pytestmark = pytest.mark.django_db
OLD, NEW = "ada@example.com", "ada@new.example"


@pytest.fixture
def linked(crm: Crm, connection: Connection, ada: Contact) -> str:
    """Ada's record there, linked, without the requests that made it."""
    edit(ada, city="London")
    sent()
    crm.double.requests.clear()
    return ExternalRecord.objects.get().external_id


def test_a_contact_that_nobody_has_there_is_made_with_all_that_is_mapped(
    crm: Crm, linked: str
) -> None:
    values = crm.values(linked)
    assert crm.ids == [linked] and values["email"] == OLD
    assert (values["firstname"], values["company"], values["city"]) == ("Ada", "Engines", "London")
    assert ExternalRecord.objects.get().url == f"https://app.example/contacts/24810377/record/0-1/{linked}"  # fmt: skip


def test_a_new_address_goes_to_the_same_record(crm: Crm, linked: str, ada: Contact) -> None:
    edit(ada, email=NEW)
    assert sent()[-1] == "delivered"
    assert crm.ids == [linked] and crm.values(linked)["email"] == NEW
    path = f"/crm/v3/objects/contacts/{linked}"
    assert crm.asked() == [f"GET {path}", f"PATCH {path}", f"GET {path}"]


def test_a_record_that_has_it_already_is_not_written(crm: Crm, linked: str, ada: Contact) -> None:
    crm.double.contacts[linked]["properties"]["city"] = "Paris"
    edit(ada, city="Paris")
    assert sent()[-1] == "delivered"
    assert [told.split()[0] for told in crm.asked()] == ["GET"]


def test_what_somebody_changed_there_is_not_touched_by_another_edit(
    crm: Crm, linked: str, ada: Contact
) -> None:
    crm.double.contacts[linked]["properties"]["jobtitle"] = "Countess"
    ada.job_title = "Analyst"
    ada.save(update_fields=["job_title"])
    edit(ada, city="Paris")
    sent()
    assert crm.values(linked)["jobtitle"] == "Countess" and crm.values(linked)["city"] == "Paris"


def test_a_blank_is_never_sent(crm: Crm, linked: str, ada: Contact) -> None:
    edit(ada, city="", company="")
    sent()
    assert crm.asked() == []
    assert crm.values(linked)["city"] == "London" and crm.values(linked)["company"] == "Engines"


def test_a_known_person_is_found_by_a_former_address(
    crm: Crm, connection: Connection, ada: Contact
) -> None:
    record = crm.add(email=OLD, firstname="Augusta")
    edit(ada, email=NEW)
    assert sent()[-1] == "delivered" and crm.ids == [record]
    assert crm.values(record)["email"] == NEW and crm.values(record)["firstname"] == "Augusta"
    assert crm.values(record)["company"] == "Engines"  # it was blank


def test_a_known_person_is_found_by_a_further_address_there(
    crm: Crm, connection: Connection, ada: Contact
) -> None:
    record = crm.add(email="countess@example.com", hs_additional_emails=f"x@example.com;{OLD}")
    edit(ada, city="London")
    assert sent()[-1] == "delivered" and crm.ids == [record]
    assert crm.values(record)["email"] == "countess@example.com"


def test_by_number_only_without_an_address_and_the_last_modified_one_of_several(
    crm: Crm, connection: Connection, member: User
) -> None:
    number = "+12025550195"
    first, second = crm.add(mobilephone=number), crm.add(phone=number)
    stamps = ((first, "2031-01-02T00:00:00Z"), (second, "2031-01-01T00:00:00Z"))
    for record, stamp in stamps:
        crm.double.contacts[record]["properties"]["lastmodifieddate"] = stamp
    contact = make_contact(member, mobile_phone=number, email="")
    edit(contact, city="Bath")
    assert sent()[-1] == "delivered" and crm.values(first)["city"] == "Bath"
    assert "of 2 that could be this contact" in words() and "city" not in crm.values(second)
    with_address = make_contact(member, email="eve@example.com", phone=number)
    edit(with_address, city="Hull")
    sent()
    assert len(crm.ids) == 3


def test_what_was_merged_there_is_followed(crm: Crm, linked: str, ada: Contact) -> None:
    survivor = crm.add(email="a.lovelace@example.org")
    crm.double.merge(survivor, linked)
    edit(ada, city="Paris")
    assert sent()[-1] == "delivered"
    assert ExternalRecord.objects.get().external_id == survivor
    assert crm.values(survivor)["city"] == "Paris"


def test_what_was_deleted_there_is_looked_for_and_made_anew(
    crm: Crm, linked: str, ada: Contact
) -> None:
    crm.double.delete(linked)
    edit(ada, city="Paris")
    sent()
    (made,) = crm.ids
    assert made != linked and ExternalRecord.objects.get().external_id == made


def test_of_quick_edits_the_last_state_is_written_once(crm: Crm, linked: str, ada: Contact) -> None:
    for number in range(5):
        edit(ada, email=f"ada{number}@new.example")
    edit(ada, job_title="Analyst")
    sent()
    written = [each for each in crm.asked() if each.startswith("PATCH")]
    assert len(written) == 1
    assert crm.values(linked)["email"] == "ada4@new.example"
    assert crm.values(linked)["jobtitle"] == "Analyst"


def test_what_failed_goes_along_with_the_next_edit(crm: Crm, linked: str, ada: Contact) -> None:
    crm.double.faults = ["", "400"]
    edit(ada, city="Paris")
    assert sent()[-1] == "failed"
    edit(ada, job_title="Analyst")
    assert sent()[-1] == "delivered"
    assert (crm.values(linked)["city"], crm.values(linked)["jobtitle"]) == ("Paris", "Analyst")


def test_a_public_form_that_names_a_known_address_rewrites_nothing_there(
    crm: Crm, connection: Connection, member: User
) -> None:
    record = crm.add(email="eve@example.com", firstname="Eve", city="Rome")
    contact = make_contact(member, first_name="Mallory", email="eve@example.com", job_title="CEO")
    assert sent()[-1] == "delivered" and contact.pk
    values = crm.values(record)
    assert (values["firstname"], values["city"], values["jobtitle"]) == ("Eve", "Rome", "CEO")


def test_a_delete_asks_the_crm_nothing_and_takes_back_what_waits(
    crm: Crm, linked: str, ada: Contact
) -> None:
    edit(ada, city="Paris")
    delete_contact(contact_id=ada.pk, actor=by())
    later()
    assert sent()[-1] == "cancelled" and crm.asked() == [] and crm.ids == [linked]
    assert crm.values(linked)["city"] == "London"


def test_after_a_merge_the_survivors_record_gets_what_it_lacked(
    crm: Crm, linked: str, ada: Contact, member: User
) -> None:
    other = make_contact(member, first_name="Ada", email="x@example.org", job_title="Analyst")
    fold(ada, other)
    assert sent()[-1] == "delivered" and crm.ids == [linked]
    assert crm.values(linked)["jobtitle"] == "Analyst"


def test_two_records_of_merged_contacts_are_a_question_and_the_undo_gives_each_its_own(
    crm: Crm, linked: str, ada: Contact, member: User
) -> None:
    other = make_contact(member, first_name="Ada", email="x@example.org")
    sent()
    fold(ada, other)
    assert sent()[-1] == "conflict" and len(crm.ids) == 2
    assert "more than one record" in words()
    unfold(merge_of(ada))
    rows = ExternalRecord.objects.order_by("pk").values_list("contact", flat=True)
    assert len(set(rows)) == 2


def test_a_record_that_is_another_contacts_is_not_taken(
    crm: Crm, linked: str, ada: Contact, member: User
) -> None:
    crm.double.contacts[linked]["properties"]["hs_additional_emails"] = "eve@example.com"
    make_contact(member, first_name="Eve", email="eve@example.com")
    assert sent()[-1] == "conflict" and "another contact" in words()
    assert crm.values(linked)["firstname"] == "Ada"
