"""Zaps subscribe, unsubscribe, and are disconnected here: each one transaction, audited."""

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from contacts import history
from contacts.api_keys import Holder
from contacts.models import Source
from contacts.signals import Actor
from integrations import addresses
from integrations.http import InvalidUrl, Url
from integrations.models import Delivery, ZapierHook
from integrations.outbox import gates, writing
from integrations.zapier.planner import NAME, label_of
from integrations.zapier.triggers import TRIGGERS

MOST = 500
LONGEST = 500
#: Zapier takes 30 requests a second and 10,000 in five minutes, which is 33 a second.
PER_SECOND = 30
#: The kind of the delivery that tells Zapier of the end.
PAUSE = "zap.paused"
UNSUBSCRIBED = "The Zap was turned off."
DISCONNECTED = "The Zap was disconnected in Kith."
NOT_ZAPIER = "target_url must be an address of Zapier's: it begins with {}/"
UNKNOWN = "Unknown event: '{}'. One of {}."
TOO_MANY = f"There are {MOST} subscriptions already. Turn off a Zap first."


class NotSubscribed(ValueError):
    """What Zapier asks for cannot be; `param` names the field."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


def path_of(target_url: str) -> str:
    """The path and query of an address of Zapier's. Raises NotSubscribed for any other."""
    base = Url(settings.ZAPIER_HOOKS_URL)
    wrong = NotSubscribed(NOT_ZAPIER.format(base), "target_url")
    try:
        addresses.check_url(target_url)
        url = Url(target_url)
    except (addresses.Refused, InvalidUrl):
        raise wrong from None
    path = url.raw_path.decode("ascii")
    own = base.raw_path.decode("ascii").rstrip("/")
    same = (url.scheme, url.raw_host, url.port) == (base.scheme, base.raw_host, base.port)
    if not same or not path.startswith(f"{own}/") or len(path) <= len(own) + 1:
        raise wrong
    if len(path) > LONGEST:
        raise wrong
    return path.removeprefix(own)


def url_of(hook: ZapierHook) -> str:
    """Where it is sent: the host is always the operator's."""
    return f"{settings.ZAPIER_HOOKS_URL}{hook.path}"


@transaction.atomic
def subscribe(*, holder: Holder, event: str, target_url: str) -> ZapierHook:
    """A Zap was turned on. The same again is the same hook, as if it had never failed.

    Raises NotSubscribed.
    """
    if event not in TRIGGERS:
        shown = event[:100]
        raise NotSubscribed(UNKNOWN.format(shown, ", ".join(TRIGGERS)), "event")
    path = path_of(target_url)
    if ZapierHook.objects.count() >= MOST:
        raise NotSubscribed(TOO_MANY, "")
    hook, new = ZapierHook.objects.get_or_create(api_key=holder.key, event=event, path=path)
    if new:
        gates.set_limit(hook.gate, limit=PER_SECOND, per_seconds=1)
        history.audit(holder.actor, "zap.subscribed", hook.public_id)
    elif hook.off_reason or hook.ended_at:
        hook.off_reason, hook.ended_at = "", None
        hook.save(update_fields=["off_reason", "ended_at"])
        writing.cancel(Q(target=hook.target, kind=PAUSE), "The Zap was turned on again.")
        gates.resume(hook.gate)
        history.audit(holder.actor, "zap.subscribed", hook.public_id)
    return hook


@transaction.atomic
def unsubscribe(*, holder: Holder, public_id: str) -> bool:
    """The Zap was turned off. False where there is none (any more) that this key subscribed."""
    hook = ZapierHook.objects.filter(api_key=holder.key, public_id=public_id).first()
    return hook is not None and _end(hook, UNSUBSCRIBED, holder.actor, "zap.unsubscribed")


@transaction.atomic
def gone(hook: ZapierHook) -> None:
    """Zapier has answered 410: nobody listens any more. Of two workers one does it."""
    _end(hook, UNSUBSCRIBED, Actor(None, Source.COMMAND), "zap.gone")


def _end(hook: ZapierHook, words: str, actor: Actor, action: str) -> bool:
    if not ZapierHook.objects.filter(pk=hook.pk).delete()[0]:
        return False
    writing.cancel(Q(target=hook.target), words)
    history.audit(actor, action, hook.public_id)
    return True


@transaction.atomic
def switch_off(hook: ZapierHook, reason: str) -> None:
    """Its deliveries have failed for days: it gets no more until the Zap is turned on again."""
    if ZapierHook.objects.filter(pk=hook.pk, off_reason="").update(off_reason=reason):
        history.audit(Actor(None, Source.COMMAND), "zap.off", hook.public_id)


@transaction.atomic
def disconnect(*, hook: ZapierHook, actor: Actor) -> bool:
    """Tell it nothing more, and have Zapier pause the Zap; the row goes when that is done. False
    where it was done already."""
    if not ZapierHook.objects.filter(pk=hook.pk, ended_at=None).update(ended_at=timezone.now()):
        return False
    writing.cancel(Q(target=hook.target), DISCONNECTED)
    gates.resume(hook.gate)
    told = Delivery(
        family=NAME, target=hook.target, gate=hook.gate, kind=PAUSE, sent_to=label_of(hook)
    )
    writing.enqueue([told])
    history.audit(actor, "zap.disconnected", hook.public_id)
    return True
