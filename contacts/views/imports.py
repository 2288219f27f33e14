"""Import CSV: upload, map, preview, import, result. Plain pages; administrators only."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts.exporting.rows import columns_named, csv_response
from contacts.fields import field_named, live_fields, owner_names, shown
from contacts.imports import mapping
from contacts.imports.committing import stop
from contacts.imports.effects import lines_of
from contacts.imports.mapping_form import MappingForm
from contacts.imports.reading import CHOICES, UnreadableFile, inspect_file
from contacts.imports.reports import full_report, rejected_rows
from contacts.imports.starting import start_committing, start_planning
from contacts.imports.uploading import TOO_LARGE, receive, take_shape, too_large
from contacts.models import Import, ImportRow
from contacts.signals import Actor
from contacts.views.progress import NO_WORKER_AFTER, progress_of
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only

State = Import.State
STEPS = ("Upload", "Map columns", "Preview", "Import", "Result")
ROWS_SHOWN = 50


@administrators_only
@require_safe
def import_list(request: HtmxHttpRequest) -> HttpResponse:
    """Every file that was ever imported, newest first."""
    imports = Import.objects.select_related("created_by")[:200]
    return render(request, "imports/list.html", {"imports": imports})


@administrators_only
@require_http_methods(["GET", "POST"])
def import_upload(request: HtmxHttpRequest) -> HttpResponse:
    context: dict[str, Any] = {"encodings": CHOICES}
    if request.method == "GET":
        return _step(request, 1, "imports/upload.html", context)
    file = request.FILES.get("file")
    chosen = request.POST.get("encoding", "")
    encoding = chosen if chosen in dict(CHOICES) else None
    try:
        if TOO_LARGE in request.META:
            raise UnreadableFile(too_large())
        if file is None or not file.name:
            raise UnreadableFile("Choose a file first.")
        batch = receive(file, filename=file.name, user=request.user, encoding=encoding)
    except UnreadableFile as fault:
        name = file.name if file else ""
        context |= {"problem": str(fault), "filename": name, "encoding": chosen}
        return _step(request, 1, "imports/upload.html", context, status=422)
    return HttpResponseRedirect(reverse("import_map", args=[batch.pk]))


@administrators_only
@require_safe
def import_template(request: HtmxHttpRequest) -> HttpResponseBase:
    """An empty file whose columns are all mapped by themselves."""
    columns = columns_named([field.name for field in live_fields()])
    header = [column.header for column in columns]
    return csv_response(header, [], filename="contacts-template.csv")


@administrators_only
@require_http_methods(["GET", "POST"])
def import_map(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(Import, pk=pk)
    if batch.state not in {State.UPLOADED, State.PLANNED, State.FAILED} or not batch.path:
        return _to_its_step(batch)
    if request.method == "POST" and "reread" in request.POST:
        return _reread(request, batch)
    form = MappingForm(batch, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.save(request.user):
        start_planning(batch)
        return HttpResponseRedirect(reverse("import_preview", args=[pk]))
    return _map_page(request, batch, form, status=422 if form.errors else 200)


def _map_page(
    request: HtmxHttpRequest,
    batch: Import,
    form: MappingForm,
    *,
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    context = {
        "batch": batch,
        "form": form,
        "fields": list(mapping.choices().items()),
        "encodings": CHOICES,
        "problem": problem,
    }
    return _step(request, 2, "imports/map.html", context, status=status)


def _reread(request: HtmxHttpRequest, batch: Import) -> HttpResponse:
    """Read the file again, in another encoding or with or without a header row."""
    chosen = request.POST.get("encoding", "")
    try:
        shape = inspect_file(
            batch.file,
            encoding=chosen if chosen in dict(CHOICES) else None,
            has_header="has_header" in request.POST,
        )
    except (UnreadableFile, OSError) as fault:
        problem = str(fault) if isinstance(fault, UnreadableFile) else "The file is gone."
        return _map_page(request, batch, MappingForm(batch), status=422, problem=problem)
    take_shape(batch, shape)
    batch.save(update_fields=["shape", "header_key", "mapping"])
    return HttpResponseRedirect(reverse("import_map", args=[batch.pk]))


@administrators_only
@require_safe
def import_preview(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """The stored plan: counts, and the rows of one group with their differences."""
    batch = get_object_or_404(Import.objects.select_related("created_by"), pk=pk)
    if batch.state == State.PLANNING:
        return waiting(request, batch, 3)
    if batch.state != State.PLANNED:
        return _to_its_step(batch)
    saved = batch.new + batch.updated
    context = {"batch": batch, "saved": saved, "lines": lines_of(batch), **_group(request, batch)}
    return _step(request, 3, "imports/preview.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def import_run(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """POST carries the plan out; GET shows how far it is."""
    batch = get_object_or_404(Import.objects.select_related("created_by"), pk=pk)
    if request.method == "POST":
        start_committing(batch)  # a second click finds it started and changes nothing
        return HttpResponseRedirect(reverse("import_run", args=[pk]))
    if batch.state != State.COMMITTING:
        return _to_its_step(batch)
    return waiting(request, batch, 4)


@administrators_only
@require_safe
def import_progress(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """The moving part of a waiting page; when the work is done it leads on."""
    batch = get_object_or_404(Import.objects.select_related("created_by"), pk=pk)
    if batch.state in Import.ACTIVE:
        return render(request, "imports/_progress.html", _progress(batch))
    response = HttpResponse()
    response["HX-Redirect"] = _url_of_step(batch)
    return response


@administrators_only
@require_POST
def import_cancel(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Stop an import that runs; what is committed stays and is reported."""
    batch = get_object_or_404(Import, pk=pk)
    stop(batch, Actor(request.user))
    batch.refresh_from_db()
    return _to_its_step(batch)


