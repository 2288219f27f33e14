from integrations.models.calendars import BusyTime, BusyView
from integrations.models.connections import Connection, ExternalRecord
from integrations.models.deliveries import Delivery, Gate
from integrations.models.webhooks import WebhookSubscription

__all__ = [
    "BusyTime",
    "BusyView",
    "Connection",
    "Delivery",
    "ExternalRecord",
    "Gate",
    "WebhookSubscription",
]
