"""What the pages without a sign-in have in common: their limits, their errors, their layout."""

import functools
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from activities import limits
from activities.models import BookingCalendar
from activities.zones import known_zone, zone_choices
from contacts.identity import InvalidValue
from contacts.models import Account

Args = ParamSpec("Args")
View = Callable[Concatenate[HttpRequest, Args], HttpResponse]
MAX_BODY = 256 * 1024  # bytes: every field at its limit fits, a text of 1 MB does not
TEN_MINUTES, HOUR = 600, 3600


def guest_page(view: View[Args]) -> View[Args]:
    """A page that anybody may open and post to.

    A body that is too large is refused before it is read. Answers to a post leave at multiples of
    a fixed time: how long the database took for a known or an unknown address is not told.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        began = time.monotonic()
        if _body_size(request) > MAX_BODY:
            return too_large(request)
        response = protected(request, *args, **kwargs)
        if response.status_code == 403:  # only the check of the form's token says so
            response = expired(request)
        wait_for_even_time(began)
        return response

    return guarded


def _body_size(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if str(length).isdigit() else 0


def wait_for_even_time(began: float) -> None:
    """Until the next multiple since `began` (time.monotonic): the answer's time tells nothing."""
    every = settings.BOOKING_ANSWERS_EVERY_MS / 1000
    if every:
        took = time.monotonic() - began
        time.sleep(math.ceil(took / every) * every - took)


def render_guest(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page in the guests' layout, under the account's name."""
    return render(request, template, {"guest_account": Account.load(), **context}, status=status)


def nothing_here(request: HttpRequest) -> HttpResponse:
    """The one answer to every address that leads nowhere: archived, forged, foreign, mistyped."""
    context = {
        "title": "There is nothing here",
        "text": "The link may be incomplete, or this page is no longer open. "
        "Ask whoever sent it to you for a new one.",
    }
    return render_guest(request, "booking/message.html", context, status=404)


def too_large(request: HttpRequest) -> HttpResponse:
    context = {
        "title": "That is too much text",
        "text": f"Everything together may have {MAX_BODY // 1024} kB. Nothing was saved. "
        "Go back: what you typed is still there. Shorten it, and send it again.",
    }
    return render_guest(request, "booking/message.html", context, status=413)


def expired(request: HttpRequest) -> HttpResponse:
    context = {
        "title": "The form could not be checked",
        "text": "This page needs one cookie to know that the form is its own, or the form is very "
        "old. Nothing was saved. Allow the cookie, go back, reload, and send it again.",
    }
    return render_guest(request, "booking/message.html", context, status=403)


def find_calendar(slug: str) -> BookingCalendar | None:
    """The calendar whose page is open at this address."""
    if not slug.isascii() or not slug.isprintable():
        return None
    return BookingCalendar.objects.active().select_related("host").filter(slug=slug).first()


def count_post(request: HttpRequest) -> None:
    """Raises limits.TooMany."""
    limits.count(
        "post",
        limits.sender_of(request),
        limit=settings.BOOKING_POSTS_PER_ADDRESS,
        seconds=TEN_MINUTES,
    )


def count_booking(calendar: BookingCalendar) -> None:
    """Raises limits.TooMany."""
    limits.count("book", calendar.public_id, limit=settings.BOOKINGS_PER_CALENDAR, seconds=HOUR)


def too_many_words(error: limits.TooMany, what: str = "bookings", done: str = "booked") -> str:
    minutes = max(1, math.ceil(error.retry_after / 60))
    return (
        f"Too many {what} were sent from here or to this page in a short time. "
        f"Nothing was {done}; what you typed is kept. Try again in {minutes} "
        f"minute{'s' if minutes > 1 else ''}."
    )


def chosen_zone(text: str, fallback: ZoneInfo) -> tuple[ZoneInfo, str]:
    """The guest's zone, and what to say when there is none of that name."""
    if not text:
        return fallback, ""
    try:
        return known_zone(text), ""
    except InvalidValue:
        return fallback, (
            f"There is no time zone “{text[:60]}”. Times are shown in {fallback.key}; "
            "choose yours from the list."
        )


def zone_context(zone: ZoneInfo) -> dict[str, Any]:
    groups = zone_choices()
    listed = any(name == zone.key for _, cities in groups for name, _ in cities)
    return {
        "zone": zone,
        "zone_name": zone.key,
        "zone_choices": groups,
        "zone_listed": listed,
    }


def read_start(text: str) -> datetime | None:
    """A start as a link carries it; None for what is no moment in UTC."""
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    if moment.tzinfo is None or not 1971 < moment.year < 9000:
        return None
    return moment.astimezone(UTC)
