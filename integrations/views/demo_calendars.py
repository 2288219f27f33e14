"""Demo calendars: the events that the demo's doubles hold, with their guests. Only in the demo."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings
from integrations.sandbox import calendars, mailbox


@administrators_only
@require_GET
def demo_calendars(request: HtmxHttpRequest) -> HttpResponse:
    """Every event and who is on it; the page looks again every two seconds."""
    if not mailbox.is_shown():
        raise Http404
    context = {"events": calendars.shown()}
    return render_settings(request, "integrations/demo_calendars.html", context)
