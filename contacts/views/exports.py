"""Export: choose format and columns, then a download, or a file that a worker writes."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from contacts import history
from contacts.bulk_actions.selecting import BadSelection, Selection, TooManySelected
from contacts.bulk_actions.wording import counted
from contacts.exporting.files import parts_of, record_export
from contacts.exporting.requests import AlreadyRunning, ask_for_file, files_of, stop
from contacts.exporting.rows import columns_named, names_in_file, rows_of, streamed
from contacts.exporting.workbooks import CONTENT_TYPE, MAX_ROWS
from contacts.models import ExportFile
from contacts.models.exports import KEPT_FOR
from contacts.signals import Actor
from contacts.views.list import columns_of, state_of
from contacts.views.progress import progress_context, show_progress
from contacts.views.requests import HtmxHttpRequest
from contacts.views.shell import render_dialog

#: Up to so many rows the download starts at once; selected rows are never more as CSV.
AT_ONCE = {"csv": 50_000, "xlsx": 5_000}
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": CONTENT_TYPE}
FORMATS = [("csv", "CSV", "For other programs, and to import again"), ("xlsx", "Excel workbook", "XLSX")]  # fmt: skip
BAD_CHOICE = "Choose a format and the columns."


@login_required
@require_http_methods(["GET", "POST"])
def contact_export(request: HtmxHttpRequest) -> HttpResponseBase:
    """GET asks how to export what the list shows; POST does it, also for selected rows."""
    state, _owners = state_of(request)
    shown, _usual = columns_of(request.user, state)
    try:
        if request.method == "GET":
            return choose_export(request, Selection.read(QueryDict("all=1"), state))
        selection = Selection.read(request.POST, state)
    except (BadSelection, TooManySelected) as fault:
        context = {"dialog_title": "Nothing was exported", "problem": str(fault)}
        return render_dialog(request, "exports/_refused.html", context, status=422)
    kind = request.POST.get("format", "")
    choices = {"shown": names_in_file(column.name for column in shown), "all": []}
    names = choices.get(request.POST.get("columns", ""))
    if kind not in TYPES or names is None:
        return choose_export(request, selection, problem=BAD_CHOICE)
    return _export(request, selection, kind, names)


def choose_export(
    request: HtmxHttpRequest, selection: Selection, *, problem: str = ""
) -> HttpResponse:
    """The choices, with what was chosen before."""
    reach = selection.reach(request.user)
    context: dict[str, Any] = {
        "dialog_title": f"Export {counted(reach.total)}",
        "selection": selection,
        "reach": reach,
        "notices": selection.state.notices if selection.everything else (),
        "problem": problem,
        "formats": FORMATS,
        "chosen_format": request.POST.get("format", "csv"),
        "chosen_columns": request.POST.get("columns", "all"),
        "at_once": AT_ONCE,
    }
    return render_dialog(request, "exports/_choose.html", context, status=422 if problem else 200)


def _export(
    request: HtmxHttpRequest, selection: Selection, kind: str, names: list[str]
) -> HttpResponseBase:
    total = selection.reach(request.user).total
    filename = _filename(selection, kind)
    if kind == ExportFile.Format.XLSX and total > MAX_ROWS:
        problem = (
            f"A workbook holds at most {MAX_ROWS:,} contacts, these are {total:,}. Choose CSV."
        )
        return choose_export(request, selection, problem=problem)
    if total > AT_ONCE[kind]:
        return _in_background(request, selection, kind, names, total, filename)
    record_export(request.user, kind=kind, count=total)
    columns = columns_named(names)
    rows = rows_of(selection.contacts(request.user).order_by("pk"), columns)
    return streamed(parts_of(columns, rows, kind), TYPES[kind], filename)


def _in_background(
    request: HtmxHttpRequest,
    selection: Selection,
    kind: str,
    names: list[str],
    total: int,
    filename: str,
) -> HttpResponse:
    try:
        file = ask_for_file(
            user=request.user,
            kind=kind,
            names=names,
            selection=selection,
            total=total,
            filename=filename,
        )
    except AlreadyRunning as busy:
        return _show(request, busy.file, busy=True, status=409)
    return HttpResponseRedirect(_address(file))


def _filename(selection: Selection, kind: str) -> str:
    what = "selected" if not selection.everything else "filtered" if selection.state.filtered else "all"  # fmt: skip
    return f"contacts-{what}-{timezone.localdate():%Y-%m-%d}.{kind}"


@login_required
@require_GET
def export_file(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """How far the file is, and from where to fetch it."""
    return _show(request, get_object_or_404(files_of(request.user), pk=pk))


def _show(
    request: HtmxHttpRequest, file: ExportFile, *, busy: bool = False, status: int = 200
) -> HttpResponse:
    context = {
        "file": file,
        "busy": busy,
        "kept_until": file.finished_at + KEPT_FOR if file.finished_at else None,
        **progress_context(file, file.created_at, _address(file)),
    }
    return render(request, "exports/file.html", context, status=status)


def _address(file: ExportFile) -> str:
    return reverse("export_file", args=[file.pk])


@login_required
@require_GET
def export_progress(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """How far the file is, again and again; when it is written this leads on."""
    file = get_object_or_404(files_of(request.user), pk=pk)
    return show_progress(request, file, file.created_at, _address(file))


@login_required
@require_http_methods(["GET", "POST"])
def export_stop(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """POST stops an export that is being written. GET leads to it."""
    file = get_object_or_404(files_of(request.user), pk=pk)
    if request.method == "POST":
        stop(file)
    return HttpResponseRedirect(_address(file))


@login_required
@require_GET
def export_download(request: HtmxHttpRequest, pk: int) -> HttpResponseBase:
    """The file, for the person who asked for it and for administrators."""
    file = get_object_or_404(files_of(request.user), pk=pk, state=ExportFile.State.READY)
    try:
        content = file.file.open("rb")
    except FileNotFoundError:  # removed at this moment
        raise Http404 from None
    history.audit(Actor(request.user), "export.downloaded", str(file.pk), count=file.done_rows)
    return FileResponse(
        content, as_attachment=True, filename=file.filename, content_type=TYPES[file.format]
    )
