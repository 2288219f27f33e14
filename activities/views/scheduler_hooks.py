"""The address to which another scheduler sends its webhooks.

Whoever does not sign as the connection wants it learns nothing, not even what was wrong; the
settings page tells the administrator.
"""

import hashlib
import json
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from activities import limits
from activities.inbound.applying import take
from activities.inbound.reading import BadPayload, Json, Refused, Told
from activities.inbound.schedulers import SCHEDULERS, Scheduler
from activities.limits import TooMany
from activities.models import SchedulerConnection, SchedulerEvent
from contacts import vault
from contacts.retrying import Busy

MAX_BODY = 256 * 1024  # bytes
MINUTE = 60
TELL_EVERY = timedelta(minutes=1)
Outcome = SchedulerEvent.Outcome


@csrf_exempt
@require_POST
def receive(request: HttpRequest, address: str) -> HttpResponse:
    """Take one webhook. 200 when it was taken, of interest or not; 503 when it is to come again."""
    try:
        limits.count(
            "hook", limits.sender_of(request), limit=settings.WEBHOOKS_PER_ADDRESS, seconds=MINUTE
        )
    except TooMany as error:
        return HttpResponse(status=429, headers={"Retry-After": str(error.retry_after)})
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not str(length).isdigit() or int(length) > MAX_BODY:
        return HttpResponse(status=413)
    connection = _find(address)
    if connection is None:
        return HttpResponse(status=404)
    now = timezone.now()
    try:
        return _take(request, connection, now)
    except Refused as refusal:
        _note_refused(connection, refusal, now)
        return HttpResponse(status=401)
    except Busy:
        return HttpResponse(status=503, headers={"Retry-After": "5"})


def _take(request: HttpRequest, connection: SchedulerConnection, now: datetime) -> HttpResponse:
    """Raises Refused, Busy."""
    scheduler = SCHEDULERS[connection.kind]
    scheduler.verify(_secret(connection), request.headers, request.body, now)
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError):
        data = None
    told, outcome = _read(scheduler, data, now)
    take(
        connection_id=connection.pk,
        event=scheduler.event_of(data),
        digest=hashlib.sha256(request.body).hexdigest(),
        told=told,
        outcome=outcome,
        now=now,
    )
    return HttpResponse(status=400 if outcome == Outcome.UNREADABLE else 200)


def _read(scheduler: Scheduler, data: Json, now: datetime) -> tuple[tuple[Told, ...], str]:
    """Raises Refused for what was sent long ago."""
    if data is None:
        return (), Outcome.UNREADABLE
    try:
        return scheduler.read(data, now), ""
    except BadPayload:
        return (), Outcome.UNREADABLE


def _find(address: str) -> SchedulerConnection | None:
    if not address.isascii() or not address.isalnum():
        return None
    return SchedulerConnection.objects.filter(address=address, closed_at=None).first()


def _secret(connection: SchedulerConnection) -> str:
    """Raises Refused where no key of this installation reads it any more."""
    try:
        return vault.unseal(connection.secret, purpose=SchedulerConnection.PURPOSE)
    except vault.Unreadable:
        raise Refused("secret lost") from None


def _note_refused(connection: SchedulerConnection, refusal: Refused, now: datetime) -> None:
    """For the settings page; at most once a minute, since anybody can cause it."""
    quiet = Q(refused_at=None) | Q(refused_at__lt=now - TELL_EVERY)
    SchedulerConnection.objects.filter(quiet, pk=connection.pk).update(
        refused_at=now, refused_why=refusal.why
    )
