"""What a change of a contact means for the reminders of its meetings: shown before Save.

Nothing is written for it: a reminder looks its address up when it is sent. So what is counted here
is which of those still to be sent will go somewhere else.
"""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet
from django.utils import timezone

from activities.models import ACTIVE, Channel, Reminder
from activities.moved_addresses import Move, chunks, differ, moves_of
from contacts.models import Identifier
from contacts.planning import Effect, Line
from contacts.signals import ContactChange

NAME = "reminders"


class ReminderPlanner:
    """Counts the upcoming reminders that a change sends to another address."""

    name, order = NAME, 10

    def effects(self, changes: Sequence[ContactChange]) -> list[Effect]:
        moves = moves_of(changes)
        rows = _upcoming(moves)
        texted = {contact_id for _, channel, contact_id, *_ in rows if channel == Channel.SMS}
        numbers = _numbers(texted)
        effects = []
        for pk, channel, contact_id, email, mobile in rows:
            move, own = moves[contact_id], numbers.get(contact_id, set())
            guest = email if channel == Channel.EMAIL else mobile
            before = move.before.of(channel, guest, own)
            # Its number until now stays known, as a former one.
            after = move.after.of(channel, guest, {*own, move.before.mobile_phone})
            if differ(channel, before, after):
                effects.append(Effect(NAME, move.change.contact_id, f"reminder {pk}"))
        return effects

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        number = len(effects)
        return [Line(f"update {number:,} upcoming reminder{'' if number == 1 else 's'}")]


def upcoming(contact_ids: Iterable[int]) -> QuerySet[Reminder]:
    """The reminders still to be sent of these contacts' meetings ahead."""
    return Reminder.objects.filter(
        next_at__isnull=False,
        meeting__contact__in=contact_ids,
        meeting__status__in=ACTIVE,
        meeting__starts_at__gt=timezone.now(),
        meeting__in_trash=False,
    )


def _upcoming(moves: dict[int, Move]) -> list[tuple[int, str, int, str, str]]:
    columns = ("pk", "channel", "meeting__contact", "meeting__guest_email", "meeting__guest_mobile_phone")  # fmt: skip
    return [
        row for chunk in chunks(moves) for row in upcoming(chunk).order_by("pk").values_list(*columns)
    ]  # fmt: skip


def _numbers(contacts: Iterable[int]) -> dict[int, set[str]]:
    """The mobile phones, current and former, of the contacts that are sent text messages."""
    found: dict[int, set[str]] = {}
    for chunk in chunks(contacts):
        rows = Identifier.objects.filter(contact__in=chunk, kind=Identifier.Kind.MOBILE_PHONE)
        for contact_id, key in rows.values_list("contact", "key"):
            found.setdefault(contact_id, set()).add(key)
    return found


PLANNER = ReminderPlanner()
