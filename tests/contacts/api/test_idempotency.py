"""Idempotency-Key: one request, one answer, however often and by however many it is sent."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from contacts.api_sweeping import forget_old
from contacts.models import Contact, FirstAnswer, User
from tests.contacts.api.client import Api, person, problem
from tests.contacts.racing import at_once
from tests.stored import everything_stored


def test_a_replay_returns_the_first_answer(api: Api) -> None:
    first = api.post("contacts", person(), idempotency_key="a1")
    second = api.post("contacts", person(), idempotency_key="a1")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.status_code == 201 and Contact.objects.count() == 1


def test_the_first_answer_stays_when_the_contact_changes(api: Api) -> None:
    first = api.post("contacts", person(), idempotency_key="a1")
    api.patch(f"contacts/{first.json()['id']}", {"city": "Turin"})
    assert api.post("contacts", person(), idempotency_key="a1").content == first.content


def test_a_refusal_is_an_answer_too(api: Api) -> None:
    made = api.post("contacts", person()).json()
    refused = api.post("contacts", person(), idempotency_key="a1")
    assert refused.status_code == 409
    api.delete(f"contacts/{made['id']}")
    assert api.post("contacts", person(), idempotency_key="a2").status_code == 201


def test_another_request_under_the_same_key_is_422(api: Api) -> None:
    api.post("contacts", person(), idempotency_key="a1")
    said = problem(api.post("contacts", person(city="Turin"), idempotency_key="a1"))
    message = "This Idempotency-Key was already used with another request."
    assert said == (422, message, "Idempotency-Key")


def test_keys_of_two_programs_do_not_meet(api: Api, owner: User) -> None:
    other = Api(owner, "Other")
    api.post("contacts", person(), idempotency_key="a1")
    assert other.post("contacts", person(), idempotency_key="a1").status_code == 409


@pytest.mark.parametrize("token", ["", "x" * 256, "ü"])
def test_a_key_that_cannot_be_is_refused(api: Api, token: str) -> None:
    assert problem(api.post("contacts", person(), idempotency_key=token))[0] == 400


def test_with_the_contact_its_copy_goes(api: Api) -> None:
    first = api.post("contacts", person(first_name="Zorkmid"), idempotency_key="a1")
    api.post(
        "contacts", person(first_name="Zorkmid"), idempotency_key="a2"
    )  # 409, with the address
    api.delete(f"contacts/{first.json()['id']}")
    assert FirstAnswer.objects.count() == 2
    assert "zorkmid" not in everything_stored().lower()
    assert "carrie@example.com" not in everything_stored()
    again = api.post("contacts", person(first_name="Zorkmid"), idempotency_key="a1")
    assert again.json() == {"id": first.json()["id"], "object": "contact", "deleted": True}


def test_after_a_day_it_is_a_new_request(api: Api) -> None:
    api.post("contacts", person(), idempotency_key="a1")
    FirstAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert api.post("contacts", person(), idempotency_key="a1").status_code == 409
    FirstAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    forget_old()
    assert not FirstAnswer.objects.exists()


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_make_one_contact_and_get_one_answer(owner: User) -> None:
    api = Api(owner)
    ask = partial(api.post, "contacts", person(), idempotency_key="a1")
    answers = at_once(*[ask] * 50)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Contact.objects.count() == 1
