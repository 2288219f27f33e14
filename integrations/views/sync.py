"""Sync activity: every update sent from a contact to another system, and what became of it."""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from contacts.finding import bounded_count, shown_count
from contacts.models import User
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.shell import toast
from integrations import systems
from integrations.activity import lines_of
from integrations.activity_ahead import ahead
from integrations.activity_cards import cards
from integrations.activity_state import NOBODY, SINCE, SyncState
from integrations.models import Delivery, WebhookSubscription, ZapierHook
from integrations.outbox import again
from integrations.zapier.planner import label_of

Choice = tuple[str, str, str]  # the URL's query with it, its label, "page" where it is chosen


@login_required
@require_GET
def sync_activity(request: HtmxHttpRequest) -> HttpResponse:
    """One page of the deliveries that this person sees, newest first.

    With a script it asks for itself again every few seconds, and is told 204 while it shows what
    it has shown: whoever selects a text or reads a line is not disturbed.
    """
    state = SyncState.from_query(request.GET)
    rows, newer, older = state.page(request.user)
    context = {
        "state": state,
        "tabs": state.tabs(request.user),
        "lines": lines_of(rows, request.user),
        "previous_query": newer,
        "next_query": older,
        "cards": cards(request.user, state),
        "menus": _menus(state),
        "chips": _chips(state),
        "matching": shown_count(bounded_count(state.rows(request.user))),
        "retriable": again.retriable(state.rows(request.user))[: again.AT_ONCE].count(),
        "ahead": ahead(request.user, timezone.now()),
        "note": "Kept for 90 days. A retry never sends the same change twice.",
        "page_url": f"{reverse('sync_activity')}{state.query}".removesuffix("?"),
    }
    shown = _digest(context)
    if request.htmx and request.GET.get("shown") == shown:
        return HttpResponse(status=204)
    news = f"{reverse('sync_activity')}{state.query}&shown={shown}".replace("?&", "?")
    return render(request, "integrations/sync.html", {**context, "news": news})


def _digest(context: dict[str, Any]) -> str:
    """The same while a person would see the same."""
    lines = [
        (line.row.pk, line.row.state, line.row.attempts, line.detail, line.contact and str(line.contact),
         line.again if line.retry or line.replay else "", line.reconnect, line.review, line.time)
        for line in context["lines"]
    ]  # fmt: skip
    parts = ("tabs", "cards", "matching", "retriable", "ahead", "previous_query", "next_query")
    basis = repr([lines, *(context[name] for name in parts)])
    return hashlib.sha256(basis.encode()).hexdigest()[:16]


@login_required
@require_GET
def delivery_detail(request: HtmxHttpRequest, delivery_id: int) -> HttpResponse:
    """All that is known of one delivery: what a person who has to decide looks at."""
    row = get_object_or_404(
        Delivery.objects.visible_to(request.user).select_related("changed_by"), pk=delivery_id
    )
    context = {"line": lines_of([row], request.user)[0], "back": reverse("sync_activity")}
    return render(request, "integrations/delivery.html", context)


@login_required
@require_POST
def delivery_retry(request: HtmxHttpRequest, delivery_id: int) -> HttpResponse:
    """Send one now; one that has arrived only for administrators, as it was."""
    row = get_object_or_404(Delivery.objects.visible_to(request.user), pk=delivery_id)
    if again.may_be_replayed(row):
        if not request.user.role.administers:
            raise Http404
        number = again.replay(row, actor=Actor(request.user))
    else:
        number = again.retry(Delivery.objects.filter(pk=row.pk), actor=Actor(request.user))
    told = "It is being sent again" if number else "It has changed meanwhile. Nothing was sent"
    return toast(request, HttpResponseRedirect(_back(request)), told)


@login_required
@require_POST
def retry_all(request: HtmxHttpRequest) -> HttpResponse:
    """Send now whatever the page's tab and filters show that has not arrived."""
    rows = SyncState.from_query(request.POST).rows(request.user)
    number = again.retry(rows, actor=Actor(request.user))
    told = f"{number:,} deliver{'y is' if number == 1 else 'ies are'} being sent again"
    return toast(request, HttpResponseRedirect(_back(request)), told)


def _menus(state: SyncState) -> list[tuple[str, list[Choice]]]:
    """The filters that can be added, each with its choices."""
    kinds = [(kind, systems.look_of(kind).label) for kind in systems.every()]
    people = [(str(user.pk), str(user)) for user in User.objects.filter(is_active=True)]
    return [
        ("When", _choices(state, "since", [(key, label) for key, (label, _) in SINCE.items()])),
        ("Target", _choices(state, "system", kinds)),
        ("Changed by", _choices(state, "by", [*people, (NOBODY, "Nobody signed in")])),
    ]


def _choices(state: SyncState, name: str, values: Iterable[tuple[str, str]]) -> list[Choice]:
    chosen = getattr(state, name)
    return [
        (state.but(**{name: value}), label, "page" if value == chosen else "")
        for value, label in values
    ]


def _chips(state: SyncState) -> list[tuple[str, str]]:
    """The filters in force, each with the query without it."""
    labels = {
        "target": _target(state.target),
        "system": systems.look_of(state.system).label if state.system else "",
        "by": _person(state.by),
        "since": SINCE[state.since][0] if state.since else "",
    }
    return [(label, state.but(**{name: ""})) for name, label in labels.items() if label]


def _target(target: str) -> str:
    """A webhook or a Zap by its name; one that is gone by what it was known by."""
    family, _, number = target.partition(" ")
    if family not in {"webhook", "zapier"} or not number.isdigit() or len(number) > 15:
        return target
    if family == "zapier":
        zap = ZapierHook.objects.filter(pk=int(number)).first()
        return label_of(zap) if zap is not None else target
    hook = WebhookSubscription.objects.filter(pk=int(number)).first()
    return hook.name if hook is not None else target


def _person(by: str) -> str:
    if by in {"", NOBODY}:
        return "Changed by nobody signed in" if by else ""
    user = User.objects.filter(pk=int(by)).first()
    return f"Changed by {user}" if user is not None else "Changed by a former colleague"


def _back(request: HtmxHttpRequest) -> str:
    """To the page whose button was pressed."""
    back = request.POST.get("back", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return back
    return reverse("sync_activity")
