"""Settings, Webhooks: for administrators; a secret is shown once, errors keep what was typed."""

import re
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from contacts.models import AuditEntry, OutgoingMail, User
from contacts.people import letters
from integrations.models import Delivery, WebhookSubscription
from integrations.outbox import running
from integrations.outbox.schedule import DELAYS
from tests.contacts.pages import read, text_of
from tests.integrations.webhooks.receiver import Receiver, subscribe, verified

pytestmark = pytest.mark.django_db
LIST, NEW = "/settings/webhooks/", "/settings/webhooks/new/"
GOOD = {"name": "Billing", "url": "https://hooks.example.com/kith", "events": ["contact"]}


def page_of(hook: WebhookSubscription) -> str:
    return reverse("webhook_detail", args=[hook.public_id])


def act(client: Client, hook: WebhookSubscription, action: str) -> Any:
    return client.post(reverse("webhook_action", args=[hook.public_id, action]), follow=True)


def secret_in(response: Any) -> str:
    match = re.search(r"<code[^>]*>([0-9a-f]{32})</code>", response.content.decode())
    assert match
    return match[1]


def test_a_new_webhook_shows_its_secret_once(as_admin: Client) -> None:
    made = as_admin.post(NEW, GOOD)
    hook = WebhookSubscription.objects.get()
    secret = secret_in(made)
    assert hook.secrets() == [secret] and secret not in hook.secret
    for page in (LIST, page_of(hook)):
        assert secret not in as_admin.get(page).content.decode()


def test_errors_name_their_fields_and_keep_what_was_typed(as_admin: Client) -> None:
    subscribe_at = {"name": " ", "url": "http://192.168.0.1/<b>", "events": []}
    answer = as_admin.post(NEW, subscribe_at)
    assert answer.status_code == 422 and not WebhookSubscription.objects.exists()
    told = text_of(answer)
    assert "Name: enter one" in told and "Address: it must begin" in told
    assert "Events: choose at least one" in told
    assert read(answer).values["url"] == "http://192.168.0.1/<b>"


def test_two_webhooks_cannot_have_one_name(as_admin: Client) -> None:
    as_admin.post(NEW, GOOD)
    assert "another webhook has it" in text_of(as_admin.post(NEW, GOOD))


def test_members_find_no_such_page(as_member: Client, receiver: Receiver) -> None:
    hook = subscribe()
    for page in (LIST, NEW, page_of(hook)):
        assert as_member.get(page).status_code == 404
    assert act(as_member, hook, "delete").status_code == 404
    assert WebhookSubscription.objects.exists()


def test_a_test_event_arrives_and_stands_in_the_log(as_admin: Client, receiver: Receiver) -> None:
    hook = subscribe()
    act(as_admin, hook, "test")
    running.run()
    assert receiver.types == ["webhook.test"] and verified(receiver.requests[0], hook.secrets()[0])
    told = text_of(as_admin.get(page_of(hook)))
    assert "Test" in told and "Delivered" in told and "Send again" in told


def test_another_secret_is_shown_once(as_admin: Client, receiver: Receiver) -> None:
    hook = subscribe()
    secret = secret_in(act(as_admin, hook, "rotate"))
    earlier = hook.secrets()[0]
    hook.refresh_from_db()
    assert hook.secrets() == [secret, earlier]


def test_pause_resume_and_delete(as_admin: Client, receiver: Receiver) -> None:
    hook = subscribe()
    assert "Paused" in text_of(act(as_admin, hook, "pause"))
    assert "Active" in text_of(act(as_admin, hook, "resume"))
    act(as_admin, hook, "test")
    act(as_admin, hook, "delete")
    assert not WebhookSubscription.objects.exists()
    assert Delivery.objects.get().state == "cancelled"


@pytest.mark.parametrize("here", [True, False])
def test_the_form_says_which_addresses_are_taken(
    as_admin: Client, settings: Any, here: bool
) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = here
    told = text_of(as_admin.get(NEW))
    assert "https on port 443" in told and ("of this machine" in told) is here


def test_one_that_was_switched_off_is_counted_and_says_why(
    as_admin: Client, receiver: Receiver
) -> None:
    hook = subscribe()
    act(as_admin, hook, "test")
    receiver.answers = [500]
    Delivery.objects.update(attempts=len(DELAYS))
    running.run()
    told = text_of(as_admin.get(LIST))
    assert "Switched off" in told and "three days" in told and "Webhooks 1 to do" in told
    assert "Active" in text_of(act(as_admin, hook, "resume"))


def test_one_whose_receiver_wants_no_more_is_deleted_and_its_log_stays(
    as_admin: Client, admin_user: User, receiver: Receiver, mailoutbox: list[EmailMessage]
) -> None:
    hook = subscribe(name="Billing")
    act(as_admin, hook, "test")
    receiver.answers = [410]
    running.run()
    assert "No webhooks yet" in text_of(as_admin.get(LIST))
    log = text_of(as_admin.get(reverse("sync_activity")))
    assert "Billing" in log and "answered 410" in log
    letters.deliver(OutgoingMail.objects.get().pk)
    assert mailoutbox[0].to == [admin_user.email] and "(410)" in mailoutbox[0].body
    assert AuditEntry.objects.latest("pk").action == "webhook.gone"


def test_a_change_is_kept_and_hostile_words_are_shown_as_text(
    as_admin: Client, receiver: Receiver
) -> None:
    hook = subscribe()
    as_admin.post(page_of(hook), {**GOOD, "name": "<script>x</script>"})
    page = as_admin.get(LIST).content.decode()
    assert "<script>x" not in page and "&lt;script&gt;x" in page
