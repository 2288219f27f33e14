"""Addresses that other systems call, and the pages about them."""

from django.urls import path, re_path

from integrations import receivers
from integrations.views import by_hand, demo_calendars, integrations, sent, sync, webhooks

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
    path("settings/sent-messages/", sent.sent_messages, name="sent_messages"),
]
