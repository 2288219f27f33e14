"""Settings: one tab a page, each registered in contacts.settings_pages."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from contacts.settings_pages import pages_for
from contacts.views.requests import HtmxHttpRequest


@login_required
@require_safe
def settings_home(request: HtmxHttpRequest) -> HttpResponse:
    """The first page that this person has."""
    pages = pages_for(request.user)
    if not pages:
        raise PermissionDenied
    return HttpResponseRedirect(pages[0].url)


def render_settings(
    request: HtmxHttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page under Settings, with the tabs of this person; `template` extends settings/base.html."""
    tabs = pages_for(request.user)
    here = [tab for tab in tabs if request.path.startswith(tab.url)]
    current = max(here, key=lambda tab: len(tab.url), default=None)
    counts = {tab.url_name: tab.count(request.user) for tab in tabs if tab.count}
    place = {"tabs": tabs, "tab": current, "tab_counts": counts, "in_settings": True, "here": None}
    return render(request, template, {**place, **context}, status=status)
