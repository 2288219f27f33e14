"""The outbox of mails: written with its cause, sent once, tried again, never in the way."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from contacts.access import Role
from contacts.management.commands import relay as relay_module
from contacts.management.commands.relay import Relay
from contacts.models import OutgoingMail, User
from contacts.people import invitations, letters, outbox
from contacts.people.rules import EmailTaken
from contacts.signals import Actor
from contacts.tasks import heartbeat, send_mail
from tests.contacts.people.doubles import Clock
from tests.factories import PASSWORD, make_user

Kind, State = OutgoingMail.Kind, OutgoingMail.State
BROKEN = "tests.contacts.people.test_outbox.BrokenBackend"


class BrokenBackend:
    """A mail server that refuses, and names the address as they do."""

    def __init__(self, **_: Any) -> None: ...

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError(f"no route for {messages[0].to}")


@pytest.fixture
def waiting(member: User) -> OutgoingMail:
    return OutgoingMail.objects.create(kind=Kind.PASSWORD_CHANGED, user=member)


def test_a_mail_is_sent_once_however_often_it_is_asked_for(waiting: OutgoingMail) -> None:
    for _ in range(3):
        letters.deliver(waiting.pk)
    waiting.refresh_from_db()
    assert len(mail.outbox) == 1 and waiting.state == State.SENT and waiting.sent_at is not None


def test_the_row_goes_with_its_cause(admin_user: User) -> None:
    with pytest.raises(EmailTaken):
        invitations.invite(actor=Actor(admin_user), email=admin_user.email, role=Role.MEMBER)
    assert not OutgoingMail.objects.exists()


def test_a_row_holds_no_address_no_link_and_no_text(waiting: OutgoingMail) -> None:
    names = {field.name for field in OutgoingMail._meta.get_fields()}
    told = {"id", "kind", "about", "user", "state", "attempts", "created_at", "next_at", "sent_at"}
    assert names == told


def test_a_dead_mail_server_is_tried_again_later_and_named_without_the_address(
    waiting: OutgoingMail, clock: Clock, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    waiting.next_at = waiting.created_at = clock.now
    waiting.save()
    settings.EMAIL_BACKEND = BROKEN
    letters.deliver(waiting.pk)
    letters.deliver(waiting.pk)  # not due yet
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts) == (State.WAITING, 1)
    assert waiting.next_at == clock.now + timedelta(seconds=30)
    assert f"mail {waiting.pk} not sent, attempt 1: ConnectionRefusedError" in caplog.text
    assert "kith.test" not in caplog.text
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    clock.forward(seconds=31)
    assert letters.due() == [waiting.pk]
    letters.deliver(waiting.pk)
    assert len(mail.outbox) == 1


def test_after_ten_attempts_it_is_given_up_and_the_page_says_so(
    as_admin: Client, admin_user: User, clock: Clock, settings: Settings
) -> None:
    person = invitations.invite(actor=Actor(admin_user), email="n@kith.test", role=Role.MEMBER)
    settings.EMAIL_BACKEND = BROKEN
    for _ in range(13):
        for pk in letters.due():
            letters.deliver(pk)
        clock.forward(hours=1, seconds=1)
    assert OutgoingMail.objects.get().state == State.FAILED and letters.due() == []
    as_admin.force_login(admin_user)
    page = as_admin.get(f"/settings/people/{person.pk}/").content.decode()
    assert "The mail could not be sent." in page


def test_a_worker_that_died_while_sending_leaves_the_mail_to_another(
    waiting: OutgoingMail, clock: Clock
) -> None:
    waiting.next_at = clock.now
    waiting.save()
    assert letters._claim(waiting.pk) is not None  # and nothing more
    assert letters.due() == []
    clock.forward(seconds=31)
    letters.deliver(waiting.pk)
    assert len(mail.outbox) == 1


def test_what_nobody_wants_any_more_is_dropped(
    admin_user: User, member: User, clock: Clock
) -> None:
    person = invitations.invite(actor=Actor(admin_user), email="n@kith.test", role=Role.MEMBER)
    User.objects.filter(pk=person.pk).update(is_active=True, invited_at=None)
    old = OutgoingMail.objects.create(kind=Kind.PASSWORD_RESET, user=member, created_at=clock.now)
    clock.forward(hours=1, seconds=1)
    for pk in letters.due():
        letters.deliver(pk)
    assert mail.outbox == [] and old.pk
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {State.DROPPED}


def test_a_dead_broker_does_not_fail_the_save_and_the_relay_asks_again(
    as_member: Client,
    member: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def refused(*_: Any) -> None:
        raise ConnectionError("the broker is away")

    with monkeypatch.context() as away, django_capture_on_commit_callbacks(execute=True):
        away.setattr(send_mail, "delay", refused)
        data = {"present": PASSWORD, "new": "sturdy-horse-9", "again": "sturdy-horse-9"}
        assert as_member.post("/settings/profile/password/", data).status_code == 302
    asked: list[int] = []
    monkeypatch.setattr(outbox, "hint", lambda pk: not asked.append(pk))  # type: ignore[func-returns-value]
    relay = Relay()
    for second in (0, 1, 4, 6, 7):
        relay.look(1000.0 + second)
    assert asked == [OutgoingMail.objects.get().pk] and mail.outbox == []


@pytest.fixture
def broker_away(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of mails for which the broker was tried, and did not answer."""
    tried: list[int] = []

    def refused(pk: int = 0, **_: Any) -> None:
        tried.append(pk)
        raise ConnectionError("the broker is away")

    monkeypatch.setattr(send_mail, "delay", refused)
    monkeypatch.setattr(heartbeat, "apply_async", refused)
    return tried


