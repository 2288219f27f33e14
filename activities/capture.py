"""From what a guest typed to the contact of their meeting, or of the form that they sent in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from activities.models import Meeting
from contacts.models import ApiKey, Contact, Identifier, Source
from contacts.resolving import Resolved, Visitor, resolve
from contacts.services import Values
from contacts.signals import Actor

FULL_NAME = "name"  # as the field of an answer: first and last name in one


@dataclass(frozen=True)
class Answer:
    """An answer to a question of a calendar or form; `field` names the contact field it is for, if any.

    `value` is cleaned, as the contact stores it; `text` is what the meeting keeps.
    """

    name: str
    label: str
    text: str
    field: str = ""
    value: Any = ""


@dataclass(frozen=True)
class Guest:
    """The details of a guest as submitted, cleaned: one line where one line belongs, no more."""

    name: str = ""
    email: str = ""
    mobile_phone: str = ""
    phone: str = ""
    company: str = ""
    note: str = ""
    guests: tuple[str, ...] = ()
    time_zone: str = "UTC"
    sms_consent: bool = False
    answers: tuple[Answer, ...] = field(default=())

    def for_meeting(self) -> dict[str, Any]:
        """The columns of the meeting that keep them."""
        return {
            "guest_name": self.name,
            "guest_email": self.email,
            "guest_phone": self.phone,
            "guest_mobile_phone": self.mobile_phone,
            "guest_company": self.company,
            "guest_note": self.note,
            "guest_time_zone": self.time_zone,
            "guests": list(self.guests),
            "sms_consent": self.sms_consent and bool(self.mobile_phone),
            "answers": [
                {"name": a.name, "label": a.label, "field": a.field, "value": a.text}
                for a in self.answers
            ],
        }

    @property
    def is_somebody(self) -> bool:
        """Whether they said who they are: without that there is no contact to find or make."""
        return bool(self.email or self.mobile_phone or self.name)

    def for_contact(self) -> Values:
        """What they say about the contact. Consent is there only where its box was ticked."""
        first, last = split_name(self.name)
        values: Values = {
            "first_name": first,
            "last_name": last,
            "email": self.email,
            "mobile_phone": self.mobile_phone,
            "phone": self.phone,
            "company": self.company,
            "timezone": self.time_zone,
        }
        answered = {a.field: a.value for a in self.answers if a.field not in {"", FULL_NAME}}
        return values | {name: value for name, value in answered.items() if value}


def guest_of(meeting: Meeting) -> Guest:
    """The details of a meeting, for another one in its place. Its answers stay with it as texts."""
    answers = (Answer(name=a["name"], label=a["label"], text=a["value"]) for a in meeting.answers)
    return Guest(
        name=meeting.guest_name,
        email=meeting.guest_email,
        mobile_phone=meeting.guest_mobile_phone,
        phone=meeting.guest_phone,
        company=meeting.guest_company,
        note=meeting.guest_note,
        guests=tuple(meeting.guests),
        time_zone=meeting.guest_time_zone,
        sms_consent=meeting.sms_consent,
        answers=tuple(answers),
    )


def split_name(name: str) -> tuple[str, str]:
    """First and last name: what stands before and after the last blank."""
    words = name.split()
    return (" ".join(words[:-1]), words[-1]) if len(words) > 1 else (name.strip(), "")


def contact_of(
    guest: Guest,
    *,
    source: Source,
    detail: str,
    owner_id: int,
    at: datetime,
    also: Values | None = None,
    api_key: ApiKey | None = None,
) -> Resolved:
    """Find or make the contact of an activity that is being written (contacts.resolving.resolve).

    `detail` names the activity in the contact's history. `also` are values that the activity
    itself brings along; like the guest's they fill blanks, and are suggested otherwise. `api_key` is
    the one through which the guest came.
    """
    return resolve(
        Visitor(
            values={**guest.for_contact(), **(also or {})},
            actor=Actor(None, source, detail, api_key=api_key),
            owner_id=owner_id,
            at=at,
            fills_only=frozenset({"timezone"}),
        )
    )


def described(meeting: Meeting) -> str:
    """A meeting as a contact's history names it."""
    return f"{meeting.subject[:90]}, {meeting.public_id}"


def keep_addresses(contact_ids: Sequence[int]) -> None:
    """The contacts are being deleted: reminders of their meetings ahead go to where each was last.

    Emptied again when the meeting is over (activities.services.complete_past).
    """
    its = Contact.objects.filter(pk=OuterRef("contact"))
    same_person = its.filter(  # as activities.reminders.addresses.text_number has it
        identifiers__kind=Identifier.Kind.MOBILE_PHONE,
        identifiers__key=OuterRef("guest_mobile_phone"),
    )
    Meeting.objects.filter(contact__in=contact_ids).upcoming().update(
        last_email=Subquery(its.values("email")),
        last_mobile_phone=Coalesce(Subquery(same_person.values("mobile_phone")), Value("")),
    )


def forget_addresses() -> None:
    """Empty them for canceled meetings, too, whose time is over: a step of the relay."""
    over = Meeting.objects.filter(status=Meeting.Status.CANCELED, ends_at__lte=timezone.now())
    over.exclude(last_email="", last_mobile_phone="").update(last_email="", last_mobile_phone="")
