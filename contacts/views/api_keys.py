"""Settings, API keys: made, shown once, and revoked."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from contacts.api_keys import MOST, active_keys, create_key, revoke_key
from contacts.identity import InvalidValue
from contacts.models import ApiKey
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings

REVOKED_SHOWN = 50


@administrators_only
@require_http_methods(["GET", "POST"])
def api_key_list(request: HtmxHttpRequest) -> HttpResponse:
    """The keys; POST makes one and shows it, this once."""
    name, problem = request.POST.get("name", ""), ""
    if request.method == "POST":
        try:
            row, key = create_key(name=name, actor=Actor(request.user))
        except InvalidValue as fault:
            problem = str(fault)
        else:
            context = {"row": row, "key": key}
            return render_settings(request, "settings/api_key_made.html", context)
    revoked = ApiKey.objects.filter(revoked_at__isnull=False).order_by("-revoked_at")
    context = {
        "live": active_keys().select_related("created_by"),
        "revoked": revoked[:REVOKED_SHOWN],
        "most": MOST,
        "typed": name,
        "problem": problem,
    }
    status = 422 if problem else 200
    return render_settings(request, "settings/api_key_list.html", context, status=status)


@administrators_only
@require_POST
def api_key_revoke(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    row = get_object_or_404(ApiKey, public_id=public_id.replace("\x00", ""))
    if revoke_key(key=row, actor=Actor(request.user)):
        messages.success(request, f"{row.name} revoked")
    return HttpResponseRedirect(reverse("api_key_list"))