@administrators_only
@require_safe
def import_result(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(Import.objects.select_related("created_by"), pk=pk)
    if batch.state not in {*Import.ENDED, State.FAILED}:
        return _to_its_step(batch)
    context = {"batch": batch, "saved": batch.new + batch.updated, **_group(request, batch)}
    context["rejected"] = batch.invalid + batch.refused
    return _step(request, 5, "imports/result.html", context)


@administrators_only
@require_safe
def import_report(request: HtmxHttpRequest, pk: int) -> HttpResponseBase:
    return full_report(_finished(pk))


@administrators_only
@require_safe
def import_rejected(request: HtmxHttpRequest, pk: int) -> HttpResponseBase:
    return rejected_rows(_finished(pk))


def _finished(pk: int) -> Import:
    with_rows = (State.PLANNED, State.COMMITTING, State.UNDOING, *Import.ENDED)
    return get_object_or_404(Import, pk=pk, state__in=with_rows)


def _step(
    request: HtmxHttpRequest,
    number: int,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    steps = [(n, label, n < number, n == number) for n, label in enumerate(STEPS, 1)]
    return render(request, template, {**context, "steps": steps, "step": number}, status=status)


def _url_of_step(batch: Import) -> str:
    names = {
        State.UPLOADED: "import_map",
        State.PLANNING: "import_preview",
        State.PLANNED: "import_preview",
        State.COMMITTING: "import_run",
        State.UNDOING: "import_undo",
    }
    return reverse(names.get(State(batch.state), "import_result"), args=[batch.pk])


def _to_its_step(batch: Import) -> HttpResponse:
    """Whatever step was asked for, the import is at this one."""
    return HttpResponseRedirect(_url_of_step(batch))


def waiting(request: HtmxHttpRequest, batch: Import, step: int) -> HttpResponse:
    """The page of an import on which something is done, and how far it is."""
    return _step(request, step, "imports/progress.html", _progress(batch))


def _progress(batch: Import) -> dict[str, Any]:
    of_state = {State.COMMITTING: batch.rows, State.UNDOING: batch.new + batch.updated}
    expected = of_state.get(State(batch.state), batch.shape.get("row_count", 0))
    total = max(expected, batch.done_rows, 1)
    since = batch.started_at or batch.created_at
    idle = batch.lease_until is None and batch.done_rows == 0
    waited = (timezone.now() - since).total_seconds()
    return {
        "batch": batch,
        "total": total,
        "nobody": idle and waited > NO_WORKER_AFTER,
        **progress_of(batch.done_rows, total),
    }


GROUPS = ("updated", "new", "unchanged", "merged", "invalid", "refused")
KEPT = "kept"


def _group(request: HtmxHttpRequest, batch: Import) -> dict[str, Any]:
    """The group of rows that is shown, a page of it, and where the next page starts."""
    default = next((name for name in GROUPS if getattr(batch, name)), "new")
    if batch.state in Import.ENDED and batch.invalid + batch.refused:
        default = "invalid" if batch.invalid else "refused"
    wanted = request.GET.get("show", "")
    show = wanted if wanted in (*GROUPS, KEPT) else default
    if batch.state == State.UNDONE and wanted not in GROUPS:
        show = KEPT
    after = request.GET.get("after", "")
    number = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
    stays = ImportRow.objects.filter(batch=batch, number__gt=number).exclude(undo_note="")
    of_group = ImportRow.objects.filter(batch=batch, outcome=show, number__gt=number)
    rows = _shown_rows(stays if show == KEPT else of_group)
    more = len(rows) > ROWS_SHOWN
    rows = rows[:ROWS_SHOWN]
    return {
        "show": show,
        "group_rows": rows,
        "group_total": stays.count() if show == KEPT else getattr(batch, show),
        "next_after": rows[-1]["row"].number if more else None,
    }


def _shown_rows(rows: QuerySet[ImportRow]) -> list[dict[str, Any]]:
    found = list(rows.select_related("contact").order_by("number")[: ROWS_SHOWN + 1])
    ids = {t for r in found for n, *texts, _ in r.changes if n == "owner" for t in texts}
    owners = owner_names(ids)
    return [{"row": row, "who": who_of(row), "diffs": _diffs(row, owners)} for row in found]


def who_of(row: ImportRow) -> str:
    """Whom a row is about: the contact, else what the row itself says."""
    if row.contact is not None:
        return row.contact.display_name
    values = row.values
    name = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
    first_cell = next((cell for cell in row.cells if cell.strip()), "")
    return name or values.get("email") or values.get("mobile_phone") or first_cell[:80]


def _diffs(row: ImportRow, owners: dict[str, str]) -> list[dict[str, str]]:
    return [
        {
            "label": field_named(name).label,
            "before": shown(field_named(name), before, owners) if before else "",
            "after": shown(field_named(name), after, owners),
            "outcome": outcome,
        }
        for name, before, after, outcome in row.changes
    ]
