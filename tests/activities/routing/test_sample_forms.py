"""The sample account's routing forms: open, and with what people plausibly sent."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from activities.models import FormSubmission, RoutingForm
from contacts.models import Contact, User
from contacts.sample import load_sample_account
from tests.activities.routing.filling import form_url
from tests.contacts.pages import text_of

pytestmark = pytest.mark.usefixtures("sample")


@pytest.fixture(scope="module")
def sample(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        load_sample_account()
        yield
        transaction.set_rollback(True)


def test_there_are_two_open_forms_that_an_administrator_can_edit(client: Client) -> None:
    client.force_login(User.objects.get(email="owner@example.com"))
    for form in RoutingForm.objects.all():
        assert Client().get(form_url(form)).status_code == 200
        editor = client.get(f"/settings/routing-forms/{form.public_id}/")
        assert editor.status_code == 200 and form.name in text_of(editor)
    assert RoutingForm.objects.count() == 2


def test_what_was_sent_in_led_everywhere_and_belongs_to_contacts_of_that_time() -> None:
    rows = FormSubmission.objects.select_related("contact")
    assert Counter(rows.values_list("outcome", flat=True)).keys() == {"calendar", "message", "url"}
    assert rows.count() == 150 and not rows.filter(calendar=None, outcome="calendar").exists()
    early = [row for row in rows if row.contact and row.contact.creation_time > row.creation_time]
    assert len(early) < 5
    assert not Contact.objects.filter(last_interacted_time=None, form_submissions__gt=0).exists()


def test_the_list_shows_them(client: Client) -> None:
    client.force_login(User.objects.get(email="owner@example.com"))
    page = client.get("/activities/forms/?q=how can we help")
    assert "90 match." in text_of(page)
