"""What is said before Save, Merge and Delete, and that just this is done."""

import pytest
from django.test import Client
from django.urls import reverse

from contacts import planning
from contacts.models import Contact, User
from contacts.planning import Line
from contacts.services import plan_update
from contacts.signals import ContactChange
from integrations.crm.planner import AS_DECIDED
from integrations.models import Connection, Delivery, ExternalRecord
from tests.contacts.pages import text_of
from tests.factories import by, make_contact
from tests.integrations.crm.world import Crm, edit, sent

pytestmark = pytest.mark.django_db


def lines(contact: Contact, **values: str) -> list[Line]:
    """The CRM's part of what the Edit pane says."""
    plan = plan_update(contact, actor=by(), values=values, base_version=None)
    own = [effect for effect in plan.effects if effect.planner == "crm"]
    return planning.Plan(tuple(own)).lines


@pytest.fixture
def linked(crm: Crm, connection: Connection, ada: Contact) -> Contact:
    sent()
    return ada


def test_a_linked_contact_is_updated_and_another_one_perhaps_made(
    linked: Contact, member: User
) -> None:
    assert lines(linked, email="x@example.com") == [Line("update the HubSpot contact")]
    ExternalRecord.objects.all().delete()
    assert lines(linked, city="Bath") == [Line("update or create the HubSpot contact")]


def test_what_is_not_sent_is_not_announced(linked: Contact) -> None:
    assert lines(linked, city="") == [] and lines(linked, timezone="Europe/London") == []


def test_of_several_contacts_it_is_counted(linked: Contact, member: User) -> None:
    others = [make_contact(member, email=f"n{n}@example.com") for n in range(2)]
    changes = [
        ContactChange(c.pk, c.public_id, by(), "updated", 2, {"city": ("", "Bath")})
        for c in (linked, *others)
    ]
    found = [e for e in planning.plan(changes).effects if e.planner == "crm"]
    told = planning.Plan(tuple(found)).lines
    assert told == [Line("update the HubSpot contact"), Line("update or create 2 HubSpot contacts")]


def test_while_nobody_has_reconnected_it_is_held(linked: Contact, crm: Crm) -> None:
    Connection.objects.update(state="needs_reconnect")
    held = Line("hold the HubSpot contact update until you reconnect", done=False)
    assert lines(linked, city="Bath") == [held]
    edit(linked, city="Bath")
    assert sent()[-1] == "needs_reconnect"


def test_one_that_was_left_without_a_record_is_said_not_to_be_updated(linked: Contact) -> None:
    ExternalRecord.objects.update(external_type="left", external_id="")
    told = Line("the HubSpot contact will NOT be updated", done=False, note=AS_DECIDED)
    assert lines(linked, city="Bath") == [told]


def test_the_rows_are_those_that_the_pane_has_counted(linked: Contact) -> None:
    plan = plan_update(linked, actor=by(), values={"city": "Bath"}, base_version=None)
    shown = [(e.target, e.contact_id) for e in plan.effects if e.planner == "crm"]
    before = Delivery.objects.latest("pk").pk
    edit(linked, city="Bath")
    written = Delivery.objects.filter(pk__gt=before, family="crm")
    assert [(row.target, row.contact_id) for row in written] == shown


def test_a_plan_of_a_thousand_takes_as_many_queries_as_one_of_two(
    linked: Contact, member: User, django_assert_max_num_queries: object
) -> None:
    def changes(number: int) -> list[ContactChange]:
        return [
            ContactChange(linked.pk + n, f"C{n}", by(), "updated", 2, {"city": ("", "Bath")})
            for n in range(number)
        ]

    with django_assert_max_num_queries(12):  # type: ignore[operator]
        planning.plan(changes(2))
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        planning.plan(changes(1000))


def test_delete_says_that_the_record_stays(as_member: Client, linked: Contact) -> None:
    page = as_member.get(reverse("contact_delete", args=[linked.public_id]))
    assert "The HubSpot contact is not deleted or changed." in text_of(page)
    ExternalRecord.objects.all().delete()
    page = as_member.get(reverse("contact_delete", args=[linked.public_id]))
    assert "HubSpot" not in text_of(page)
