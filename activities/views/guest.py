"""A guest's own meeting, by the link that only they have: see, download, cancel, move it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from activities import guest_links
from activities.availability import is_free, nearest, week_of
from activities.cleaning import lines
from activities.ics import invitation, zone_named
from activities.limits import TooMany
from activities.models import Meeting
from activities.scheduling import Rules
from activities.services import (
    MeetingGone,
    WrongState,
    book_instead,
    cancel,
    reschedule,
)
from activities.signals import Doer
from activities.slots import NotAvailable, SameTime, SlotTaken, rules_of, why_not
from activities.views.booking import BUSY, NOT_OFFERED, OFFERED, TAKEN, first_day
from activities.views.public import (
    chosen_zone,
    count_post,
    guest_page,
    nothing_here,
    read_start,
    render_guest,
    too_many_words,
    zone_context,
)
from contacts.identity import InvalidValue
from contacts.retrying import Busy

Args = ParamSpec("Args")
MAX_REASON = 1000
GUEST = Doer(Meeting.By.CUSTOMER)
CLOSED = "This meeting can no longer be changed."
SAME = "That is the time that the meeting has. Choose another one."
WHY_NOT: dict[type[NotAvailable], str] = {SlotTaken: TAKEN, SameTime: SAME}
NO_TIMES = (
    "{host} takes no meetings at present: the time cannot be changed. You can cancel the meeting."
)


def of_guest(
    view: Callable[Concatenate[HttpRequest, Meeting, Args], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Find the meeting of the token; a forged or foreign one is like a page that does not exist."""

    @guest_page
    @wraps(view)
    def with_meeting(
        request: HttpRequest, token: str, *args: Args.args, **kwargs: Args.kwargs
    ) -> HttpResponse:
        meeting = guest_links.find_meeting(token)
        if meeting is None or meeting.in_trash:
            return nothing_here(request)
        return view(request, meeting, *args, **kwargs)

    return with_meeting


