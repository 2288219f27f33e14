from integrations.models.calendars import BusyTime, BusyView
from integrations.models.connections import Connection, ExternalRecord
from integrations.models.crm import CrmAccount, CrmConflict
from integrations.models.deliveries import Delivery, Gate
from integrations.models.exchange import ExchangeServer
from integrations.models.webhooks import WebhookSubscription
from integrations.models.zapier import ZapierHook

__all__ = [
    "BusyTime",
    "BusyView",
    "Connection",
    "CrmAccount",
    "CrmConflict",
    "Delivery",
    "ExchangeServer",
    "ExternalRecord",
    "Gate",
    "WebhookSubscription",
    "ZapierHook",
]
