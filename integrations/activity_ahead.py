"""What Sync activity says of a backlog: how long it takes each system, from the limit it has set."""

from datetime import datetime, timedelta

from contacts.models import User
from integrations import systems
from integrations.models import Connection
from integrations.outbox import pace

#: Less than this is over before it is read.
WORTH_SAYING = timedelta(seconds=20)


def ahead(user: User, now: datetime) -> list[str]:
    """A sentence for each system that takes a while. The connections are those of the account and
    the user's own; administrators are told of everybody's."""
    rows = Connection.objects.exclude(state=Connection.State.DISCONNECTED)
    if not user.role.administers:
        rows = rows.filter(user=None) | rows.filter(user=user)
    kinds = {row.gate: row.vendor for row in rows}
    longest: dict[str, pace.Backlog] = {}
    for backlog in pace.backlogs(kinds, now):
        kind = kinds[backlog.gate]
        if kind not in longest or longest[kind].takes < backlog.takes:
            longest[kind] = backlog
    return [
        _sentence(systems.label_of(kind), backlog)
        for kind, backlog in sorted(longest.items())
        if backlog.takes >= WORTH_SAYING
    ]


def _sentence(label: str, backlog: pace.Backlog) -> str:
    takes = in_words(backlog.takes)
    if backlog.held:
        return (
            f"{label}: little is left of its calls of a day, so imports wait and edits go on. There"
            f" is another look in {in_words(backlog.held)}. Everything that waits needs at least"
            f" {takes}, and longer where none are free again by then."
        )
    return (
        f"{label}: everything that waits needs at least {takes}, at the pace that its limit allows."
        " Edits go first."
    )


def in_words(takes: timedelta) -> str:
    """ "40 seconds", "12 minutes", "3 hours": no finer than such a figure can be."""
    seconds = takes.total_seconds()
    for unit, size, least in (("day", 86_400, 2), ("hour", 3600, 2), ("minute", 60, 2)):
        if seconds >= least * size:
            return f"{round(seconds / size):,} {unit}s"
    return f"{round(seconds, -1):.0f} seconds"
