"""Taking in a filled-in form: its contact, the row that stays, and where it leads."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone

from activities.capture import Answer, Guest, contact_of
from activities.models import FormSubmission, RoutingForm
from activities.questions import Question
from activities.routing.questions import guest_from
from activities.routing.rules import Routed, route
from contacts.models import Source
from contacts.retrying import retrying

SALT = "activities.routing.submission"
TOKEN_LIVES = 60 * 60  # seconds
TESTS_KEPT = timedelta(days=1)


class _SentAlready(Exception):
    """The same form was sent before, or is being sent at this moment."""


def submit(
    *,
    form: RoutingForm,
    questions: Sequence[Question],
    answers: Sequence[Answer],
    nonce: str,
    is_test: bool = False,
    now: datetime | None = None,
) -> FormSubmission:
    """Keep what was sent in, with its contact found or made in the same transaction.

    `nonce` identifies the page that was filled in: the same one again answers with what it has
    made. A test has no contact and changes nothing but its own row. Raises Busy; then nothing was
    written.
    """
    known = FormSubmission.objects.filter(nonce=nonce).first()
    if known is not None:
        return known
    routed = route(form, questions, answers)
    guest = guest_from(answers)
    row = _row(form, guest, routed, nonce, is_test, now or timezone.now())
    try:
        return _keep(row, guest)
    except _SentAlready:
        return FormSubmission.objects.get(nonce=nonce)


def _row(
    form: RoutingForm, guest: Guest, routed: Routed, nonce: str, is_test: bool, at: datetime
) -> FormSubmission:
    details = guest.for_meeting()
    return FormSubmission(
        form=form,
        is_test=is_test,
        guest_name=guest.name,
        guest_email=guest.email,
        guest_mobile_phone=guest.mobile_phone,
        guest_company=guest.company,
        answers=details["answers"],
        outcome=routed.kind,
        outcome_text=routed.text,
        calendar=routed.calendar,
        rule=routed.rule,
        fell_back=routed.fell_back,
        contact_status=form.contact_status,
        nonce=nonce,
        creation_time=at,
    )


@retrying
@transaction.atomic
def _keep(row: FormSubmission, guest: Guest) -> FormSubmission:
    row.pk = None  # an attempt before this one was undone
    row._state.adding = True
    if guest.is_somebody and not row.is_test:
        resolved = contact_of(
            guest,
            source=Source.FORM,
            detail=f"{row.form.name[:90]}, {row.public_id}",
            owner_id=row.calendar.host_id if row.calendar else row.form.owner_id,
            at=row.creation_time,
            also={"status": row.contact_status},
        )
        row.contact = resolved.contact
        row.contact_public_id = resolved.contact.public_id
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        if FormSubmission.objects.filter(nonce=row.nonce).exists():
            raise _SentAlready from None
        raise
    return row


def token_of(submission: FormSubmission) -> str:
    """What a link carries of a submission: its id, signed, good for an hour."""
    return signing.dumps(submission.public_id, salt=SALT)


def find_submission(token: str) -> FormSubmission | None:
    """The submission of a token; None for one that was made up, or is too old."""
    try:
        public_id = signing.loads(token, salt=SALT, max_age=TOKEN_LIVES)
    except signing.BadSignature:
        return None
    rows = FormSubmission.objects.select_related("form", "calendar__host")
    return rows.filter(public_id=public_id).first()


def forget_tests() -> None:
    """Remove the tests of yesterday."""
    before = timezone.now() - TESTS_KEPT
    FormSubmission.objects.filter(is_test=True, creation_time__lt=before).delete()
