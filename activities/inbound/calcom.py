"""Webhooks of Cal.com.

Format and signature as documented at https://cal.com/docs/developing/guides/automation/webhooks:
`X-Cal-Signature-256` is the HMAC-SHA-256 of the body in hexadecimal digits, the body is
{"triggerEvent", "createdAt", "payload"}. What the guide does not say is from Cal.com's own source
(packages/features/bookings): a rescheduled booking is a new one with a `uid` of its own, its
`rescheduleUid` names the one that it replaces, `startTime` is the new time and
`rescheduleStartTime` the old one. The time of the event stands within the signed body.

Seats (handleSeats and handleCancelBooking in the same place): a booking with `seatsPerTimeSlot` or
`attendeeSeatId` has one `uid` for everybody in it, and each attendee is a guest of a meeting of
their own here. A new seat is a BOOKING_CREATED of the known `uid`; a seat that is given up a
BOOKING_CANCELLED that names that attendee alone, and the host's own one names all of them. Cal.com
refuses one address twice in a booking, so `uid` and address identify a seat; `attendeeSeatId` does
not, since cancellations lack it. An attendee moves alone, with `attendeeSeatId`; the host moves all
who are named. Of who books by phone alone, the address is made up: <digits>@sms.cal.com.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from activities.capture import Guest
from activities.inbound import reading
from activities.inbound.reading import BadPayload, Json, Refused, Told

HEADER = "X-Cal-Signature-256"
#: Cal.com tries again for hours when an address does not answer; older than a day is no news.
TOLERANCE = timedelta(days=1)
EVENTS = {"BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"}
NO_ADDRESS = "@sms.cal.com"
#: Answers that have a place of their own in a meeting, or are Cal.com's own business.
_OWN = {
    "name", "email", "location", "notes", "guests", "rescheduleReason", "attendeePhoneNumber",
    "smsReminderNumber", "title",
}  # fmt: skip


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises Refused."""
    signature = headers.get(HEADER, "")
    if not signature:
        raise Refused("not signed")
    if not reading.same_digest(secret, body, signature):
        raise Refused("wrong secret")


def event_of(data: Json) -> str:
    return reading.line(data, "triggerEvent", limit=40)


def read(data: Json, now: datetime) -> tuple[Told, ...]:
    """What a webhook tells: of one booking, or of each seat in it; nothing for other events.

    Raises BadPayload, and Refused for an old one.
    """
    event = event_of(data)
    if event not in EVENTS:
        return ()
    sent = reading.moment(data, "createdAt")
    if abs(now - sent) > TOLERANCE:
        raise Refused("too old")
    booking = reading.at(data, "payload")
    told = _told(booking, event, sent)
    seats = _seats(booking)
    if not seats:
        return (told,) if told.canceled else (replace(told, guest=_guest(booking)),)
    return tuple(_of_seat(booking, told, attendee) for attendee in seats)


def _told(booking: Json, event: str, sent: datetime) -> Told:
    """The booking, without its guest."""
    organizer = reading.line(booking, "organizer", "email").lower()
    if event == "BOOKING_CANCELLED":
        return Told(
            external_id=reading.identifier(booking, "uid"),
            at=sent,
            canceled=True,
            reason=reading.text(booking, "cancellationReason"),
            by_host=bool(organizer) and reading.line(booking, "cancelledBy").lower() == organizer,
        )
    start, end = reading.span(
        reading.moment(booking, "startTime"), reading.moment(booking, "endTime")
    )
    return Told(
        external_id=reading.identifier(booking, "uid"),
        at=sent,
        replaces=_replaced(booking) if event == "BOOKING_RESCHEDULED" else "",
        subject=reading.line(booking, "eventTitle") or reading.line(booking, "title"),
        host_email=organizer,
        starts_at=start,
        ends_at=end,
        location=_location(booking),
        join_url=_address(booking, "metadata", "videoCallUrl"),
    )


def _seats(booking: Json) -> list[int]:
    """The places of the attendees, each address once; none where the booking is of one guest."""
    per_slot = reading.at(booking, "seatsPerTimeSlot")
    seated = isinstance(per_slot, int) and per_slot > 0
    attendees = reading.at(booking, "attendees")
    if not (seated or _seat_id(booking)) or not isinstance(attendees, list):
        return []
    places = {_known_by(booking, place): place for place in reversed(range(len(attendees)))}
    return sorted(places.values())


def _of_seat(booking: Json, told: Told, place: int) -> Told:
    """What is told of one seat. Who moved alone is the one whom the form is of."""
    who = _known_by(booking, place)
    moves = told.replaces and (not _seat_id(booking) or who == _booker(booking))
    return replace(
        told,
        external_id=_seat_of(told.external_id, who),
        replaces=_seat_of(told.replaces, who) if moves else "",
        guest=Guest() if told.canceled else _guest(booking, place, own=who == _booker(booking)),
    )


def _seat_of(uid: str, who: str) -> str:
    """The id of a seat. It says nothing of who sits there."""
    return f"{uid[:200]}#{hashlib.sha256(f'{uid} {who}'.encode()).hexdigest()}"


def _seat_id(booking: Json) -> str:
    return reading.line(booking, "attendeeSeatId")


def _known_by(booking: Json, place: int) -> str:
    """The address by which an attendee is known in a booking."""
    return reading.line(booking, "attendees", place, "email", limit=320).lower()


def _booker(booking: Json) -> str:
    """The address of who filled in the form; the first attendee where that is not told."""
    told = reading.line(booking, "responses", "email", "value", limit=320).lower()
    return told or _known_by(booking, 0)


def _replaced(booking: Json) -> str:
    try:
        return reading.identifier(booking, "rescheduleUid")
    except BadPayload:  # a booking that keeps its id: with several seats
        return ""


def _guest(booking: Json, place: int = 0, *, own: bool = True) -> Guest:
    """An attendee. The answers, the note and the further guests are those of the booker (`own`)."""
    email = _email(booking, place)
    guest = Guest(
        name=reading.line(booking, "attendees", place, "name", limit=200),
        email=email,
        mobile_phone=reading.mobile(booking, "attendees", place, "phoneNumber"),
        time_zone=reading.zone(booking, "attendees", place, "timeZone"),
    )
    if not own:
        return guest
    phones = (
        guest.mobile_phone,
        reading.mobile(booking, "responses", "attendeePhoneNumber", "value"),
        reading.mobile(booking, "smsReminderNumber"),
    )
    named = reading.at(booking, "responses", "guests", "value")
    return replace(
        guest,
        mobile_phone=next(filter(None, phones), ""),
        note=reading.text(booking, "responses", "notes", "value")
        or reading.text(booking, "additionalNotes"),
        guests=reading.addresses(named if isinstance(named, list) else [], email),
        answers=reading.answers(_answers(booking)),
    )


def _email(booking: Json, place: int) -> str:
    found = reading.email(booking, "attendees", place, "email")
    return "" if found.lower().endswith(NO_ADDRESS) else found


def _answers(booking: Json) -> Iterator[tuple[str, Json]]:
    told = reading.at(booking, "responses")
    for name, answer in told.items() if isinstance(told, Mapping) else ():
        if name not in _OWN:
            label = reading.line(answer, "label") or str(name)
            yield label, reading.at(answer, "value")


def _location(booking: Json) -> str:
    """A place in words; "integrations:…" is a name of Cal.com's for a video room."""
    place = reading.line(booking, "location", limit=500)
    return "" if place.startswith("integrations:") else place


def _address(booking: Json, *path: str) -> str:
    found = reading.line(booking, *path, limit=500)
    return found if found.startswith(("https://", "http://")) else ""
