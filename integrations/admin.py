"""Django's admin over the models of this app: for looking. Secrets and payloads are not shown."""

from django.contrib import admin

from contacts.admin.read_only import ReadOnlyAdmin
from integrations.models import (
    Connection,
    CrmAccount,
    CrmConflict,
    Delivery,
    ExchangeServer,
    ExternalRecord,
    Gate,
    WebhookSubscription,
    ZapierHook,
)


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    list_display = ["vendor", "label", "user", "state", "connected_at", "held_since"]
    list_select_related = ["user"]
    list_filter = ["vendor", "state"]
    exclude = ["access_token", "refresh_token"]


@admin.register(ExternalRecord)
class ExternalRecordAdmin(ReadOnlyAdmin):
    list_display = ["connection", "external_type", "external_id", "contact", "meeting", "seen_at"]
    list_select_related = ["connection", "contact", "meeting"]
    list_filter = ["kind"]


@admin.register(CrmAccount)
class CrmAccountAdmin(ReadOnlyAdmin):
    list_display = ["connection", "read_at", "next_at", "trouble", "log_meetings"]
    list_select_related = ["connection"]


@admin.register(CrmConflict)
class CrmConflictAdmin(ReadOnlyAdmin):
    list_display = ["connection", "contact", "found_at", "choice", "chosen_by"]
    list_select_related = ["connection", "contact", "chosen_by"]
    exclude = ["records"]


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "name", "url", "active", "disabled_reason"]
    list_filter = ["active"]
    exclude = ["secret", "earlier_secret"]


@admin.register(ExchangeServer)
class ExchangeServerAdmin(ReadOnlyAdmin):
    list_display = ["url", "sign_in", "active", "changed_at"]


@admin.register(ZapierHook)
class ZapierHookAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "event", "api_key", "off_reason", "ended_at", "creation_time"]
    list_select_related = ["api_key"]
    list_filter = ["event"]
    exclude = ["path"]  # whoever knows it can start the Zap


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["uid", "kind", "target", "contact_public_id", "state", "attempts", "next_at"]
    list_filter = ["state", "family", "priority"]
    search_fields = ["=uid", "=event_id", "=contact_public_id"]
    exclude = ["payload", "lease_token"]


@admin.register(Gate)
class GateAdmin(ReadOnlyAdmin):
    list_display = ["key", "paused", "failures", "closed_until", "limit", "per_seconds"]
    list_filter = ["paused"]
