"""What was sent in through forms, as rows of a file."""

from collections.abc import Iterator

from django.db.models import QuerySet

from activities.exports import answered, with_contact
from activities.models import FormSubmission
from contacts.exporting.rows import BATCH, Column, moment_text
from contacts.models import User


def _outcome(value: str) -> str:
    return str(FormSubmission.Outcome(value).label)


#: The times are in UTC and say so.
COLUMNS = (
    Column("id", "Submission ID", "public_id"),
    Column("form", "Form", "form__name"),
    Column("sent", "Sent", "creation_time", moment_text),
    Column("guest_name", "Name", "guest_name"),
    Column("guest_email", "Email", "guest_email"),
    Column("guest_mobile_phone", "Mobile phone", "guest_mobile_phone"),
    Column("guest_company", "Company", "guest_company"),
    Column("answers", "Answers", "answers", answered),
    Column("outcome", "Led to", "outcome", _outcome),
    Column("outcome_text", "Message or address", "outcome_text"),
    Column("calendar", "Booking calendar", "calendar__name"),
    Column("meeting", "Meeting ID", "meeting__public_id"),
    Column("status", "Status given", "contact_status"),
    Column("contact_id", "Contact ID", "seen_contact"),
    Column("contact_state", "Contact", "contact_state"),
)


def rows_of(submissions: QuerySet[FormSubmission], user: User) -> Iterator[list[str]]:
    """Each submission as texts, not yet neutralised. Memory stays flat however many there are."""
    paths = [column.path for column in COLUMNS]
    told = with_contact(submissions.order_by("-creation_time", "-pk"), user)
    for values in told.values_list(*paths).iterator(chunk_size=BATCH):
        yield [column.text(value) for column, value in zip(COLUMNS, values, strict=True)]
