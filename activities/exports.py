"""Meetings as rows of a file: what the Activities page shows, and the details behind it."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Case, OuterRef, QuerySet, Subquery, Value, When

from activities.models import Meeting
from contacts.exporting.rows import BATCH, Column, moment_text
from contacts.fields import Kind
from contacts.models import Contact, User


def _status(value: str) -> str:
    return str(Meeting.Status(value).label)


def _source(value: str) -> str:
    return str(Meeting.Source(value).label)


def _joined(values: Sequence[str]) -> str:
    return ", ".join(values)


def answered(answers: Sequence[dict[str, Any]]) -> str:
    return "\n".join(f"{answer['label']}: {answer['value']}" for answer in answers)


#: The times are in UTC and say so, the guest's time zone stands beside them.
COLUMNS = (
    Column("id", "Meeting ID", "public_id"),
    Column("reference", "Reference", "tracking_id"),
    Column("subject", "Meeting", "subject"),
    Column("status", "Status", "status", _status),
    Column("starts", "Starts", "starts_at", moment_text),
    Column("ends", "Ends", "ends_at", moment_text),
    Column("minutes", "Minutes", "duration_minutes", kind=Kind.NUMBER),
    Column("host", "Host", "host__email"),
    Column("calendar", "Booking calendar", "calendar__name"),
    Column("source", "Booked through", "source", _source),
    Column("location", "Location", "location"),
    Column("guest_name", "Guest name", "guest_name"),
    Column("guest_email", "Guest email", "guest_email"),
    Column("guest_mobile_phone", "Guest mobile phone", "guest_mobile_phone"),
    Column("guest_phone", "Guest phone", "guest_phone"),
    Column("guest_company", "Guest company", "guest_company"),
    Column("guest_time_zone", "Guest time zone", "guest_time_zone"),
    Column("guests", "Further guests", "guests", _joined),
    Column("guest_note", "Note", "guest_note"),
    Column("answers", "Answers", "answers", answered),
    Column("reason", "Reason", "reason"),
    Column("contact_id", "Contact ID", "seen_contact"),
    Column("contact_state", "Contact", "contact_state"),
    Column("booked", "Booked on", "creation_time", moment_text),
    Column("updated", "Last updated", "last_updated_time", moment_text),
)


def rows_of(meetings: QuerySet[Meeting], user: User) -> Iterator[list[str]]:
    """Each meeting as texts, not yet neutralised. Memory stays flat however many there are."""
    paths = [column.path for column in COLUMNS]
    told = with_contact(meetings.order_by("-starts_at", "-pk"), user)
    for values in told.values_list(*paths).iterator(chunk_size=BATCH):
        yield [column.text(value) for column, value in zip(COLUMNS, values, strict=True)]


def with_contact(activities: QuerySet[Any], user: User) -> QuerySet[Any]:
    """Each with the id of its contact, and what became of one that is gone.

    A contact that `user` may not see has no id here, as on the page.
    """
    seen = Contact.objects.visible_to(user).filter(pk=OuterRef("contact"))
    gone = Case(When(contact_public_id="", then=Value("")), default=Value("deleted"))
    return activities.annotate(
        seen_contact=Subquery(seen.values("public_id")),
        contact_state=Case(When(contact=None, then=gone), default=Value("")),
    )
