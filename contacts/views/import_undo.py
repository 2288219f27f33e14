"""Undoing an import: what goes, what is set back, what stays and why; then how far it is."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from contacts.imports.undoing import CannotUndo, preview, start_undo
from contacts.models import Import
from contacts.views.imports import waiting, who_of
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only


@administrators_only
@require_http_methods(["GET", "POST"])
def import_undo(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """GET says what it will do, and while it is done how far it is; POST begins it."""
    batch = get_object_or_404(Import.objects.select_related("created_by", "undone_by"), pk=pk)
    if batch.state == Import.State.UNDOING:
        return waiting(request, batch, 5)
    if request.method == "POST":
        return _begin(request, batch)
    if not batch.undoable:
        return HttpResponseRedirect(reverse("import_result", args=[pk]))
    found = preview(batch)
    kept = [(who_of(each.row), each) for each in found.examples]
    return render(request, "imports/undo.html", {"batch": batch, "found": found, "kept": kept})


def _begin(request: HtmxHttpRequest, batch: Import) -> HttpResponse:
    """A second click finds it begun, and says nothing of it."""
    try:
        start_undo(import_id=batch.pk, user=request.user)
    except CannotUndo as error:
        if batch.state != Import.State.UNDONE:
            messages.error(request, str(error))
        return HttpResponseRedirect(reverse("import_result", args=[batch.pk]))
    return HttpResponseRedirect(reverse("import_undo", args=[batch.pk]))
