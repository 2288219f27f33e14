"""Addresses of meetings: the public pages, the guest's link, and the pages of the hosts."""

from django.urls import include, path

from activities.views import (
    booking,
    calendars,
    exports,
    form_editor,
    guest,
    lists,
    meetings,
    reminder_texts,
    reminders,
    routing,
    scheduler_hooks,
    schedulers,
    submissions,
)

urlpatterns = [
    path("", include("activities.chats.urls")),
    path("book/<str:slug>/", booking.booking_page, name="booking_page"),
    path("book/<str:slug>/details/", booking.booking_details, name="booking_details"),
    path("booked/<str:token>/", guest.guest_meeting, name="guest_meeting"),
    path("booked/<str:token>/meeting.ics", guest.guest_ics, name="guest_ics"),
    path("booked/<str:token>/cancel/", guest.guest_cancel, name="guest_cancel"),
    path("booked/<str:token>/reschedule/", guest.guest_reschedule, name="guest_reschedule"),
    path("form/<str:slug>/", routing.form_page, name="form_page"),
    path("form/<str:slug>/done/<str:token>/", routing.form_done, name="form_done"),
    path("hooks/<str:address>/", scheduler_hooks.receive, name="scheduler_hook"),
    path("activities/", lists.activity_list, name="activity_list"),
    path("activities/export/", exports.activity_export, name="activity_export"),
    path("activities/forms/", submissions.submission_list, name="submission_list"),
    path("activities/forms/export/", submissions.submission_export, name="submission_export"),
    path(
        "activities/forms/<str:public_id>/", submissions.submission_detail, name="submission_detail"
    ),
    path("activities/<str:public_id>/", meetings.meeting_detail, name="meeting_detail"),
    path("activities/<str:public_id>/cancel/", meetings.meeting_cancel, name="meeting_cancel"),
    path(
        "activities/<str:public_id>/reschedule/",
        meetings.meeting_reschedule,
        name="meeting_reschedule",
    ),
    path(
        "activities/<str:public_id>/reassign/", meetings.meeting_reassign, name="meeting_reassign"
    ),
    path("activities/<str:public_id>/no-show/", meetings.meeting_no_show, name="meeting_no_show"),
    path(
        "activities/<str:public_id>/attended/", meetings.meeting_attended, name="meeting_attended"
    ),
    path(
        "activities/<str:public_id>/reminders/<int:reminder_id>/send/",
        reminders.reminder_again,
        name="reminder_again",
    ),
    path("settings/reminders/", reminders.reminder_list, name="reminder_list"),
    path(
        "settings/booking-calendars/<str:public_id>/reminders/",
        reminder_texts.calendar_reminders,
        name="calendar_reminders",
    ),
    path("settings/booking-calendars/", calendars.calendar_list, name="calendar_list"),
    path("settings/booking-calendars/new/", calendars.calendar_new, name="calendar_new"),
    path(
        "settings/booking-calendars/suggestions/",
        calendars.suggestion_policy,
        name="suggestion_policy",
    ),
    path(
        "settings/booking-calendars/<str:public_id>/",
        calendars.calendar_edit,
        name="calendar_edit",
    ),
    path(
        "settings/booking-calendars/<str:public_id>/archive/",
        calendars.calendar_archive,
        name="calendar_archive",
    ),
    path("settings/routing-forms/", form_editor.form_list, name="form_list"),
    path("settings/routing-forms/new/", form_editor.form_new, name="form_new"),
    path("settings/routing-forms/<str:public_id>/", form_editor.form_edit, name="form_edit"),
    path(
        "settings/routing-forms/<str:public_id>/preview/",
        form_editor.form_preview,
        name="form_preview",
    ),
    path(
        "settings/routing-forms/<str:public_id>/action/",
        form_editor.form_action,
        name="form_action",
    ),
    path("settings/schedulers/", schedulers.scheduler_list, name="scheduler_list"),
    path("settings/schedulers/new/", schedulers.scheduler_new, name="scheduler_new"),
    path(
        "settings/schedulers/<str:public_id>/", schedulers.scheduler_detail, name="scheduler_detail"
    ),
    path(
        "settings/schedulers/<str:public_id>/action/",
        schedulers.scheduler_action,
        name="scheduler_action",
    ),
]
