"""One guest of an event's list replaced by another: pure functions.

No vendor can change one guest: the whole list is written. So the list is read, one entry of it changed,
and everything else sent back as it came, under the version that was read. A list made from our own
rows would remove whom the host has added by hand, and un-accept everybody else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from contacts.identity import InvalidValue, parse_email

Entry = dict[str, Any]


@dataclass(frozen=True)
class GuestChange:
    """Who takes whose place: any of the addresses that the contact had, and the one of now."""

    former: frozenset[str]
    current: str
    name: str = ""


@dataclass(frozen=True)
class Shape:
    """Where a vendor's guest entries keep what matters; all pure."""

    address: Callable[[Entry], str]
    answer: Callable[[Entry], object]  # what the guest has said to the invitation
    is_fixed: Callable[[Entry], bool]  # the organizer, a room: never in the place of a guest
    renewed: Callable[[Entry, GuestChange], Entry]  # the entry that takes a former one's place


def address_key(address: str) -> str:
    """Addresses are compared as contacts are: case and the spelling of a domain do not matter."""
    try:
        return parse_email(address).key
    except InvalidValue:
        return address.strip().lower()


def new_list(entries: Sequence[Entry], change: GuestChange, shape: Shape) -> list[Entry] | None:
    """The guest list with the one guest replaced; None where it shows the new address already.

    Raises LookupError where neither address is on it: the host may have taken the guest off on
    purpose, so nobody is added.
    """
    current = address_key(change.current)
    former = {address_key(address) for address in change.former} - {current}
    there = [address_key(shape.address(entry)) for entry in entries]
    has_new = current in there
    replaced = [
        index
        for index, (entry, key) in enumerate(zip(entries, there, strict=True))
        if key in former and not shape.is_fixed(entry)
    ]
    if not replaced:
        if has_new:
            return None
        raise LookupError
    kept = [entry for index, entry in enumerate(entries) if index not in replaced[1:]]
    if has_new:
        return [entry for entry in kept if entry is not entries[replaced[0]]]
    first = entries[replaced[0]]
    return [shape.renewed(entry, change) if entry is first else entry for entry in kept]


def new_address(
    written: Sequence[Entry], stored: Sequence[Entry], change: GuestChange, shape: Shape
) -> str:
    """How the vendor shows the new guest; "" where it does not.

    It may store an account's primary address in the place of an alias: then the one address that
    nobody has written is the guest's.
    """
    asked = {address_key(shape.address(entry)) for entry in written}
    shown = [shape.address(entry) for entry in stored]
    same = [each for each in shown if address_key(each) == address_key(change.current)]
    others = [each for each in shown if address_key(each) not in asked]
    return (same or (others if len(others) == 1 else [""]))[0]


def same_answers(before: Sequence[Entry], after: Sequence[Entry], shape: Shape) -> bool:
    """Whether each guest of `after` who was there before has answered what they had answered."""
    said = {address_key(shape.address(entry)): shape.answer(entry) for entry in before}
    return all(
        said.get(address_key(shape.address(entry)), shape.answer(entry)) == shape.answer(entry)
        for entry in after
    )


def is_complete(
    written: Sequence[Entry], stored: Sequence[Entry], change: GuestChange, shape: Shape
) -> bool:
    """Whether everybody else who was written is there; the new guest may be shown otherwise."""
    shown = {address_key(shape.address(entry)) for entry in stored}
    asked = {address_key(shape.address(entry)) for entry in written}
    return asked - shown <= {address_key(change.current)}
