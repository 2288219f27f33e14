"""Sending one message to one Zap, and telling Zapier to pause a Zap that was disconnected."""

import json

from django.conf import settings

from integrations.connectors.base import Done, SkippedByPolicy
from integrations.models import Delivery, ZapierHook
from integrations.webhooks.sending import refused, send, with_status
from integrations.zapier import hooks, messages

GONE = "Zapier answered 410: the Zap was turned off, and the hook deleted."
REMOVED = "The Zap was turned off."
REVOKED = "The API key with which it was subscribed was revoked."
FORGOTTEN = "The contact was deleted."
GAVE_UP = "It could not be delivered to for three days. Turn the Zap off and on again."


class ZapierDeliverer:
    """Messages of the outbox to their Zaps."""

    reads_back = False  # the id of the event is how a Zap knows a repeat

    def deliver(self, delivery: Delivery) -> Done:
        hook = _hook_of(delivery)
        if hook is None:
            raise SkippedByPolicy(REMOVED)
        if delivery.kind == hooks.PAUSE:
            return self._pause(hook)
        if hook.api_key.revoked_at is not None:
            raise SkippedByPolicy(REVOKED)
        if not delivery.payload:
            raise SkippedByPolicy(FORGOTTEN)
        told = messages.whole(json.loads(delivery.payload), delivery.contact_id)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Kith",
            "webhook-id": str(delivery.uid),
        }
        body = messages.written(told).encode()
        status, asked = send("POST", hooks.url_of(hook), content=body, headers=headers)
        if status == 410:
            hooks.gone(hook)
            raise with_status(SkippedByPolicy(GONE), status)
        if not 200 <= status < 300:
            raise refused(status, asked)
        return Done()

    def _pause(self, hook: ZapierHook) -> Done:
        """A DELETE to the address pauses the Zap; where nobody listens there is none to pause."""
        status, asked = send("DELETE", hooks.url_of(hook), headers={"User-Agent": "Kith"})
        if not (200 <= status < 300 or status in {404, 410}):
            raise refused(status, asked)
        hook.delete()
        return Done()

    def gave_up(self, delivery: Delivery) -> None:
        hook = _hook_of(delivery)
        if hook is None:
            return
        if delivery.kind == hooks.PAUSE:
            hook.delete()
        else:
            hooks.switch_off(hook, GAVE_UP)


def _hook_of(delivery: Delivery) -> ZapierHook | None:
    number = delivery.target.rpartition(" ")[2]
    return ZapierHook.objects.select_related("api_key").filter(pk=int(number)).first()


def is_double() -> bool:
    """Whether Zaps are started at a double on this machine."""
    return not settings.ZAPIER_HOOKS_URL.startswith("https://")


DELIVERER = ZapierDeliverer()
