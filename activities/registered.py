"""What this app puts into the registries of `contacts`, and what it listens to."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from activities import (
    activity_views,
    contact_list,
    erasing,
    host_mails,
    kept,
    leaving,
    limits,
    mail_files,
    sample,
    timeline,
)
from activities.capture import keep_addresses
from activities.chats import kept as chat_kept
from activities.chats import registered as chats
from activities.derived import refresh_contacts
from activities.inbound.applying import forget_old_events
from activities.models import FormSubmission, Meeting, SchedulerConnection
from activities.reminders import registered as reminders
from activities.routing import sample as sample_forms
from activities.routing import timeline as forms_timeline
from activities.routing.submitting import forget_tests
from activities.services import keep_up
from activities.signals import meetings_changed
from contacts import erasing as contacts_erasing
from contacts import kept as contacts_kept
from contacts import (
    navigation,
    pane_sections,
    periodic,
    settings_pages,
    vault,
)
from contacts.audit_words import register_words
from contacts.merging import counts as merge_counts
from contacts.merging.counts import MergeCount
from contacts.models import Contact, User
from contacts.pane_sections import PaneSection, Shown
from contacts.people import leaving as contacts_leaving
from contacts.sample import add_to_sample
from contacts.signals import ContactChange, contacts_changed
from contacts.timeline import sources as timeline_sources

SHOWN = 5
MOVES = {"merged", "unmerged", "restored"}
HOUR = 3600.0


def everywhere() -> None:
    """Called once, when all apps are there."""
    navigation.register(navigation.Entry("Activities", "calendar-check", "activity_list", 30))
    settings_pages.register(
        settings_pages.SettingsPage("Booking calendars", "calendar_list", 60, _active)
    )
    settings_pages.register(settings_pages.SettingsPage("Routing forms", "form_list", 62))
    settings_pages.register(settings_pages.SettingsPage("Other schedulers", "scheduler_list", 64))
    vault.register(SchedulerConnection, "secret", purpose=SchedulerConnection.PURPOSE)
    pane_sections.register(PaneSection(60, upcoming_section))
    timeline_sources.register(timeline.SOURCE)
    timeline_sources.register(forms_timeline.SOURCE)
    activity_views.register(activity_views.ActivityView("Forms", "submission_list", 30))
    contact_list.register()
    merge_counts.register(
        MergeCount("Activities combined", 10, count_activities, ("activity", "activities"))
    )
    merge_counts.register(MergeCount("Upcoming meetings", 20, count_upcoming))
    contacts_kept.register(kept.KEPT)
    contacts_erasing.register(erasing.ERASER)
    contacts_erasing.register(mail_files.ERASER)
    contacts_leaving.register(leaving.meetings_left)
    register_words(
        account__suggestions="Changed what becomes of guests' answers",
        activities__exported="Exported activities",
        calendar__archived="Closed a booking page",
        calendar__changed="Changed a booking calendar",
        calendar__created="Created a booking calendar",
        calendar__opened="Opened a booking page",
        meeting__canceled="Canceled a meeting",
        meeting__canceled_reschedule_requested="Canceled a meeting and asked for another time",
        meeting__canceled_then_rescheduled="Canceled a meeting that was then rescheduled",
        meeting__completed="Completed a meeting",
        meeting__no_show="Marked a meeting as a no-show",
        meeting__reassigned="Reassigned a meeting",
        meeting__rescheduled="Rescheduled a meeting",
        meeting__scheduled="Scheduled a meeting",
        form__archived="Archived a routing form",
        form__changed="Changed a routing form",
        form__unpublished="Closed a routing form",
        form__created="Created a routing form",
        form__published="Published a routing form",
        form__restored="Restored a routing form",
        scheduler__closed="Stopped taking bookings of another scheduler",
        scheduler__connected="Connected another scheduler",
        scheduler__opened="Took bookings of another scheduler again",
        scheduler__secret_changed="Changed the secret of another scheduler",
        submissions__exported="Exported form submissions",
    )
    periodic.register(periodic.Step("meetings", 5.0, keep_up))
    periodic.register(periodic.Step("limits", HOUR, limits.forget_old))
    reminders.everywhere()
    host_mails.everywhere()
    meetings_changed.connect(host_mails.on_meetings_changed, dispatch_uid="activities.host_mails")
    periodic.register(periodic.Step("form tests", HOUR, forget_tests))
    periodic.register(periodic.Step("scheduler events", HOUR, forget_old_events))
    add_to_sample(sample.load)
    add_to_sample(sample_forms.load)
    contacts_changed.connect(on_contacts_changed, dispatch_uid="activities")
    chats.everywhere()


def _active(user: User) -> bool:
    return user.is_active


def upcoming_section(request: HttpRequest, contact: Contact) -> Shown | None:
    """The next meetings of a contact; who sees the contact sees that they are."""
    if not contact.upcoming_meetings:
        return None
    ahead = Meeting.objects.filter(contact=contact).upcoming().select_related("host")
    rows = list(ahead.order_by("starts_at", "pk")[:SHOWN])
    context = {"meetings": rows, "more": contact.upcoming_meetings - len(rows)}
    return Shown("activities/_upcoming.html", context) if rows else None


def on_contacts_changed(changes: list[ContactChange], **_: Any) -> None:
    """A merge brings meetings along, and its undo gives them back; a delete leaves them, with where
    their reminders go."""
    moved = [change.contact_id for change in changes if change.kind in MOVES]
    if moved:
        refresh_contacts(moved, timezone.now())
    deleted = [change.contact_id for change in changes if change.kind == "deleted"]
    if deleted:
        keep_addresses(deleted)


def count_activities(records: Sequence[Contact]) -> dict[int, int]:
    """Meetings, conversations and what was sent in through forms, by contact."""
    sent = _count(FormSubmission.objects.filter(contact__in=records))
    kinds = (count_meetings(records), chat_kept.count(records), sent)
    return {record.pk: sum(kind.get(record.pk, 0) for kind in kinds) for record in records}


def count_meetings(records: Sequence[Contact]) -> dict[int, int]:
    return _count(Meeting.objects.filter(contact__in=records))


def count_upcoming(records: Sequence[Contact]) -> dict[int, int]:
    return _count(Meeting.objects.filter(contact__in=records).upcoming())


def _count(activities: QuerySet[Any]) -> dict[int, int]:
    rows = activities.order_by().values_list("contact").annotate(number=Count("pk"))
    return {contact: number for contact, number in rows if contact is not None}
