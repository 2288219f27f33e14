"""Saving the texts of a calendar; its meetings ahead are planned again in the same transaction."""

from collections.abc import Sequence

from django.db import transaction

from activities.models import BookingCalendar, ReminderTemplate
from activities.reminders.planning import replan
from activities.reminders.texts import Text, Texts
from contacts import history
from contacts.models import User
from contacts.retrying import retrying
from contacts.signals import Actor


@retrying
@transaction.atomic
def save_texts(
    *, calendar: BookingCalendar, texts: Sequence[Text], channels: Sequence[str], user: User
) -> None:
    """Replace the texts of these channels. Those of the others stay as they are, in words of their
    own from now on. Raises Busy."""
    BookingCalendar.objects.select_for_update().get(pk=calendar.pk)
    others = [text for text in Texts([calendar.pk]).of(calendar.pk) if text.channel not in channels]
    ReminderTemplate.objects.filter(calendar=calendar).delete()
    ReminderTemplate.objects.bulk_create(
        ReminderTemplate(
            calendar=calendar,
            kind=text.kind,
            channel=text.channel,
            minutes_before=text.minutes_before,
            subject=text.subject,
            body=text.body,
            enabled=text.enabled,
        )
        for text in [*texts, *others]
    )
    replan(calendar)
    history.audit(Actor(user), "calendar.reminders", calendar.public_id)
