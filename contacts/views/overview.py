"""Overview: how the contacts grow, what was kept from becoming a duplicate, what was imported."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from contacts.access import may_import
from contacts.models import Import
from contacts.overview import overview_of
from contacts.views.requests import HtmxHttpRequest

IMPORTS = 5


@login_required
@require_safe
def overview(request: HtmxHttpRequest) -> HttpResponse:
    context = {"overview": overview_of(request.user)}
    if may_import(request.user):
        finished = Import.objects.filter(finished_at__isnull=False).order_by("-finished_at")
        context["imports"] = finished[:IMPORTS]  # type: ignore[assignment]
    return render(request, "overview/page.html", context)
