"""Webhooks of Calendly.

Signature as documented at https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures:
`Calendly-Webhook-Signature: t=<seconds>,v1=<hex>`, the HMAC-SHA-256 of "<t>.<body>", and a
tolerance of three minutes. Payload as at .../docs/webhooks/overview and, for moved bookings, at
.../docs/api-guides/see-how-webhook-payloads-change-when-invitees-reschedule-events: an invitee is a
booking and its `uri` the id; a move sends `invitee.created` with `old_invitee`, and
`invitee.canceled` with `rescheduled` true for the old one. Calendly deletes a subscription that
answers 410, which this app never does.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from activities.capture import Guest
from activities.inbound import reading
from activities.inbound.reading import Json, Refused, Told

HEADER = "Calendly-Webhook-Signature"
TOLERANCE = timedelta(minutes=3)
CREATED, CANCELED = "invitee.created", "invitee.canceled"


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises Refused."""
    given = [part.partition("=") for part in headers.get(HEADER, "").split(",")]
    parts = {name.strip(): value.strip() for name, _, value in given}
    stamp, signature = parts.get("t", ""), parts.get("v1", "")
    if not stamp or not signature:
        raise Refused("not signed")
    if not reading.same_digest(secret, f"{stamp}.".encode() + body, signature):
        raise Refused("wrong secret")
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 11:
        raise Refused("not signed")
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > TOLERANCE:
        raise Refused("too old")


def event_of(data: Json) -> str:
    return reading.line(data, "event", limit=40)


def read(data: Json, now: datetime) -> tuple[Told, ...]:
    """What a webhook tells; nothing for other events, and for the half of a move that the other half
    tells better. Raises BadPayload."""
    event, invitee = event_of(data), reading.at(data, "payload")
    if event not in {CREATED, CANCELED}:
        return ()
    sent = reading.moment(data, "created_at")
    if event == CANCELED:
        if reading.at(invitee, "rescheduled") is True:
            return ()
        canceled = Told(
            external_id=reading.identifier(invitee, "uri"),
            at=sent,
            canceled=True,
            reason=reading.text(invitee, "cancellation", "reason"),
            by_host=reading.at(invitee, "cancellation", "canceler_type") == "host",
        )
        return (canceled,)
    booking = reading.at(invitee, "scheduled_event")
    start, end = reading.span(
        reading.moment(booking, "start_time"), reading.moment(booking, "end_time")
    )
    old = reading.at(invitee, "old_invitee")
    told = Told(
        external_id=reading.identifier(invitee, "uri"),
        at=sent,
        replaces=reading.identifier(invitee, "old_invitee") if old else "",
        subject=reading.line(booking, "name"),
        host_email=reading.line(booking, "event_memberships", 0, "user_email").lower(),
        starts_at=start,
        ends_at=end,
        guest=_guest(invitee),
        location=reading.line(booking, "location", "location", limit=500),
        join_url=_join_url(booking),
    )
    return (told,)


def _guest(invitee: Json) -> Guest:
    email = reading.email(invitee, "email")
    further = reading.at(invitee, "scheduled_event", "event_guests")
    return Guest(
        name=reading.line(invitee, "name", limit=200),
        email=email,
        mobile_phone=reading.mobile(invitee, "text_reminder_number"),
        guests=reading.addresses(_emails(further), email),
        time_zone=reading.zone(invitee, "timezone"),
        answers=reading.answers(_answers(invitee)),
    )


def _emails(guests: Json) -> Iterator[Json]:
    for guest in guests if isinstance(guests, list) else ():
        yield reading.at(guest, "email")


def _answers(invitee: Json) -> Iterator[tuple[str, Json]]:
    told = reading.at(invitee, "questions_and_answers")
    for answer in told if isinstance(told, list) else ():
        yield reading.line(answer, "question"), reading.at(answer, "answer")


def _join_url(booking: Json) -> str:
    found = reading.line(booking, "location", "join_url", limit=500)
    return found if found.startswith(("https://", "http://")) else ""
