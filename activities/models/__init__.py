from activities.models.calendar import BookingCalendar, default_hours
from activities.models.chatbot import Chatbot, ChatbotVersion
from activities.models.conversation import ChatMessage, Conversation
from activities.models.limits import RateCount
from activities.models.meeting import ACTIVE, BookedSlot, Meeting, MeetingEvent
from activities.models.reminder import Channel, Reminder, ReminderKind, ReminderTemplate, SmsReply
from activities.models.routing import FormSubmission, RoutingForm
from activities.models.scheduler import ExternalBooking, SchedulerConnection, SchedulerEvent

__all__ = [
    "ACTIVE",
    "BookedSlot",
    "BookingCalendar",
    "Channel",
    "Chatbot",
    "ChatbotVersion",
    "ChatMessage",
    "Conversation",
    "ExternalBooking",
    "FormSubmission",
    "Meeting",
    "MeetingEvent",
    "RateCount",
    "Reminder",
    "ReminderKind",
    "ReminderTemplate",
    "RoutingForm",
    "SchedulerConnection",
    "SchedulerEvent",
    "SmsReply",
    "default_hours",
]
