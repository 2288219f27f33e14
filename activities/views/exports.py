"""Export of what the Activities page shows: choose a format, then a download."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from activities.activity_pages import ExportFile, Words
from activities.exports import COLUMNS, rows_of
from activities.listing import ActivityState
from activities.models import Meeting
from activities.views.lists import words_of
from contacts import history
from contacts.exporting.rows import csv_lines, streamed
from contacts.exporting.workbooks import MAX_ROWS, xlsx_parts
from contacts.signals import Actor
from contacts.views.exports import FORMATS, TYPES
from contacts.views.requests import HtmxHttpRequest
from contacts.views.shell import render_dialog

NO_FORMAT = "Choose a format."
TOO_MANY = "A workbook holds at most {most:,} {things}, these are {count:,}. Choose CSV."
MEETINGS = ExportFile(COLUMNS, rows_of, "activities.exported")


@login_required
@require_http_methods(["GET", "POST"])
def activity_export(request: HtmxHttpRequest) -> HttpResponseBase:
    state = ActivityState.from_query(request.GET, request.user)
    visible = Meeting.objects.visible_to(request.user)
    return export(request, state, visible, words_of(state), MEETINGS, here="activity_list")


def export(
    request: HtmxHttpRequest, state: ActivityState, visible: QuerySet[Any], words: Words,
    file: ExportFile, *, here: str,
) -> HttpResponseBase:  # fmt: skip
    """GET asks how; POST streams the file. With a filter that could not be understood there is
    none: it would hold more than was asked for."""
    found = state.apply(visible)
    count = found.count()
    kind = request.POST.get("format", "")
    problem = ""
    if kind not in TYPES:
        problem = NO_FORMAT
    elif kind == "xlsx" and count > MAX_ROWS:
        problem = TOO_MANY.format(most=MAX_ROWS, things=words.things, count=count)
    if request.method == "GET" or state.notices or problem:
        asked = "" if request.method == "GET" or state.notices else problem
        context = {"state": state, "count": count, "words": words, "here": reverse(here)}
        return _ask(request, context, problem=asked)
    history.audit(Actor(request.user), file.audited, count=count, format=kind)
    rows = file.rows(found, request.user)
    name = f"{words.file}-{'filtered' if state.filtered else 'all'}-{timezone.localdate():%Y-%m-%d}.{kind}"  # fmt: skip
    if kind == "xlsx":
        return streamed(xlsx_parts(file.columns, rows, sheet_name="Activities"), TYPES[kind], name)
    lines = csv_lines([column.header for column in file.columns], rows)
    return streamed((line.encode() for line in lines), TYPES[kind], name)


def _ask(request: HtmxHttpRequest, shown: dict[str, Any], *, problem: str) -> HttpResponse:
    count, words, state = shown["count"], shown["words"], shown["state"]
    context: dict[str, Any] = {
        **shown,
        "dialog_title": f"Export {count:,} {words.thing if count == 1 else words.things}",
        "export": request.path,
        "problem": problem,
        "notices": state.notices,
        "formats": [FORMATS[0][:2], FORMATS[1][:2]],
        "chosen_format": request.POST.get("format", "csv"),
    }
    refused = problem or (state.notices and request.method == "POST")
    return render_dialog(
        request, "activities/_export.html", context, status=422 if refused else 200
    )