@of_guest
@require_safe
def guest_meeting(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    """What was booked, and what the guest can do about it."""
    return _show(request, meeting)


@of_guest
@require_safe
def guest_ics(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    """The meeting as a file for the guest's calendar."""
    body = invitation(meeting, url=request.build_absolute_uri(_url("guest_meeting", meeting)))
    method = "CANCEL" if meeting.status == Meeting.Status.CANCELED else "PUBLISH"
    response = HttpResponse(body, content_type=f"text/calendar; charset=utf-8; method={method}")
    response["Content-Disposition"] = 'attachment; filename="meeting.ics"'
    return response


@of_guest
@require_http_methods(["GET", "POST"])
def guest_cancel(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    """Ask, then cancel."""
    if not _may_change(meeting):
        return _show(request, meeting, status=409, problem=CLOSED)
    reason = request.POST.get("reason", "")
    if request.method == "GET":
        return _ask(request, meeting, "booking/cancel.html", reason)
    try:
        count_post(request)
        cancel(meeting_id=meeting.pk, doer=GUEST, reason=lines(reason, MAX_REASON))
    except InvalidValue as fault:
        return _ask(request, meeting, "booking/cancel.html", reason, status=422, error=str(fault))
    except TooMany as error:
        return _ask(
            request, meeting, "booking/cancel.html", reason, status=429,
            notice=too_many_words(error),
        )  # fmt: skip
    except (WrongState, MeetingGone):
        meeting.refresh_from_db()
        return _show(request, meeting, status=409, problem=CLOSED)
    except Busy:
        return _ask(request, meeting, "booking/cancel.html", reason, status=409, notice=BUSY)
    return HttpResponseRedirect(_url("guest_meeting", meeting))


@of_guest
@require_http_methods(["GET", "POST"])
def guest_reschedule(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    """The free times, then one of them to confirm, then the new time."""
    if not (_may_move(meeting) or _may_book_again(meeting)):
        return _show(request, meeting, status=409, problem=_no_times(meeting) or CLOSED)
    data = request.POST if request.method == "POST" else request.GET
    zone, notice = chosen_zone(data.get("tz", ""), zone_named(meeting.guest_time_zone))
    start = read_start(data.get("start", ""))
    context = {"notice": notice, "start": start, **zone_context(zone)}
    if start is None:
        return _times(request, meeting, context)
    if request.method == "GET":
        rules, host_id = _offered(meeting)
        if not _may_book_again(meeting) and start == meeting.starts_at:
            return _not_free(request, meeting, context, "", SameTime())
        if is_free(rules, host_id, start, now=timezone.now(), besides=meeting):
            return _ask(request, meeting, "booking/move.html", "", **context)
        error = why_not(rules, host_id, start, besides=meeting)
        return _not_free(request, meeting, context, "", error)
    return _move(request, meeting, context)


def _move(request: HttpRequest, meeting: Meeting, context: dict[str, Any]) -> HttpResponse:
    start, reason = read_start(request.POST["start"]), request.POST.get("reason", "")
    assert start is not None
    try:
        count_post(request)
        if _may_book_again(meeting):
            new = book_instead(meeting=meeting, starts_at=start)
        else:
            new = reschedule(
                meeting_id=meeting.pk, starts_at=start, doer=GUEST,
                reason=lines(reason, MAX_REASON),
            )  # fmt: skip
    except InvalidValue as fault:
        page = {**context, "error": str(fault), "status": 422}
        return _ask(request, meeting, "booking/move.html", reason, **page)
    except TooMany as error:
        page = {**context, "notice": too_many_words(error), "status": 429}
        return _ask(request, meeting, "booking/move.html", reason, **page)
    except NotAvailable as error:
        return _not_free(request, meeting, context, reason, error)
    except (WrongState, MeetingGone):
        meeting.refresh_from_db()
        return _show(request, meeting, status=409, problem=CLOSED)
    except Busy:
        page = {**context, "notice": BUSY, "status": 409}
        return _ask(request, meeting, "booking/move.html", reason, **page)
    return HttpResponseRedirect(_url("guest_meeting", new))


def _times(request: HttpRequest, meeting: Meeting, context: dict[str, Any]) -> HttpResponse:
    rules, host_id = _offered(meeting)
    day = first_day(request.GET.get("from", ""))
    page = {
        **context,
        "week": week_of(rules, host_id, context["zone"], day, besides=meeting),
        "pick": _url("guest_reschedule", meeting),
        "here": _url("guest_reschedule", meeting),
    }
    return _page(request, meeting, "booking/reschedule.html", page)


def _not_free(
    request: HttpRequest, meeting: Meeting, context: dict[str, Any], reason: str,
    error: NotAvailable,
) -> HttpResponse:  # fmt: skip
    rules, host_id = _offered(meeting)
    others = nearest(rules, host_id, context["start"], count=OFFERED, besides=meeting)
    notice = WHY_NOT.get(type(error), NOT_OFFERED)
    page = {**context, "others": others, "offer": True, "notice": notice, "status": 409}
    return _ask(request, meeting, "booking/move.html", reason, **page)


def _offered(meeting: Meeting) -> tuple[Rules, int]:
    """Whose times the guest chooses from, and by which rules.

    Booking again is booking with the calendar, whoever the canceled meeting was given to.
    """
    if _may_book_again(meeting) and meeting.calendar is not None:
        return meeting.calendar.rules, meeting.calendar.host_id
    return rules_of(meeting), meeting.host_id


def _may_change(meeting: Meeting) -> bool:
    return meeting.is_active and not meeting.is_over(timezone.now())


def _may_move(meeting: Meeting) -> bool:
    """Whoever has left takes no new times; what was agreed can only be called off."""
    return _may_change(meeting) and meeting.host.is_active


def _no_times(meeting: Meeting) -> str:
    """Why a meeting that can be canceled cannot be moved; "" where it can."""
    stuck = _may_change(meeting) and not meeting.host.is_active
    return NO_TIMES.format(host=meeting.host) if stuck else ""


def _may_book_again(meeting: Meeting) -> bool:
    return (
        meeting.reschedule_requested
        and meeting.rescheduled_to_id is None
        and meeting.calendar is not None
        and meeting.calendar.is_open
    )


def _new_meeting(meeting: Meeting) -> str:
    """Where the meeting is that was booked instead of this one; "" where there is none."""
    new = meeting.rescheduled_to
    return _url("guest_meeting", new) if new is not None and not new.in_trash else ""


def _booking_page(meeting: Meeting) -> str:
    """Where somebody whose meeting was canceled can book another; "" where that is not offered."""
    canceled = meeting.status == Meeting.Status.CANCELED and meeting.rescheduled_to_id is None
    if not canceled or meeting.calendar is None or not meeting.calendar.is_open:
        return ""
    return reverse("booking_page", args=[meeting.calendar.slug])


def _show(
    request: HttpRequest, meeting: Meeting, *, status: int = 200, problem: str = ""
) -> HttpResponse:
    context = {
        "may_change": _may_change(meeting),
        "may_move": _may_move(meeting),
        "no_times": "" if problem else _no_times(meeting),
        "may_book_again": _may_book_again(meeting),
        "new_meeting": _new_meeting(meeting),
        "booking_page": _booking_page(meeting),
        "problem": problem,
        "zone": zone_named(meeting.guest_time_zone),
    }
    return _page(request, meeting, "booking/meeting.html", context, status=status)


def _ask(
    request: HttpRequest, meeting: Meeting, template: str, reason: str, *, status: int = 200,
    **context: Any,
) -> HttpResponse:  # fmt: skip
    page = {"zone": zone_named(meeting.guest_time_zone), **context, "reason": reason}
    return _page(request, meeting, template, page, status=status)


def _page(
    request: HttpRequest, meeting: Meeting, template: str, context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    token = guest_links.token_of(meeting)
    again = meeting.calendar if _may_book_again(meeting) else None
    next_host = again.host if again else meeting.host
    page = {"meeting": meeting, "token": token, "next_host": next_host, **context}
    return render_guest(request, template, page, status=status)


def _url(name: str, meeting: Meeting) -> str:
    return reverse(name, args=[guest_links.token_of(meeting)])
