"""Sending one event: signed, to the address of the moment, pinned to a public IP."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

from contacts import vault
from integrations import addresses, http
from integrations.connectors.base import (
    AnswerLostError,
    ConnectorError,
    Done,
    Misconfigured,
    RetryableError,
    SkippedByPolicy,
)
from integrations.models import Delivery, WebhookSubscription
from integrations.webhooks import subscriptions

DEADLINE = 10.0  # seconds
UNREACHED = "The address could not be reached."
NO_ANSWER = "No answer within 10 seconds, or the connection was cut."
ANSWERED = "The receiver answered {status}."
REDIRECTED = "The receiver answered {status}, a redirect, which is not followed."
GONE = "The receiver answered 410, it wants no more events. The webhook was deleted."
UNREADABLE = "Its secret cannot be read with the present SECRET_KEY. Make a new one."
REMOVED = "The webhook was deleted."
GAVE_UP = "It could not be delivered to for three days."


class WebhookDeliverer:
    """Events of the outbox to their subscriptions."""

    reads_back = False  # the same webhook-id again is how a receiver knows a repeat

    def deliver(self, delivery: Delivery) -> Done:
        subscription = _subscription_of(delivery)
        if subscription is None:
            raise SkippedByPolicy(REMOVED)
        secrets = secrets_of(subscription)
        status, asked = post(subscription.url, delivery.payload, str(delivery.uid), secrets)
        if 200 <= status < 300:
            return Done(words="")
        if status == 410:
            subscriptions.unsubscribed(subscription)
            raise with_status(SkippedByPolicy(GONE), status)
        raise refused(status, asked)

    def gave_up(self, delivery: Delivery) -> None:
        subscription = _subscription_of(delivery)
        if subscription is not None:
            subscriptions.disable(subscription, GAVE_UP)


def _subscription_of(delivery: Delivery) -> WebhookSubscription | None:
    number = delivery.target.rpartition(" ")[2]
    return WebhookSubscription.objects.filter(pk=int(number)).first()


def secrets_of(subscription: WebhookSubscription) -> list[str]:
    """Those that sign now. Raises Misconfigured."""
    try:
        return subscription.secrets()
    except vault.Unreadable:
        raise Misconfigured(UNREADABLE) from None


def post(url: str, text: str, message_id: str, secrets: list[str]) -> tuple[int, float]:
    """Status, and the seconds that the receiver asks to wait. Raises RetryableError and kin."""
    body = text.encode()
    headers = signed(body, message_id, secrets, int(time.time()))
    return send("POST", url, content=body, headers=headers)


def send(method: str, url: str, **parts: Any) -> tuple[int, float]:
    """One request to an address that somebody gave us, pinned. Raises RetryableError and kin."""
    try:
        address = addresses.resolve(addresses.check_url(url))
        answer = http.call(method, url, deadline=DEADLINE, address=address, read=False, **parts)
    except (addresses.Refused, http.NotReached):  # told alike, so that it says nothing of a network
        raise RetryableError(UNREACHED) from None
    except http.AnswerLost:
        raise AnswerLostError(NO_ANSWER) from None
    return answer.status, retry_after(answer.headers)


def refused(status: int, asked: float) -> ConnectorError:
    """What an answer other than 2xx means: it may yet be taken."""
    words = REDIRECTED if 300 <= status < 400 else ANSWERED
    return with_status(RetryableError(words.format(status=status), asked), status)


def with_status(error: ConnectorError, status: int) -> ConnectorError:
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
