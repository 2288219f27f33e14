"""Activities, Forms: what was sent in through routing forms, and one of these in full."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from activities.activity_pages import ExportFile, Words, list_context
from activities.models import FormSubmission, Meeting
from activities.routing.exports import COLUMNS
from activities.routing.exports import rows_of as texts_of
from activities.routing.listing import SubmissionState
from activities.rows import rows_of
from activities.views.exports import export
from activities.views.lists import answer, tabs
from contacts.views.requests import HtmxHttpRequest

WORDS = Words(
    title="Forms · Activities",
    thing="form submission",
    things="form submissions",
    listed="form submissions",
    search="Search guest or form",
    searched="forms and ids",
    results="activities/_submissions.html",
    file="form-submissions",
)
FILE = ExportFile(COLUMNS, texts_of, "submissions.exported")


@login_required
@require_GET
def submission_list(request: HtmxHttpRequest) -> HttpResponse:
    """Everything sent in that the person may see, the latest first; for htmx the list alone."""
    state = SubmissionState.from_query(request.GET, request.user)
    visible = FormSubmission.objects.visible_to(request.user)
    context, rows = list_context(
        state, visible, WORDS, here="submission_list", export="submission_export"
    )
    context["rows"] = rows_of(rows, request.user, "form", "calendar")
    context["tabs"] = tabs()
    return answer(request, context, reverse("submission_list") + state.query)


@login_required
@require_http_methods(["GET", "POST"])
def submission_export(request: HtmxHttpRequest) -> HttpResponseBase:
    state = SubmissionState.from_query(request.GET, request.user)
    visible = FormSubmission.objects.visible_to(request.user)
    return export(request, state, visible, WORDS, FILE, here="submission_list")


@login_required
@require_GET
def submission_detail(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """One submission as it was sent in, and where it led; a test says what it would have done."""
    if "\x00" in public_id:
        raise Http404
    visible = FormSubmission.objects.visible_to(request.user)
    found = visible.select_related("form", "calendar").filter(public_id=public_id)
    submission = found.first()
    if submission is None:
        raise Http404
    row = rows_of([submission], request.user)[0]
    context = {
        "submission": submission,
        "contact": row.contact,
        "fate": row.fate,
        # Booked under another address, it may be of a contact that this person does not see.
        "meeting": Meeting.objects.visible_to(request.user)
        .filter(pk=submission.meeting_id or 0)
        .first(),
    }
    return render(request, "activities/submission.html", context)
