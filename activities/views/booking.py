"""The public page of a booking calendar: a time, the guest's details, and the booking."""

from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from activities import guest_links
from activities.availability import is_free, nearest, week_of
from activities.forms import BadKey, BookingForm, TooFast, good_key, new_key, nonce_of
from activities.limits import TooMany
from activities.models import BookingCalendar
from activities.routing.carrying import carried_by, fill_in
from activities.services import book
from activities.slots import NotAvailable, SlotTaken
from activities.views.public import (
    chosen_zone,
    count_booking,
    count_post,
    find_calendar,
    guest_page,
    nothing_here,
    read_start,
    render_guest,
    too_many_words,
    zone_context,
)
from contacts.retrying import Busy

OFFERED = 8  # other times, when one is gone
TAKEN = "That time has just been taken. Nothing was booked; what you typed is kept."
NOT_OFFERED = "That time cannot be booked. What you typed is kept."
UNREADABLE = "Choose one of these times. What you typed is kept."
BUSY = "Others are booking at this moment. Nothing was booked; what you typed is kept. Send it again."  # fmt: skip
OLD = "This page was open for a long time, or was changed on the way. Check the time and send it again."  # fmt: skip
FAST = "That was sent within a second. Check what you typed and send it again."
TRAP = "A field that stays empty was filled in. It is empty again: send the form once more."


@guest_page
@require_safe
def booking_page(request: HttpRequest, slug: str) -> HttpResponse:
    """A week of free times in the guest's zone."""
    calendar = find_calendar(slug)
    if calendar is None:
        return nothing_here(request)
    zone, notice = chosen_zone(request.GET.get("tz", ""), calendar.zone)
    context = {
        "calendar": calendar,
        "week": week_of(
            calendar.rules, calendar.host_id, zone, first_day(request.GET.get("from", ""))
        ),
        "notice": notice,
        "zone_given": "tz" in request.GET,
        "here": reverse("booking_page", args=[slug]),
        "pick": reverse("booking_details", args=[slug]),
        "carried": carried_token(request.GET),
        **zone_context(zone),
    }
    return render_guest(request, "booking/times.html", context)


@guest_page
@require_http_methods(["GET", "POST"])
def booking_details(request: HttpRequest, slug: str) -> HttpResponse:
    """The form for one time; POST books it. Whatever stands in the way, what was typed is kept."""
    calendar = find_calendar(slug)
    if calendar is None:
        return nothing_here(request)
    if request.method == "GET":
        return _empty_form(request, calendar)
    zone, no_zone = chosen_zone(request.POST.get("tz", ""), calendar.zone)
    form = BookingForm(calendar, request.POST, zone=zone.key)
    key = good_key(request.POST.get("key", ""))
    start = read_start(request.POST.get("start", ""))

    def again(status: int, notice: str, *, offer: bool = False) -> HttpResponse:
        return _form(
            request, calendar, form, zone, start, status=status, notice=notice, offer=offer,
            key=key,
        )  # fmt: skip

    try:
        count_post(request)
        if request.POST.get("website"):
            return again(422, TRAP)
        if no_zone:
            return again(422, no_zone)
        if not form.is_valid or form.guest is None:
            return again(422, "")
        if start is None:
            return again(422, UNREADABLE, offer=True)
        nonce = nonce_of(key, start)
        count_booking(calendar)
        meeting = book(
            calendar=calendar, starts_at=start, guest=form.guest, nonce=nonce,
            submission=carried_by(request.POST.get("form", "")),
        )  # fmt: skip
    except TooMany as error:
        response = again(429, too_many_words(error))
        response["Retry-After"] = str(error.retry_after)
        return response
    except BadKey:
        return again(422, OLD)
    except TooFast:
        return again(422, FAST)
    except SlotTaken:
        return again(409, TAKEN, offer=True)
    except NotAvailable:
        return again(409, NOT_OFFERED, offer=True)
    except Busy:
        return again(409, BUSY)
    return HttpResponseRedirect(reverse("guest_meeting", args=[guest_links.token_of(meeting)]))


def _empty_form(request: HttpRequest, calendar: BookingCalendar) -> HttpResponse:
    zone, notice = chosen_zone(request.GET.get("tz", ""), calendar.zone)
    start = read_start(request.GET.get("start", ""))
    if start is None:
        carried = carried_token(request.GET)
        query = f"?form={carried}" if carried else ""
        return HttpResponseRedirect(reverse("booking_page", args=[calendar.slug]) + query)
    gone = not is_free(calendar.rules, calendar.host_id, start, now=timezone.now())
    submission = carried_by(request.GET.get("form", ""))
    form = BookingForm(calendar, known=partial(fill_in, submission) if submission else None)
    return _form(
        request, calendar, form, zone, start,
        status=409 if gone else 200,
        notice="That time can no longer be booked. Choose another one." if gone else notice,
        offer=gone,
    )  # fmt: skip


def _form(
    request: HttpRequest,
    calendar: BookingCalendar,
    form: BookingForm,
    zone: ZoneInfo,
    start: datetime | None,
    *,
    status: int,
    notice: str,
    offer: bool,
    key: str = "",
) -> HttpResponse:
    others: list[datetime] = []
    offer = offer or start is None
    if offer:
        others = nearest(calendar.rules, calendar.host_id, start or timezone.now(), count=OFFERED)
    context: dict[str, Any] = {
        "calendar": calendar,
        "form": form,
        "start": start,
        "offer": offer,
        "others": others,
        "notice": notice,
        "key": key or new_key(),
        "carried": carried_token(request.POST if form.bound else request.GET),
        **zone_context(zone),
    }
    return render_guest(request, "booking/details.html", context, status=status)


def carried_token(query: QueryDict) -> str:
    """The token of a form's answers, as the next page carries it on; "" for what is none."""
    token = query.get("form", "")
    return token if carried_by(token) else ""


def first_day(text: str) -> date | None:
    """The first day of the page; what is no day shows the first page."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1971 < found.year < 9000 else None
