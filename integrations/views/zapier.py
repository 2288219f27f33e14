"""Integrations, Zapier: how to connect, which Zaps are subscribed, and how to disconnect one."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from integrations.models import ZapierHook
from integrations.zapier import hooks
from integrations.zapier.cards import rows
from integrations.zapier.sending import is_double
from integrations.zapier.triggers import TRIGGERS


@administrators_only
@require_GET
def zapier(request: HtmxHttpRequest) -> HttpResponse:
    base = f"{settings.PUBLIC_URL}/v2/zapier"
    context = {
        "rows": rows(),
        "triggers": TRIGGERS.items(),
        "addresses": [
            ("Test", "GET", f"{base}/me"),
            ("Subscribe", "POST", f"{base}/hooks"),
            ("Unsubscribe", "DELETE", f"{base}/hooks/{{{{bundle.subscribeData.id}}}}"),
            ("Perform list", "GET", f"{base}/hooks/samples/contact.updated"),
            ("Find contact", "GET", f"{base}/contacts"),
        ],
        "double": f"{settings.ZAPIER_HOOKS_URL}/" if is_double() else "",
    }
    return render(request, "integrations/zapier.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def zapier_disconnect(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """GET says what it means, POST does it."""
    hook = get_object_or_404(ZapierHook, public_id=public_id.replace("\x00", ""))
    trigger = TRIGGERS.get(hook.event, hook.event)
    if request.method == "GET":
        context = {"hook": hook, "trigger": trigger}
        return render(request, "integrations/zapier_disconnect.html", context)
    hooks.disconnect(hook=hook, actor=Actor(request.user))
    messages.success(request, f"{trigger} disconnected. Zapier is being told to pause the Zap")
    return HttpResponseRedirect(reverse("zapier"))
