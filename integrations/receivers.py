"""What Twilio tells us: what became of a message, and what a guest replied. Signed, or refused.

A request may come twice, late, or out of order: a status only goes forward, and a reply is known by
its id. The signature covers the address as we gave it out, so another host's is not accepted.
"""

import hmac
import re
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from activities.reminders import opt_outs, receipts
from integrations.connectors.twilio import fate, signature

Args = ParamSpec("Args")
_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
NO_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
DELIVERED = {"delivered", "read"}
NOT_DELIVERED = {"undelivered", "failed"}
ON_ITS_WAY = {"accepted", "queued", "sending", "sent"}


def from_twilio(
    view: Callable[Concatenate[HttpRequest, Args], HttpResponse],
) -> Callable[..., HttpResponse]:
    """404 where Twilio is not set up, 403 for what it has not signed."""

    @csrf_exempt
    @require_POST
    @wraps(view)
    def verified(request: HttpRequest, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponse:
        if settings.TWILIO is None:
            raise Http404
        form = {name: request.POST.getlist(name) for name in request.POST}
        url = settings.PUBLIC_URL + request.get_full_path()
        right = signature(settings.TWILIO["auth_token"], url, form)
        given = request.headers.get("X-Twilio-Signature", "")
        if not hmac.compare_digest(right.encode(), given.encode("utf-8", "replace")):
            return HttpResponse("The signature is not Twilio's.", status=403)
        return view(request, *args, **kwargs)

    return verified


@from_twilio
def twilio_status(request: HttpRequest, reminder_id: int) -> HttpResponse:
    """What became of the message of a reminder."""
    sid = request.POST.get("MessageSid", "")
    status = request.POST.get("MessageStatus", "")
    if not _SID.fullmatch(sid):
        return HttpResponse("MessageSid is not one.", status=400)
    if status in DELIVERED:
        receipts.delivered(reminder_id, sid)
    elif status in NOT_DELIVERED:
        receipts.not_delivered(reminder_id, sid, fate(status, request.POST.get("ErrorCode", "")))
    elif status in ON_ITS_WAY:
        receipts.accepted(reminder_id, sid)
    return HttpResponse(status=204)


@from_twilio
def twilio_message(request: HttpRequest) -> HttpResponse:
    """A reply to one of our messages: STOP and START count, the rest is nobody's to read here."""
    form = request.POST
    sid, number = form.get("MessageSid", ""), form.get("From", "")
    if not _SID.fullmatch(sid) or not _NUMBER.fullmatch(number):
        return HttpResponse("MessageSid or From is not one.", status=400)
    word = form.get("OptOutType", "") or form.get("Body", "")
    opt_outs.heard(number=number, sender=_said_to(request), body=word, message_id=sid)
    return HttpResponse(NO_ANSWER, content_type="text/xml")


def _said_to(request: HttpRequest) -> str:
    """Our identity that the reply went to: the service, where it is ours, else the number."""
    service = str((settings.TWILIO or {})["service_sid"])
    if service and request.POST.get("MessagingServiceSid", "") == service:
        return service
    to = request.POST.get("To", "")
    return to if re.fullmatch(r"\+?\d{3,15}", to) else ""
