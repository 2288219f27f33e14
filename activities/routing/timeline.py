"""What a contact sent in through forms, in their timeline."""

from django.urls import reverse

from activities.models import FormSubmission
from contacts.models import Contact, User
from contacts.timeline.sources import Entry, Stretch, TimelineSource

Outcome = FormSubmission.Outcome


def find(contact: Contact, viewer: User, stretch: Stretch) -> list[Entry]:
    """Everything the contact sent in; whoever sees the contact sees all of it."""
    rows = FormSubmission.objects.real().filter(contact=contact).select_related("form", "calendar")
    if stretch.upto is not None:
        rows = rows.filter(creation_time__lte=stretch.upto)
    return [_entry(row) for row in rows.order_by("-creation_time", "-pk")[: stretch.limit]]


def _entry(submission: FormSubmission) -> Entry:
    return Entry(
        at=submission.creation_time,
        icon="file-text",
        tint="b",
        lead="Form sent in",
        text=submission.form.name,
        detail=_led_to(submission),
        url=reverse("submission_detail", args=[submission.public_id]),
    )


def _led_to(submission: FormSubmission) -> str:
    if submission.outcome == Outcome.CALENDAR:
        page = str(submission.calendar) if submission.calendar else "a former one"
        return f"Led to the booking page {page}"
    return "Led to a message" if submission.outcome == Outcome.MESSAGE else "Led to a web address"


SOURCE = TimelineSource("forms", "forms", 40, find)