@pytest.mark.django_db(transaction=True)  # the relay closes old connections, as outside a test
def test_while_the_broker_is_away_the_relay_sends_within_seconds(
    client: Client, broker_away: list[int]
) -> None:
    make_user(email="mia@kith.test")
    client.post("/login/forgot/", {"email": "mia@kith.test"})
    relay = Relay()
    for second in range(7):
        relay.step(1000.0 + second)
    assert [letter.to for letter in mail.outbox] == [["mia@kith.test"]]
    assert OutgoingMail.objects.get().state == State.SENT


@pytest.mark.django_db(transaction=True)
def test_many_mails_try_a_broker_that_is_away_once_and_hold_up_the_relay_for_a_bounded_time(
    broker_away: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        outbox.queue(Kind.PASSWORD_CHANGED, make_user(email=f"u{n}@kith.test"))
    broker_away.clear()
    relay = Relay()
    relay.step(1000.0)
    with monkeypatch.context() as no_time:
        no_time.setattr(relay_module, "SEND_FOR", -1.0)
        relay.step(1006.0)
    assert mail.outbox == [] and len([pk for pk in broker_away if pk]) == 1
    relay.step(1012.0)
    assert len(mail.outbox) == 4 and len([pk for pk in broker_away if pk]) == 2


def test_what_was_sent_long_ago_is_forgotten(waiting: OutgoingMail, clock: Clock) -> None:
    letters.deliver(waiting.pk)
    new = OutgoingMail.objects.create(kind=Kind.PASSWORD_CHANGED, user=waiting.user)
    OutgoingMail.objects.filter(pk=waiting.pk).update(
        created_at=timezone.now() - timedelta(days=31)
    )
    letters.prune()
    assert list(OutgoingMail.objects.all()) == [new]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in letters.DETAILS])
def test_every_kind_of_mail_can_be_read(member: User, kind: OutgoingMail.Kind) -> None:
    letter = letters.compose(OutgoingMail(kind=kind, user=member), member)
    subject, body = str(letter.subject), str(letter.body)
    assert "Kith" in subject and "{" not in subject + body
    assert body.startswith(("You", "Somebody", "The"))


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db(transaction=True)
def test_a_worker_sends_what_was_asked_for(admin_user: User) -> None:
    invitations.invite(actor=Actor(admin_user), email="n@kith.test", role=Role.MEMBER)
    end = time.monotonic() + 60
    while OutgoingMail.objects.get().state != State.SENT:
        assert time.monotonic() < end, "the invitation was not sent"
        time.sleep(0.1)
