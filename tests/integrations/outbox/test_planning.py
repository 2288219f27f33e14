"""Whatever changes a contact fills the outbox with what was planned: one by one, or set by set."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact, FieldChange, User
from contacts.services import set_back
from integrations.models import Delivery
from tests.contacts.bulk.doing import begin, finish, people
from tests.contacts.imports.engine import commit, plan
from tests.contacts.pages import read, save, text_of, typed_into
from tests.contacts.test_planning import impact
from tests.factories import by
from tests.integrations.webhooks.receiver import Receiver, subscribe

pytestmark = pytest.mark.django_db
FILE = "Email,First name\n"


def kinds() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("kind", flat=True))


def test_saving_does_what_the_panel_said(
    as_member: Client, member: User, ada: Contact, receiver: Receiver
) -> None:
    subscribe("contact", name="One"), subscribe("contact", name="Two")
    data = typed_into(ada, member, email="a@example.org")
    shown = impact(as_member, ada, data)
    assert "fire 2 webhooks" in text_of(shown)
    assert save(as_member, ada, {**data, "plan": read(shown).values["plan"]}).status_code == 200
    assert kinds() == ["contact.updated"] * 2
    assert set(Delivery.objects.values_list("event_id", flat=True)).__len__() == 1
    assert Delivery.objects.filter(priority=0, contact_version=2).count() == 2


def test_a_webhook_that_was_made_meanwhile_is_shown_before_the_save(
    as_member: Client, member: User, ada: Contact, receiver: Receiver
) -> None:
    data = typed_into(ada, member, email="a@example.org")
    data["plan"] = read(impact(as_member, ada, data)).values["plan"]
    subscribe("contact")
    answer = save(as_member, ada, data)
    assert answer.status_code == 412 and "fire 1 webhook" in text_of(answer)
    assert kinds() == []


def test_an_import_waits_behind_what_people_save(admin_user: User, receiver: Receiver) -> None:
    subscribe("contact")
    commit(plan(FILE + "ann@example.com,Ann\nbob@example.com,Bob\n", admin_user))
    commit(plan(FILE + "ann@example.com,Anna\nbob@example.com,Bob\n", admin_user))
    assert kinds() == ["contact.created", "contact.created", "contact.updated"]
    assert set(Delivery.objects.values_list("priority", flat=True)) == {10}


@pytest.mark.parametrize("number", [3, 60])
def test_a_bulk_action_costs_the_outbox_the_same_however_many(
    member: User, receiver: Receiver, number: int
) -> None:
    subscribe("contact.updated")
    contacts = people(member, number)
    action = begin(member, "status", "Qualified", *contacts)
    with CaptureQueriesContext(connection) as asked:
        finish(action)
    own = [query for query in asked if "integrations_" in query["sql"]]
    assert kinds() == ["contact.updated"] * number
    assert len(own) <= 4 and not Delivery.objects.filter(priority=0).exists()


def test_setting_a_field_back_and_the_admin_are_told_too(
    as_admin: Client, ada: Contact, receiver: Receiver
) -> None:
    from contacts.services import update_contact

    subscribe("contact.updated")
    update_contact(contact_id=ada.pk, actor=by(), values={"city": "Bath"})
    change = FieldChange.objects.get(contact=ada, field="city")
    set_back(contact_id=ada.pk, change_id=change.pk, actor=by())
    page = f"/admin/contacts/contact/{ada.pk}/change/"
    form: dict[str, Any] = {**read(as_admin.get(page)).values, "city": "York"}
    assert as_admin.post(page, form).status_code == 302
    cities = [delivery.payload.split('"city":')[1].split(",")[0] for delivery in
              Delivery.objects.order_by("pk")]  # fmt: skip
    assert cities == ['"Bath"', "null", '"York"']
