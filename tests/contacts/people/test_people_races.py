"""Two people at the same moment, on PostgreSQL: an owner remains, links and codes work once."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from contacts.access import Role, owners_condition
from contacts.models import Account, OutgoingMail, SignInCounter, User
from contacts.people import attempts, invitations, letters, managing, second_factor
from contacts.people.attempts import Kind, Slowed
from contacts.people.rules import EmailTaken, LastOwner, NotAllowed
from contacts.signals import Actor
from tests.contacts.people.doubles import Clock, token_of, with_second_factor
from tests.contacts.racing import ROUNDS, at_once
from tests.factories import make_user

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="races need PostgreSQL: set DATABASE_URL and REDIS_URL",
    ),
]


@pytest.fixture(autouse=True)
def _close_threads_connections() -> Iterator[None]:
    yield
    connections.close_all()


def rounds() -> Iterator[None]:
    """Ten times, each with nobody there before."""
    for _ in ROUNDS[:10]:
        # Not deleted one by one: the audit keeps whoever acted.
        call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
        Account.load()
        yield


def failures(results: list[Any], kind: type[Exception]) -> int:
    """How many failed in the way that was expected; any other way is an error."""
    assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, kind)]
    return sum(isinstance(result, kind) for result in results)


def test_two_owners_who_deactivate_each_other_leave_one() -> None:
    for _ in rounds():
        one, two = make_user(Role.OWNER), make_user(Role.OWNER)
        results = at_once(
            partial(managing.deactivate, actor=Actor(one), person_id=two.pk),
            partial(managing.deactivate, actor=Actor(two), person_id=one.pk),
        )
        assert User.objects.filter(owners_condition(), is_active=True).count() == 1
        assert failures(results, NotAllowed) == 1


def test_two_owners_who_step_down_at_once_leave_one() -> None:
    for _ in rounds():
        owners = [make_user(Role.OWNER), make_user(Role.OWNER)]
        step_down = partial(managing.change_person, role=Role.MEMBER)
        results = at_once(
            *(partial(step_down, actor=Actor(owner), person_id=owner.pk) for owner in owners)
        )
        assert failures(results, LastOwner) == 1


def test_an_administrator_who_is_being_demoted_acts_before_or_not_at_all() -> None:
    for _ in rounds():
        owner, admin, person = make_user(Role.OWNER), make_user(Role.ADMINISTRATOR), make_user()
        demote = partial(managing.change_person, person_id=admin.pk, role=Role.MEMBER)
        results = at_once(
            partial(demote, actor=Actor(owner)),
            partial(managing.deactivate, actor=Actor(admin), person_id=person.pk),
        )
        person.refresh_from_db()
        assert person.is_active is (failures(results, NotAllowed) == 1)


def test_two_invitations_of_one_email_make_one_person() -> None:
    for _ in rounds():
        invite = partial(invitations.invite, actor=Actor(make_user(Role.OWNER)), role=Role.MEMBER)
        emails = ("n@kith.test", "N@kith.test")
        results = at_once(*(partial(invite, email=email) for email in emails))
        assert failures(results, EmailTaken) == 1


def test_a_link_opened_twice_at_once_lets_in_once() -> None:
    for _ in rounds():
        actor = Actor(make_user(Role.OWNER))
        person = invitations.invite(actor=actor, email="n@kith.test", role=Role.MEMBER)
        accept = partial(invitations.accept, token=token_of(person))
        results = at_once(*(partial(accept, password=f"sturdy-horse-{n}") for n in (8, 9)))
        assert failures(results, invitations.LinkOver) == 1


@pytest.mark.parametrize("which", ["app", "recovery"])
def test_a_code_used_four_times_at_once_is_accepted_once(
    which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    for _ in rounds():
        user = make_user()
        app, codes = with_second_factor(user)
        clock.forward(seconds=60)
        code = app.code if which == "app" else codes[0]
        results = at_once(*[partial(second_factor.accept_code, user=user, code=code)] * 4)
        assert failures(results, second_factor.WrongCode) == 3


def test_twenty_guesses_at_once_are_no_more_than_five() -> None:
    for _ in rounds():
        guess = partial(attempts.begin, Kind.PASSWORD, make_user().email, "192.0.2.1")
        assert failures(at_once(*[guess] * 20), Slowed) >= 15
        SignInCounter.objects.all().delete()


def test_four_workers_take_a_mail_once() -> None:
    for _ in rounds():
        mail = OutgoingMail.objects.create(kind="password", user=make_user())
        results = at_once(*[partial(letters._claim, mail.pk)] * 4)
        assert sum(result is not None for result in results) == 1
