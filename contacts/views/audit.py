"""The audit: who did what to which id, and when."""

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from contacts import history, sealing
from contacts.audit_words import known_actions
from contacts.auditing import CSV_HEADER, AuditState, csv_rows, lines, people
from contacts.exporting.rows import csv_response
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings


@administrators_only
@require_safe
def audit_list(request: HtmxHttpRequest) -> HttpResponse:
    """The entries that the filters leave, newest first."""
    state = AuditState.from_query(request.GET)
    page, notice = state.page()
    context = {
        "state": state,
        "lines": lines(page.rows),
        "notices": [*state.notices, *([notice] if notice else [])],
        "people": people(),
        "actions": known_actions(state.action),
        "previous_query": state.but(before=page.previous) if page.previous else "",
        "next_query": state.but(after=page.next) if page.next else "",
        "head": sealing.head(),
    }
    return render_settings(request, "settings/audit_list.html", context)


@administrators_only
@require_GET  # and not HEAD: that would say that the file was taken
def audit_export(request: HtmxHttpRequest) -> HttpResponseBase:
    """CSV of what the filters leave; that it was taken is audited too."""
    state = AuditState.from_query(request.GET)
    history.audit(Actor(request.user), "audit.exported", filtered=state.filtered)
    name = f"audit-{timezone.localdate():%Y-%m-%d}.csv"
    return csv_response(CSV_HEADER, csv_rows(state), filename=name)
