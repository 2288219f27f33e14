"""Making, changing and ending webhook subscriptions: each one transaction, audited."""

import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from contacts import history, vault
from contacts.models import OutgoingMail, Source
from contacts.people import outbox as mails
from contacts.people.rules import administrators
from contacts.signals import Actor
from integrations import addresses
from integrations.models import Delivery, WebhookSubscription
from integrations.outbox import gates, writing
from integrations.webhooks import events

State = Delivery.State
OVERLAP = timedelta(days=1)  # for which the earlier secret signs as well
MOST = 50
CHOICES = (*events.TYPES, *events.FAMILIES)
NO_MORE = "The receiver wants no more events."
TAKEN = "Name: another webhook has it"


class BadSubscription(ValueError):
    """What was typed cannot be; `errors` by field, "" for the whole."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("bad subscription")
        self.errors = errors


def create(
    *, name: str, url: str, wanted: list[str], actor: Actor
) -> tuple[WebhookSubscription, str]:
    """The new subscription and its secret, which is never shown again. Raises BadSubscription."""
    values = _checked(name, url, wanted)
    secret = secrets.token_hex(16)
    sealed = vault.seal(secret, purpose=WebhookSubscription.PURPOSE)
    if WebhookSubscription.objects.count() >= MOST:
        raise BadSubscription({"": f"There are {MOST} webhooks already. Delete one first."})
    with transaction.atomic():
        made = _saved(WebhookSubscription(**values, secret=sealed))
        gates.ensure([made.gate])
        history.audit(actor, "webhook.created", made.public_id)
    return made, secret


def change(
    *, subscription: WebhookSubscription, name: str, url: str, wanted: list[str], actor: Actor
) -> WebhookSubscription:
    """Another name, address or choice of events, also for what waits. Raises BadSubscription."""
    for column, value in _checked(name, url, wanted, besides=subscription).items():
        setattr(subscription, column, value)
    with transaction.atomic():
        _saved(subscription, update_fields=["name", "url", "events"])
        history.audit(actor, "webhook.changed", subscription.public_id)
    return subscription


def rotate(*, subscription: WebhookSubscription, actor: Actor) -> str:
    """A new secret, shown once; the earlier one signs as well for a day."""
    secret = secrets.token_hex(16)
    with transaction.atomic():
        row = WebhookSubscription.objects.select_for_update().get(pk=subscription.pk)
        row.earlier_secret, row.earlier_until = row.secret, timezone.now() + OVERLAP
        row.secret = vault.seal(secret, purpose=WebhookSubscription.PURPOSE)
        row.save(update_fields=["secret", "earlier_secret", "earlier_until"])
        history.audit(actor, "webhook.rotated", row.public_id)
    return secret


@transaction.atomic
def set_active(*, subscription: WebhookSubscription, active: bool, actor: Actor) -> None:
    """Pause, or resume: what waits goes on then; what happened in between is not told."""
    WebhookSubscription.objects.filter(pk=subscription.pk).update(active=active, disabled_reason="")
    if active:
        gates.resume(subscription.gate)
    else:
        gates.pause(subscription.gate)
    history.audit(actor, "webhook.resumed" if active else "webhook.paused", subscription.public_id)


@transaction.atomic
def delete(*, subscription: WebhookSubscription, actor: Actor) -> None:
    """End it; what waits is taken back, what was delivered stays in the log."""
    writing.cancel(Q(target=subscription.target), "The webhook was deleted.")
    history.audit(actor, "webhook.deleted", subscription.public_id)
    subscription.delete()


@transaction.atomic
def disable(subscription: WebhookSubscription, reason: str) -> None:
    """Stop by itself, visibly, and tell the administrators by mail. What waits goes on when somebody
    resumes it."""
    rows = WebhookSubscription.objects.filter(pk=subscription.pk, active=True)
    if not rows.update(active=False, disabled_reason=reason):
        return
    gates.pause(subscription.gate)
    _tell_administrators(OutgoingMail.Kind.WEBHOOK_OFF, subscription)
    history.audit(Actor(None, Source.COMMAND), "webhook.disabled", subscription.public_id)


@transaction.atomic
def unsubscribed(subscription: WebhookSubscription) -> None:
    """The receiver has answered 410: delete the subscription, take back what waits for it, and tell
    the administrators by mail. What was delivered stays in the log. Of two workers one does it."""
    if not WebhookSubscription.objects.filter(pk=subscription.pk).delete()[0]:
        return
    writing.cancel(Q(target=subscription.target), NO_MORE)
    _tell_administrators(OutgoingMail.Kind.WEBHOOK_GONE, subscription)
    history.audit(Actor(None, Source.COMMAND), "webhook.gone", subscription.public_id)


def _tell_administrators(kind: OutgoingMail.Kind, subscription: WebhookSubscription) -> None:
    for person in administrators():
        mails.queue(kind, person, about=subscription.name)


def send_test(*, subscription: WebhookSubscription, actor: Actor) -> Delivery:
    """An event that tells of nothing, to see whether events arrive."""
    told = {"object": "webhook", "id": subscription.public_id, "name": subscription.name}
    event = events.event(events.TEST, told)
    delivery = Delivery(
        family="webhooks",
        target=subscription.target,
        gate=subscription.gate,
        kind=event.type,
        event_id=event.id,
        sent_to=subscription.name,
        payload=event.body,
    )
    with transaction.atomic():
        writing.enqueue([delivery])
        history.audit(actor, "webhook.tested", subscription.public_id)
    return delivery


def _checked(
    name: str, url: str, wanted: list[str], besides: WebhookSubscription | None = None
) -> dict[str, object]:
    name, url, errors = " ".join(name.split()), url.strip(), {}
    if not name or len(name) > 100 or "\x00" in name:
        errors["name"] = "Name: enter one, of at most 100 characters"
    elif (
        WebhookSubscription.objects.filter(name=name)
        .exclude(pk=besides.pk if besides else 0)
        .exists()
    ):
        errors["name"] = TAKEN
    try:
        addresses.check_url(url)
    except addresses.Refused as fault:
        errors["url"] = f"Address: {fault}"
    chosen = [each for each in dict.fromkeys(wanted) if each in CHOICES]
    if not chosen:
        errors["events"] = "Events: choose at least one"
    if errors:
        raise BadSubscription(errors)
    return {"name": name, "url": url, "events": chosen}


def _saved(row: WebhookSubscription, update_fields: list[str] | None = None) -> WebhookSubscription:
    try:
        with transaction.atomic():
            row.save(update_fields=update_fields)
    except IntegrityError:
        raise BadSubscription({"name": TAKEN}) from None
    return row
