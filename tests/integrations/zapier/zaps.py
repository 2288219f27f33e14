"""Zaps as tests turn them on."""

from typing import Any

from contacts.models import Contact
from contacts.services import update_contact
from integrations.models import Delivery
from integrations.outbox import running
from integrations.sandbox.zapier import Zap, ZapierDouble
from tests.contacts.api.client import Api
from tests.factories import by


def turn_on(api: Api, double: ZapierDouble, event: str = "contact.updated") -> Zap:
    """As Zapier does it: a new address, subscribed over the API."""
    zap, url = double.new_zap(event)
    answer = api.post("zapier/hooks", {"target_url": url, "event": event})
    assert answer.status_code == 201, answer.content
    zap.hook = answer.json()["id"]
    return zap


def edit(contact: Contact, **values: Any) -> Delivery | None:
    """A colleague edits; the delivery that was planned with it."""
    before = Delivery.objects.count()
    update_contact(contact_id=contact.pk, actor=by(), values=values)
    return Delivery.objects.latest("pk") if Delivery.objects.count() > before else None


def deliver() -> None:
    running.run()
