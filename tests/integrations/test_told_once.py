"""Whoever can help a connection is told by one mail when it needs somebody."""

import pytest
from django.core.mail import EmailMessage

from contacts.access import Role
from contacts.models import OutgoingMail, User
from contacts.people import letters
from integrations import connections
from integrations.models import Connection, WebhookSubscription
from integrations.webhooks import subscriptions
from tests.factories import make_user
from tests.integrations.webhooks.receiver import subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(admin_user: User, member: User) -> set[str]:
    """Everybody there is; the addresses of those who administer."""
    owner = make_user(Role.OWNER, email="owner@kith.test", first_name="Olga")
    make_user(Role.ADMINISTRATOR, email="left@kith.test", first_name="Lea", is_active=False)
    return {owner.email, admin_user.email}


@pytest.fixture
def hook(settings: object) -> WebhookSubscription:
    settings.WEBHOOKS_TO_LOOPBACK = True  # type: ignore[attr-defined]
    return subscribe(name="Billing")


def delivered() -> None:
    for waiting in OutgoingMail.objects.all():
        letters.deliver(waiting.pk)


def test_of_the_accounts_own_connection_the_administrators_are_told_once(
    people: set[str], mailoutbox: list[EmailMessage]
) -> None:
    connection = Connection.objects.create(vendor="hub_of_contacts", label="Our hub")
    assert connections.needs_reconnect(connection.gate, "Revoked.")
    assert not connections.needs_reconnect(connection.gate, "Revoked.")
    delivered()
    assert {mail.to[0] for mail in mailoutbox} == people and len(mailoutbox) == len(people)
    assert mailoutbox[0].subject.startswith("Hub of contacts waits for somebody to sign in")
    assert "http://127.0.0.1:8000/integrations/" in mailoutbox[0].body


def test_once_it_was_connected_again_the_next_loss_is_told_again(people: set[str]) -> None:
    connection = Connection.objects.create(vendor="hub_of_contacts")
    for _ in range(2):
        connections.needs_reconnect(connection.gate, "Revoked.")
        connections.reconnected(connection)
    assert OutgoingMail.objects.count() == 2 * len(people)


def test_of_a_colleagues_calendar_only_that_colleague_is_told(
    people: set[str], member: User, mailoutbox: list[EmailMessage]
) -> None:
    connection = Connection.objects.create(vendor="google_calendar", user=member)
    connections.needs_reconnect(connection.gate, "Revoked.")
    delivered()
    assert [mail.to for mail in mailoutbox] == [[member.email]]
    assert "The sign-in to Google Calendar" in mailoutbox[0].body


def test_a_colleague_who_has_left_is_told_nothing(people: set[str], member: User) -> None:
    connection = Connection.objects.create(vendor="google_calendar", user=member)
    User.objects.filter(pk=member.pk).update(is_active=False)
    connections.needs_reconnect(connection.gate, "Revoked.")
    assert not OutgoingMail.objects.exists()


def test_a_webhook_that_was_switched_off_is_told_by_its_name(
    people: set[str], hook: WebhookSubscription, mailoutbox: list[EmailMessage]
) -> None:
    subscriptions.disable(hook, "It could not be delivered to for three days.")
    subscriptions.disable(hook, "It could not be delivered to for three days.")
    delivered()
    assert {mail.to[0] for mail in mailoutbox} == people and len(mailoutbox) == len(people)
    assert mailoutbox[0].subject.startswith("The webhook Billing was switched off")
    assert "http://127.0.0.1:8000/settings/webhooks/" in mailoutbox[0].body
