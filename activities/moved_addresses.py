"""Where the messages and events of a contact's meetings go, before and after a change.

Both planners of what follows a meeting ask it: of reminders here, of calendars above.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from activities.models import Channel
from activities.reminders.addresses import text_number
from contacts.identity import InvalidValue, parse_email
from contacts.models import Contact
from contacts.signals import ContactChange

CHANNELS = {Channel.EMAIL: "email", Channel.SMS: "mobile_phone"}
CHANGES = {"updated", "merged", "unmerged", "restored"}
CHUNK = 5000  # contacts in one question


@dataclass(frozen=True)
class Addresses:
    """What the reminders of a contact's meetings go to, by channel; "" is none."""

    email: str
    mobile_phone: str

    def of(self, channel: str, guest: str, numbers: Collection[str] = ()) -> str:
        """As activities.reminders.addresses has it; `numbers` are the contact's own, then as now."""
        if channel == Channel.EMAIL:
            return self.email or guest
        return text_number(guest, self.mobile_phone, {*numbers, self.mobile_phone})


@dataclass(frozen=True)
class Move:
    """The addresses of one contact's meetings before and after a change."""

    change: ContactChange
    before: Addresses
    after: Addresses


def moves_of(changes: Sequence[ContactChange]) -> dict[int, Move]:
    """By contact whose meetings are looked at: the changed one, and in a merge each folded in."""
    asked = [change for change in changes if change.kind in CHANGES and _touches(change)]
    stored = _stored({pk for change in asked for pk in (change.contact_id, *change.merged_pks)})
    moves = {}
    for change in asked:
        own = stored.get(change.contact_id, Addresses("", ""))
        before = Addresses(*(_side(change, name, 0, own) for name in CHANNELS.values()))
        after = Addresses(*(_side(change, name, 1, own) for name in CHANNELS.values()))
        moves[change.contact_id] = Move(change, before, after)
        for pk in change.merged_pks:
            moves[pk] = Move(change, stored.get(pk, Addresses("", "")), after)
    return moves


def _touches(change: ContactChange) -> bool:
    return bool(change.merged_pks) or any(name in change.fields for name in CHANNELS.values())


def _side(change: ContactChange, name: str, side: int, own: Addresses) -> str:
    """The value before (0) or after (1); what the change does not name stays as it is stored."""
    if name in change.fields:
        return str(change.fields[name][side] or "")
    return str(getattr(own, name))


def _stored(pks: Iterable[int]) -> dict[int, Addresses]:
    found: dict[int, Addresses] = {}
    for chunk in chunks(pks):
        rows = Contact.objects.filter(pk__in=chunk).values_list("pk", "email", "mobile_phone")
        found |= {pk: Addresses(email, mobile) for pk, email, mobile in rows}
    return found


def chunks(pks: Iterable[int]) -> Iterable[list[int]]:
    listed = sorted(pks)
    return (listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK))


def differ(channel: str, before: str, after: str) -> bool:
    """Whether it is another address: spelling it in capitals makes none."""
    return _key(channel, before) != _key(channel, after)


def _key(channel: str, address: str) -> str:
    if channel != Channel.EMAIL or not address:
        return address
    try:
        return parse_email(address).key
    except InvalidValue:
        return address
