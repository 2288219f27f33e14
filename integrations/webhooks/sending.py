"""Sending one event: signed, to the address of the moment, pinned to a public IP."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime

from contacts import vault
from integrations import addresses, http
from integrations.connectors.base import (
    AnswerLostError,
    ConnectorError,
    Done,
    Misconfigured,
    RetryableError,
    TargetGone,
)
from integrations.models import Delivery, WebhookSubscription
from integrations.webhooks import subscriptions

DEADLINE = 10.0  # seconds
UNREACHED = "The address could not be reached."
NO_ANSWER = "No answer within 10 seconds, or the connection was cut."
ANSWERED = "The receiver answered {status}."
REDIRECTED = "The receiver answered {status}, a redirect, which is not followed."
GONE = "The receiver answered 410: it wants no more events."
UNREADABLE = "Its secret cannot be read with the present SECRET_KEY. Make a new one."
REMOVED = "The webhook was deleted."
GAVE_UP = "It could not be delivered to for three days."


class WebhookDeliverer:
    """Events of the outbox to their subscriptions."""

    reads_back = False  # the same webhook-id again is how a receiver knows a repeat

    def deliver(self, delivery: Delivery) -> Done:
        subscription = _subscription_of(delivery)
        if subscription is None:
            raise TargetGone(REMOVED)
        status, asked = _post(subscription, delivery)
        if 200 <= status < 300:
            return Done(words="")
        if status == 410:
            subscriptions.disable(subscription, GONE, gone=True)
            raise _with_status(TargetGone(GONE), status)
        words = REDIRECTED if 300 <= status < 400 else ANSWERED
        raise _with_status(RetryableError(words.format(status=status), asked), status)

    def gave_up(self, delivery: Delivery) -> None:
        subscription = _subscription_of(delivery)
        if subscription is not None:
            subscriptions.disable(subscription, GAVE_UP)


def _subscription_of(delivery: Delivery) -> WebhookSubscription | None:
    number = delivery.target.rpartition(" ")[2]
    return WebhookSubscription.objects.filter(pk=int(number)).first()


def _post(subscription: WebhookSubscription, delivery: Delivery) -> tuple[int, float]:
    """Status, and the seconds that the receiver asks to wait. Raises RetryableError and kin."""
    body = delivery.payload.encode()
    try:
        secrets = subscription.secrets()
    except vault.Unreadable:
        raise Misconfigured(UNREADABLE) from None
    headers = signed(body, str(delivery.uid), secrets, int(time.time()))
    try:
        address = addresses.resolve(addresses.check_url(subscription.url))
        answer = http.call(
            "POST", subscription.url, content=body, headers=headers, deadline=DEADLINE,
            address=address, read=False,
        )  # fmt: skip
    except (addresses.Refused, http.NotReached):  # told alike, so that it says nothing of a network
        raise RetryableError(UNREACHED) from None
    except http.AnswerLost:
        raise AnswerLostError(NO_ANSWER) from None
    return answer.status, retry_after(answer.headers)


def _with_status(error: ConnectorError, status: int) -> ConnectorError:
    error.status = status
    return error


def signed(body: bytes, message_id: str, secrets: list[str], at: int) -> dict[str, str]:
    """The headers of an event: OnceHub's signature, and those of Standard Webhooks beside it.

    While a rotation lasts, both secrets have signed, the present one first.
    """
    ours = [_hmac(secret.encode(), f"{at}.".encode() + body).hex() for secret in secrets]
    content = f"{message_id}.{at}.".encode() + body
    standard = [
        "v1," + base64.b64encode(_hmac(base64.b64decode(secret), content)).decode()
        for secret in secrets
    ]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Kith",
        "Oncehub-Signature": ",".join([f"t={at}", *(f"s={each}" for each in ours)]),
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(standard),
    }


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, from a number or a date; 0 where nothing, or nothing readable, is asked for."""
    asked = headers.get("Retry-After", "")
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    with suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    return 0.0


DELIVERER = WebhookDeliverer()
