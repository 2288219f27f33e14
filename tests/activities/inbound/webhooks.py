"""Webhooks as Cal.com and Calendly send them, signed, and ways to send them here."""

import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.models import SchedulerConnection
from contacts import vault
from contacts.models import User
from tests.activities.bookings import soon

SECRET = "a-secret-of-the-tests"
Json = dict[str, Any]


def make_connection(host: User, kind: str = "calcom", **values: Any) -> SchedulerConnection:
    sealed = vault.seal(SECRET, purpose=SchedulerConnection.PURPOSE)
    values = {"name": "Sales", "secret": sealed, **values}
    return SchedulerConnection.objects.create(kind=kind, host=host, **values)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def calcom(
    event: str = "BOOKING_CREATED", uid: str = "uid-1", start: datetime | None = None,
    *, sent: datetime | None = None, minutes: int = 30, **payload: Any,
) -> Json:  # fmt: skip
    """A webhook of Cal.com about Ada's booking."""
    start = start or soon()
    guest = {"name": "Ada Lovelace", "email": "ada@example.com", "timeZone": "Europe/London"}
    return {
        "triggerEvent": event,
        "createdAt": stamp(sent or timezone.now()),
        "payload": {
            "uid": uid,
            "title": "30min between Hanna and Ada Lovelace",
            "eventTitle": "Introductory call",
            "startTime": stamp(start),
            "endTime": stamp(start + timedelta(minutes=minutes)),
            "organizer": {"email": "HOST@kith.test", "name": "Hanna"},
            "attendees": [guest],
            "responses": {
                "name": {"label": "your_name", "value": "Ada Lovelace"},
                "notes": {"label": "additional_notes", "value": "Two\nlines"},
                "guests": {"label": "additional_guests", "value": ["bob@example.com"]},
                "topic": {"label": "What about?", "value": ["Tax", "VAT"]},
            },
            "location": "integrations:daily",
            "metadata": {"videoCallUrl": "https://video.example.com/room"},
            **payload,
        },
    }


def calendly(
    event: str = "invitee.created", uid: str = "1", start: datetime | None = None,
    *, minutes: int = 30, **payload: Any,
) -> Json:  # fmt: skip
    """A webhook of Calendly about Ada's booking."""
    start = start or soon()
    return {
        "event": event,
        "created_at": stamp(timezone.now()),
        "created_by": "https://api.calendly.com/users/U",
        "payload": {
            "uri": invitee(uid),
            "name": "Ada Lovelace",
            "email": "ada@example.com",
            "timezone": "America/New_York",
            "text_reminder_number": "+12025550101",
            "questions_and_answers": [{"question": "What about?", "answer": "Tax", "position": 0}],
            "rescheduled": False,
            "old_invitee": None,
            "new_invitee": None,
            "scheduled_event": {
                "uri": f"https://api.calendly.com/scheduled_events/E{uid}",
                "name": "15 Minute Meeting",
                "start_time": stamp(start),
                "end_time": stamp(start + timedelta(minutes=minutes)),
                "location": {"type": "physical", "location": "Room 4"},
                "event_memberships": [{"user_email": "nobody@elsewhere.example"}],
                "event_guests": [{"email": "bob@example.com"}],
            },
            **payload,
        },
    }


def invitee(uid: str) -> str:
    return f"https://api.calendly.com/scheduled_events/E{uid}/invitees/I{uid}"


def signature(kind: str, body: bytes, secret: str = SECRET, at: float | None = None) -> Json:
    """The header that the scheduler signs with."""
    if kind == "calcom":
        return {"X-Cal-Signature-256": hmac.new(secret.encode(), body, "sha256").hexdigest()}
    seconds = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, "sha256").hexdigest()
    return {"Calendly-Webhook-Signature": f"t={seconds},v1={digest}"}


def post(connection: SchedulerConnection, data: Json | bytes, headers: Json | None = None) -> Any:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    headers = signature(connection.kind, body) if headers is None else headers
    url = reverse("scheduler_hook", args=[connection.address])
    return Client().post(url, body, content_type="application/json", headers=headers)


def take(connection: SchedulerConnection, *hooks: Json) -> None:
    """Send them one after the other; each is taken."""
    for hook in hooks:
        response = post(connection, hook)
        assert response.status_code == 200, response.status_code
