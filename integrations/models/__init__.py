from integrations.models.calendars import BusyTime, BusyView
from integrations.models.connections import Connection, ExternalRecord
from integrations.models.crm import CrmAccount, CrmConflict
from integrations.models.deliveries import Delivery, Gate
from integrations.models.webhooks import WebhookSubscription

__all__ = [
    "BusyTime",
    "BusyView",
    "Connection",
    "CrmAccount",
    "CrmConflict",
    "Delivery",
    "ExternalRecord",
    "Gate",
    "WebhookSubscription",
]
