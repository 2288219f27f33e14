"""Sync activity: every update sent from a contact to another system, and what became of it."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from contacts.views.requests import HtmxHttpRequest
from contacts.views.shell import toast
from integrations.activity import SyncState, lines_of
from integrations.models import Delivery, WebhookSubscription
from integrations.outbox import again


@login_required
@require_GET
def sync_activity(request: HtmxHttpRequest) -> HttpResponse:
    """One page of the deliveries that this person sees, newest first."""
    state = SyncState.from_query(request.GET)
    rows, newer, older = state.page(request.user)
    context = {
        "state": state,
        "tabs": state.tabs(request.user),
        "lines": lines_of(rows, request.user),
        "previous_query": newer,
        "next_query": older,
        "targets": [(hook.target, hook.name) for hook in WebhookSubscription.objects.all()],
        "retriable": again.retriable(state.rows(request.user))[: again.AT_ONCE].count(),
        "note": "Kept for 90 days. A retry never sends the same change twice.",
    }
    return render(request, "integrations/sync.html", context)


@login_required
@require_POST
def delivery_retry(request: HtmxHttpRequest, delivery_id: int) -> HttpResponse:
    """Send one now; one that has arrived only for administrators, as it was."""
    row = get_object_or_404(Delivery.objects.visible_to(request.user), pk=delivery_id)
    if again.may_be_replayed(row):
        if not request.user.role.administers:
            raise Http404
        number = again.replay(row, user=request.user)
    else:
        number = again.retry(Delivery.objects.filter(pk=row.pk), user=request.user)
    told = "It is being sent again" if number else "It has changed meanwhile. Nothing was sent"
    return toast(request, HttpResponseRedirect(_back(request)), told)


@login_required
@require_POST
def retry_all(request: HtmxHttpRequest) -> HttpResponse:
    """Send now whatever the page's tab and filters show that has not arrived."""
    rows = SyncState.from_query(request.POST).rows(request.user)
    number = again.retry(rows, user=request.user)
    told = f"{number:,} deliver{'y is' if number == 1 else 'ies are'} being sent again"
    return toast(request, HttpResponseRedirect(_back(request)), told)


def _back(request: HtmxHttpRequest) -> str:
    """To the page whose button was pressed."""
    back = request.POST.get("back", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return back
    return reverse("sync_activity")
