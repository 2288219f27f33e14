"""Settings, Properties: what administrators add to the fields of a contact."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts import properties
from contacts.models import Property
from contacts.properties import BadProperty
from contacts.retrying import Busy
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings

BUSY = "Somebody else is changing the properties right now. Nothing was saved. Try again."


@administrators_only
@require_GET
def property_list(request: HtmxHttpRequest) -> HttpResponse:
    """Those in use, in their order, and the archived ones."""
    return _list(request)


def _list(request: HtmxHttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    rows = list(Property.objects.all())
    context = {
        "live": [row for row in rows if row.archived_at is None],
        "archived": [row for row in rows if row.archived_at is not None],
        "problem": problem,
    }
    return render_settings(request, "settings/property_list.html", context, status=status)


@administrators_only
@require_http_methods(["GET", "POST"])
def property_new(request: HtmxHttpRequest) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in ("label", "name", "kind", "options")}
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            made = properties.create_property(actor=Actor(request.user), **typed)
        except (BadProperty, Busy) as fault:
            errors = _errors(fault)
        else:
            messages.success(request, f"{made.label} added")
            return HttpResponseRedirect(reverse("property_list"))
    return _form(request, typed, errors)


@administrators_only
@require_http_methods(["GET", "POST"])
def property_edit(request: HtmxHttpRequest, name: str) -> HttpResponse:
    row = get_object_or_404(Property, name=name)
    typed = {"label": row.label, "options": "\n".join(row.options)}
    errors: dict[str, str] = {}
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in typed}
        try:
            properties.change_property(pk=row.pk, actor=Actor(request.user), **typed)
        except (BadProperty, Busy) as fault:
            errors = _errors(fault)
        else:
            messages.success(request, "Property saved")
            return HttpResponseRedirect(reverse("property_list"))
    return _form(request, typed, errors, row)


def _errors(fault: BadProperty | Busy) -> dict[str, str]:
    return fault.errors if isinstance(fault, BadProperty) else {"": BUSY}


def _form(
    request: HtmxHttpRequest,
    typed: dict[str, str],
    errors: dict[str, str],
    row: Property | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "typed": typed,
        "errors": errors,
        "error_list": list(errors.items()),
        "row": row,
        "kinds": Property.Kind.choices,
        "with_options": row is None or row.kind in properties.CHOICES,
    }
    if row is not None:
        context["holders"] = properties.holders(row)
        context["used"] = (
            properties.holders_of_options(row) if row.kind in properties.CHOICES else []
        )
        context["bound"] = properties.COUNT_UP_TO
    status = 422 if errors else 200
    return render_settings(request, "settings/property_form.html", context, status=status)


@administrators_only
@require_POST
def property_archive(request: HtmxHttpRequest, name: str) -> HttpResponse:
    row = get_object_or_404(Property, name=name)
    properties.archive_property(pk=row.pk, actor=Actor(request.user))
    messages.success(request, f"{row.label} archived. Its values are kept")
    return HttpResponseRedirect(reverse("property_list"))


@administrators_only
@require_POST
def property_restore(request: HtmxHttpRequest, name: str) -> HttpResponse:
    row = get_object_or_404(Property, name=name)
    try:
        properties.restore_property(pk=row.pk, actor=Actor(request.user))
    except BadProperty as fault:
        told = f"{row.label} was not restored. {next(iter(fault.errors.values()))}."
        return _list(request, problem=told, status=409)
    messages.success(request, f"{row.label} restored with its values")
    return HttpResponseRedirect(reverse("property_list"))


@administrators_only
@require_POST
def property_move(request: HtmxHttpRequest, name: str) -> HttpResponse:
    row = get_object_or_404(Property, name=name)
    properties.move_property(pk=row.pk, up="up" in request.POST, actor=Actor(request.user))
    return HttpResponseRedirect(reverse("property_list"))
