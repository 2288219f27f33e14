"""Addresses that other systems call, and the pages about them."""

from django.urls import path, re_path

from integrations import receivers
from integrations.views import (
    by_hand,
    crm,
    crm_mapping,
    crm_review,
    demo_calendars,
    demo_crm,
    demo_faults,
    exchange,
    integrations,
    sent,
    sync,
    webhooks,
    zapier,
)

urlpatterns = [
    path("hooks/twilio/status/<int:reminder_id>/", receivers.twilio_status, name="twilio_status"),
    path("hooks/twilio/messages/", receivers.twilio_message, name="twilio_message"),
    path("integrations/", integrations.integration_list, name="integration_list"),
    path(
        "integrations/calendars/elsewhere/",
        integrations.calendar_elsewhere,
        name="calendar_elsewhere",
    ),
    path(
        "integrations/calendars/<str:kind>/connect/",
        integrations.calendar_connect,
        name="calendar_connect",
    ),
    path(
        "integrations/calendars/<str:kind>/back/", integrations.calendar_back, name="calendar_back"
    ),
    path(
        "integrations/calendars/<str:kind>/disconnect/",
        integrations.calendar_disconnect,
        name="calendar_disconnect",
    ),
    path(
        "integrations/calendars/<str:kind>/fill/", integrations.calendar_fill, name="calendar_fill"
    ),
    path("integrations/exchange/", exchange.exchange_server, name="exchange_server"),
    path("integrations/exchange/connect/", exchange.exchange_sign_in, name="exchange_sign_in"),
    path("integrations/zapier/", zapier.zapier, name="zapier"),
    path(
        "integrations/zapier/<str:public_id>/disconnect/",
        zapier.zapier_disconnect,
        name="zapier_disconnect",
    ),
    path("integrations/crm/<str:kind>/", crm_mapping.crm_mapping, name="crm_mapping"),
    path("integrations/crm/<str:kind>/sign-in/", crm.crm_sign_in, name="crm_sign_in"),
    path("integrations/crm/<str:kind>/connect/", crm.crm_connect, name="crm_connect"),
    path("integrations/crm/<str:kind>/back/", crm.crm_back, name="crm_back"),
    path("integrations/crm/<str:kind>/disconnect/", crm.crm_disconnect, name="crm_disconnect"),
    path("integrations/crm/<str:kind>/fields/", crm_mapping.crm_read_again, name="crm_read_again"),
    path("integrations/crm/<str:kind>/records/", crm_mapping.crm_kind, name="crm_kind"),
    path(
        "contacts/<str:public_id>/crm/<row:connection_id>/again/",
        crm_review.crm_ask_again,
        name="crm_ask_again",
    ),
    path("sync/<row:delivery_id>/review/", crm_review.crm_review, name="crm_review"),
    path("integrations/by-hand/<int:meeting_id>/", by_hand.event_by_hand, name="event_by_hand"),
    path(
        "integrations/by-hand/<int:meeting_id>/invitation.ics",
        by_hand.event_by_hand_ics,
        name="event_by_hand_ics",
    ),
    path("sync/", sync.sync_activity, name="sync_activity"),
    path("sync/retry/", sync.retry_all, name="sync_retry_all"),
    path("sync/<int:delivery_id>/", sync.delivery_detail, name="delivery_detail"),
    path("sync/<int:delivery_id>/retry/", sync.delivery_retry, name="delivery_retry"),
    path("settings/webhooks/", webhooks.webhook_list, name="webhook_list"),
    path("settings/webhooks/new/", webhooks.webhook_new, name="webhook_new"),
    path("settings/webhooks/<str:public_id>/", webhooks.webhook_detail, name="webhook_detail"),
    re_path(
        r"^settings/webhooks/(?P<public_id>[^/]+)/(?P<action>test|rotate|pause|resume|delete)/$",
        webhooks.webhook_action,
        name="webhook_action",
    ),
    path("settings/demo-calendars/", demo_calendars.demo_calendars, name="demo_calendars"),
    path("settings/demo-faults/", demo_faults.demo_faults, name="demo_faults"),
    path("settings/demo-crm/", demo_crm.demo_crm, name="demo_crm"),
    path("settings/sent-messages/", sent.sent_messages, name="sent_messages"),
]
