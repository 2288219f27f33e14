"""Forms and webhooks at the same moment, each with a connection of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from activities.models import (
    FormSubmission,
    Meeting,
    RoutingForm,
    SchedulerConnection,
    SchedulerEvent,
)
from contacts.models import Contact, Identifier, User
from contacts.services import ContactGone
from tests.activities.bookings import soon
from tests.activities.inbound.webhooks import calcom, make_connection, post
from tests.activities.routing.filling import filled_in, form_url, make_form
from tests.contacts.racing import at_once
from tests.contacts.test_races import deleting
from tests.factories import make_contact, make_user

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = range(8 if connection.vendor == "postgresql" else 3)


@pytest.fixture
def host() -> User:
    return make_user()


@pytest.fixture(autouse=True)
def _close_threads_connections() -> Iterator[None]:
    yield
    connections.close_all()


def sending(form: RoutingForm, email: str) -> Callable[[], Any]:
    """A form of its own, filled in before the race: its key is made under another clock."""
    return posting(form, filled_in(email=email))


def posting(form: RoutingForm, typed: dict[str, Any]) -> Callable[[], Any]:
    return lambda: Client().post(form_url(form), typed)


def telling(scheduler: SchedulerConnection, hook: dict[str, Any]) -> Callable[[], Any]:
    return lambda: post(scheduler, hook)


def no_error(results: list[Any]) -> None:
    assert not [result for result in results if isinstance(result, Exception)], results


def test_one_form_sent_twice_at_once_is_one_submission_and_one_contact(host: User) -> None:
    form = make_form(host)
    for n in ROUNDS:
        typed = filled_in(email=f"g{n}@example.com")
        results = at_once(*[posting(form, typed)] * 3)
        no_error(results)
        assert {result.status_code for result in results} == {302}
    assert FormSubmission.objects.count() == Contact.objects.count() == len(ROUNDS)


def test_forms_of_one_new_person_make_one_contact(host: User) -> None:
    form = make_form(host)
    for n in ROUNDS:
        results = at_once(*(sending(form, f"g{n}@example.com") for _ in range(3)))
        no_error(results)
        assert {result.status_code for result in results} == {302}
    assert FormSubmission.objects.count() == 3 * len(ROUNDS)
    assert Contact.objects.count() == Identifier.objects.count() == len(ROUNDS)


def test_a_form_meets_the_delete_of_its_contact(host: User) -> None:
    form = make_form(host)
    for n in ROUNDS:
        bob = make_contact(host, first_name="Bob", email=f"bob{n}@example.com")
        results = at_once(sending(form, bob.email), deleting(bob.pk), sending(form, bob.email))
        no_error([result for result in results if not isinstance(result, ContactGone)])
    for submission in FormSubmission.objects.filter(contact=None):
        assert submission.contact_public_id
    assert FormSubmission.objects.count() == 2 * len(ROUNDS)


def test_one_webhook_twice_at_once_is_one_meeting(host: User) -> None:
    scheduler = make_connection(host)
    for n in ROUNDS:
        hook = calcom(uid=f"uid-{n}", start=soon(days=3 + n))
        results = at_once(*[telling(scheduler, hook)] * 3)
        no_error(results)
        assert {result.status_code for result in results} == {200}
    assert Meeting.objects.count() == SchedulerEvent.objects.count() == len(ROUNDS)


def test_a_booking_and_its_cancellation_at_once_end_canceled(host: User) -> None:
    scheduler = make_connection(host)
    for n in ROUNDS:
        hooks = [calcom(uid=f"uid-{n}", start=soon(days=3 + n)), calcom("BOOKING_CANCELLED", f"uid-{n}")]  # fmt: skip
        results = at_once(*[telling(scheduler, hook) for hook in hooks])
        no_error(results)
    assert set(Meeting.objects.values_list("status", flat=True)) == {"canceled"}
