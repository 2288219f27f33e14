"""Webhooks of Cal.com.

Format and signature as documented at https://cal.com/docs/developing/guides/automation/webhooks:
`X-Cal-Signature-256` is the HMAC-SHA-256 of the body in hexadecimal digits, the body is
{"triggerEvent", "createdAt", "payload"}. What the guide does not say is from Cal.com's own source
(packages/features/bookings): a rescheduled booking is a new one with a `uid` of its own, its
`rescheduleUid` names the one that it replaces, `startTime` is the new time and
`rescheduleStartTime` the old one. The time of the event stands within the signed body.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from activities.capture import Guest
from activities.inbound import reading
from activities.inbound.reading import BadPayload, Json, Refused, Told

HEADER = "X-Cal-Signature-256"
#: Cal.com tries again for hours when an address does not answer; older than a day is no news.
TOLERANCE = timedelta(days=1)
EVENTS = {"BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"}
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


def read(data: Json, now: datetime) -> Told | None:
    """What a webhook tells; None for other events. Raises BadPayload, and Refused for an old one."""
    event = event_of(data)
    if event not in EVENTS:
        return None
    sent = reading.moment(data, "createdAt")
    if abs(now - sent) > TOLERANCE:
        raise Refused("too old")
    booking = reading.at(data, "payload")
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
        guest=_guest(booking),
        location=_location(booking),
        join_url=_address(booking, "metadata", "videoCallUrl"),
    )


def _replaced(booking: Json) -> str:
    try:
        return reading.identifier(booking, "rescheduleUid")
    except BadPayload:  # a booking that keeps its id: with several seats
        return ""


def _guest(booking: Json) -> Guest:
    email = reading.email(booking, "attendees", 0, "email")
    phones = (
        reading.mobile(booking, "attendees", 0, "phoneNumber"),
        reading.mobile(booking, "responses", "attendeePhoneNumber", "value"),
        reading.mobile(booking, "smsReminderNumber"),
    )
    named = reading.at(booking, "responses", "guests", "value")
    return Guest(
        name=reading.line(booking, "attendees", 0, "name", limit=200),
        email=email,
        mobile_phone=next(filter(None, phones), ""),
        note=reading.text(booking, "responses", "notes", "value")
        or reading.text(booking, "additionalNotes"),
        guests=reading.addresses(named if isinstance(named, list) else [], email),
        time_zone=reading.zone(booking, "attendees", 0, "timeZone"),
        answers=reading.answers(_answers(booking)),
    )


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
