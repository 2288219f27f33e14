"""Django's admin over the models of this app: for looking. Meetings are written by the services."""

from django.contrib import admin

from activities.models import (
    BookedSlot,
    BookingCalendar,
    Chatbot,
    ChatbotVersion,
    ChatMessage,
    Conversation,
    ExternalBooking,
    FormSubmission,
    Meeting,
    MeetingEvent,
    RateCount,
    Reminder,
    ReminderTemplate,
    RoutingForm,
    SchedulerConnection,
    SchedulerEvent,
    SmsReply,
)
from contacts.admin.read_only import ReadOnlyAdmin


@admin.register(BookingCalendar)
class BookingCalendarAdmin(ReadOnlyAdmin):
    list_display = ["name", "slug", "host", "duration_minutes", "time_zone", "archived_at"]
    list_select_related = ["host"]
    search_fields = ["name", "slug", "public_id"]


@admin.register(Meeting)
class MeetingAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "subject", "status", "starts_at", "host", "contact", "source"]
    list_filter = ["status", "source"]
    list_select_related = ["host", "contact"]
    search_fields = ["public_id", "tracking_id"]
    exclude = ["guest_nonce", "guest_token_hash"]


@admin.register(MeetingEvent)
class MeetingEventAdmin(ReadOnlyAdmin):
    list_display = ["meeting", "kind", "at", "by", "user"]
    list_select_related = ["meeting", "user"]
    list_filter = ["kind"]


@admin.register(BookedSlot)
class BookedSlotAdmin(ReadOnlyAdmin):
    list_display = ["host", "slot", "meeting"]
    list_select_related = ["host", "meeting"]


@admin.register(RoutingForm)
class RoutingFormAdmin(ReadOnlyAdmin):
    list_display = ["name", "slug", "owner", "published_at", "archived_at"]
    list_select_related = ["owner"]
    search_fields = ["name", "slug", "public_id"]


@admin.register(FormSubmission)
class FormSubmissionAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "form", "creation_time", "outcome", "contact", "is_test"]
    list_filter = ["outcome", "is_test"]
    list_select_related = ["form", "contact"]
    search_fields = ["public_id"]
    exclude = ["nonce"]


@admin.register(SchedulerConnection)
class SchedulerConnectionAdmin(ReadOnlyAdmin):
    list_display = ["name", "kind", "host", "received_at", "closed_at"]
    list_select_related = ["host"]
    exclude = ["secret", "address"]


@admin.register(SchedulerEvent)
class SchedulerEventAdmin(ReadOnlyAdmin):
    list_display = ["connection", "event", "outcome", "received_at", "meeting"]
    list_filter = ["outcome"]
    list_select_related = ["connection", "meeting"]
    exclude = ["digest"]


@admin.register(ExternalBooking)
class ExternalBookingAdmin(ReadOnlyAdmin):
    list_display = ["connection", "state", "meeting", "told_at"]
    list_select_related = ["connection", "meeting"]


@admin.register(RateCount)
class RateCountAdmin(ReadOnlyAdmin):
    list_display = ["key", "window", "count"]


@admin.register(Chatbot)
class ChatbotAdmin(ReadOnlyAdmin):
    list_display = ["name", "slug", "owner", "live", "archived_at"]
    list_select_related = ["owner", "live"]
    search_fields = ["name", "slug", "public_id"]


@admin.register(ChatbotVersion)
class ChatbotVersionAdmin(ReadOnlyAdmin):
    list_display = ["bot", "digest", "made_at"]
    list_select_related = ["bot"]


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "bot", "state", "contact", "started_at", "answered", "is_test"]
    list_filter = ["state", "is_test"]
    list_select_related = ["bot", "contact"]
    search_fields = ["public_id"]
    exclude = ["token_hash"]


@admin.register(ChatMessage)
class ChatMessageAdmin(ReadOnlyAdmin):
    list_display = ["conversation", "number", "by", "at"]
    list_select_related = ["conversation"]
    exclude = ["nonce"]


@admin.register(ReminderTemplate)
class ReminderTemplateAdmin(ReadOnlyAdmin):
    list_display = ["calendar", "kind", "channel", "minutes_before", "enabled"]
    list_select_related = ["calendar"]
    list_filter = ["kind", "channel"]


@admin.register(Reminder)
class ReminderAdmin(ReadOnlyAdmin):
    list_display = ["meeting", "kind", "channel", "due_at", "state", "attempts", "sent_to"]
    list_select_related = ["meeting"]
    list_filter = ["state", "channel", "kind"]
    exclude = ["lease_token"]


@admin.register(SmsReply)
class SmsReplyAdmin(ReadOnlyAdmin):
    list_display = ["number", "sender", "stop", "at"]
    list_filter = ["stop"]
