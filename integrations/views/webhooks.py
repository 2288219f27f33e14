"""Settings, Webhooks: who is told of events; secrets are shown once."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings
from integrations.activity import lines_of
from integrations.models import Delivery, WebhookSubscription
from integrations.webhooks import events, subscriptions
from integrations.webhooks.subscriptions import BadSubscription

SHOWN = 20  # deliveries in the log of one webhook
LABELS = {"contact": "Contacts", "booking": "Meetings", "conversation": "Conversations"}


@administrators_only
@require_GET
def webhook_list(request: HtmxHttpRequest) -> HttpResponse:
    context = {"rows": WebhookSubscription.objects.all()}
    return render_settings(request, "integrations/webhook_list.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def webhook_new(request: HtmxHttpRequest) -> HttpResponse:
    typed, errors = _typed(request, None), {}
    if request.method == "POST":
        try:
            made, secret = subscriptions.create(**typed, actor=Actor(request.user))
        except BadSubscription as fault:
            errors = fault.errors
        else:
            return _show_secret(request, made, secret, new=True)
    return _form(request, typed, errors)


@administrators_only
@require_http_methods(["GET", "POST"])
def webhook_detail(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """The subscription, what was last sent to it, and what can be done to it."""
    row = get_object_or_404(WebhookSubscription, public_id=public_id)
    typed, errors = _typed(request, row), {}
    if request.method == "POST":
        try:
            subscriptions.change(subscription=row, **typed, actor=Actor(request.user))
        except BadSubscription as fault:
            errors = fault.errors
            row.refresh_from_db()
        else:
            messages.success(request, "Webhook saved")
            return HttpResponseRedirect(_url(row))
    return _form(request, typed, errors, row)


@administrators_only
@require_POST
def webhook_action(request: HtmxHttpRequest, public_id: str, action: str) -> HttpResponse:
    """Pause, resume, send a test event, make another secret, delete."""
    row = get_object_or_404(WebhookSubscription, public_id=public_id)
    actor = Actor(request.user)
    if action == "rotate":
        secret = subscriptions.rotate(subscription=row, actor=actor)
        return _show_secret(request, row, secret)
    if action == "delete":
        subscriptions.delete(subscription=row, actor=actor)
        messages.success(request, f"{row.name} deleted")
        return HttpResponseRedirect(reverse("webhook_list"))
    if action == "test":
        subscriptions.send_test(subscription=row, actor=actor)
        messages.success(request, "A test event is on its way")
    else:
        subscriptions.set_active(subscription=row, active=action == "resume", actor=actor)
        messages.success(request, f"{row.name} {'resumed' if action == 'resume' else 'paused'}")
    return HttpResponseRedirect(_url(row))


def _url(row: WebhookSubscription) -> str:
    return reverse("webhook_detail", args=[row.public_id])


def _typed(request: HtmxHttpRequest, row: WebhookSubscription | None) -> dict[str, Any]:
    if request.method == "POST":
        given = request.POST
        wanted = given.getlist("events")[:50]
        return {"name": given.get("name", ""), "url": given.get("url", ""), "wanted": wanted}
    if row is None:
        return {"name": "", "url": "", "wanted": ["contact"]}
    return {"name": row.name, "url": row.url, "wanted": row.events}


def _form(
    request: HtmxHttpRequest,
    typed: dict[str, Any],
    errors: dict[str, str],
    row: WebhookSubscription | None = None,
) -> HttpResponse:
    own = Delivery.objects.filter(target=row.target).order_by("-pk")[:SHOWN] if row else ()
    context = {
        "row": row,
        "typed": typed,
        "errors": errors,
        "error_list": list(errors.items()),
        "families": [
            (family, label, [each for each in events.TYPES if each.startswith(f"{family}.")])
            for family, label in LABELS.items()
        ],
        "lines": lines_of(list(own), request.user),
        "to_loopback": settings.WEBHOOKS_TO_LOOPBACK,
    }
    status = 422 if errors else 200
    return render_settings(request, "integrations/webhook.html", context, status=status)


def _show_secret(
    request: HtmxHttpRequest, row: WebhookSubscription, secret: str, *, new: bool = False
) -> HttpResponse:
    context = {"row": row, "secret": secret, "new": new}
    return render_settings(request, "integrations/webhook_secret.html", context)
