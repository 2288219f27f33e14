"""Somebody else's system that gets events: it answers as told and remembers what it got."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from contacts.signals import Actor
from integrations import http
from integrations.models import WebhookSubscription
from integrations.webhooks import subscriptions

URL = "http://127.0.0.1:9/events"


@dataclass
class Receiver(httpx.BaseTransport):
    """Answers 200, or the next of `answers`: a status, a response, or an exception to raise."""

    answers: list[Any] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(answer)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.requests]


def verified(request: httpx.Request, secret: str) -> bool:
    """What a receiver of OnceHub's webhooks computes, and one of Standard Webhooks."""
    fields = [part.split("=", 1) for part in request.headers["Oncehub-Signature"].split(",")]
    at = dict(fields)["t"]
    ours = hmac.new(secret.encode(), at.encode() + b"." + request.content, hashlib.sha256)
    content = f"{request.headers['webhook-id']}.{at}.".encode() + request.content
    standard = hmac.new(base64.b64decode(secret), content, hashlib.sha256).digest()
    signatures = request.headers["webhook-signature"].split(" ")
    return ["s", ours.hexdigest()] in fields and (
        "v1," + base64.b64encode(standard).decode() in signatures
    )


def subscribe(*wanted: str, name: str = "Hook", url: str = URL) -> WebhookSubscription:
    made, _ = subscriptions.create(
        name=name, url=url, wanted=list(wanted or ("contact", "booking")), actor=Actor(None)
    )
    return made


@pytest.fixture
def receiver(settings: Any) -> Any:
    settings.WEBHOOKS_TO_LOOPBACK = True
    http.transport = Receiver()
    yield http.transport
    http.transport = None
