"""What reminders put into the registries of `contacts`, and what they listen to."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count

from activities.capture import forget_addresses
from activities.models import Reminder
from activities.reminders import entries, kept, planner, planning, sweeping
from activities.signals import MeetingChange, meetings_changed
from activities.tasks import send_reminders_of
from contacts import kept as contacts_kept
from contacts import periodic, settings_pages
from contacts import planning as contacts_planning
from contacts.audit_words import register_words
from contacts.background import hint_after_commit
from contacts.listing import bounded_count
from contacts.merging import counts as merge_counts
from contacts.merging.counts import MergeCount
from contacts.models import Contact, User
from contacts.relaying import EVERY
from contacts.settings_pages import SettingsPage
from contacts.timeline import sources as timeline_sources

HOUR = 3600.0


def everywhere() -> None:
    """Called once, when all apps are there."""
    settings_pages.register(SettingsPage("Reminders", "reminder_list", 65, _active, attention))
    timeline_sources.register(entries.SOURCE)
    merge_counts.register(MergeCount("Upcoming reminders", 30, count_upcoming))
    contacts_planning.register(planner.PLANNER)
    contacts_kept.register(kept.KEPT)
    register_words(
        calendar__reminders="Changed the reminders of a booking calendar",
        reminder__sent_again="Had a message to a guest sent again",
    )
    periodic.register(periodic.Step("reminders", EVERY, sweeping.new_sweep().look))
    periodic.register(periodic.Step("last addresses", HOUR, forget_addresses))
    meetings_changed.connect(on_meetings_changed, dispatch_uid="activities.reminders")


def _active(user: User) -> bool:
    return user.is_active


def attention(user: User) -> int:
    """How many messages went wrong that a person could still do something about."""
    return bounded_count(Reminder.objects.visible_to(user).need_attention())


def on_meetings_changed(changes: list[MeetingChange], **_: Any) -> None:
    """Plan what the guests are told, and have what is due now sent as soon as this is committed."""
    for meeting_id in planning.follow(changes):
        hint_after_commit(send_reminders_of, meeting_id)


def count_upcoming(records: Sequence[Contact]) -> dict[int, int]:
    ahead = planner.upcoming([contact.pk for contact in records]).order_by()
    rows = ahead.values_list("meeting__contact").annotate(number=Count("pk"))
    return {contact: number for contact, number in rows if contact is not None}
