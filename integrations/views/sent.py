"""Sent messages: what the demo would have sent. Elsewhere the page does not exist, since mails to
colleagues hold links that let in whoever has them."""

from email.utils import parsedate_to_datetime

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings
from integrations.sandbox import demo, mailbox


@administrators_only
@require_safe
def sent_messages(request: HtmxHttpRequest) -> HttpResponse:
    """Mails and text messages, newest first; nothing of it has left this machine."""
    if not mailbox.is_shown():
        raise Http404
    texts = [{**each, "at": parsedate_to_datetime(each["date_created"])} for each in demo.sent()]
    context = {"mails": mailbox.sent(), "texts": texts}
    return render_settings(request, "integrations/sent.html", context)
