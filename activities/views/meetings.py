"""The page of one meeting, and what its host can do: each checks the state it finds."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activities.availability import nearest, week_of
from activities.cleaning import lines
from activities.ics import zone_named
from activities.models import Meeting, Reminder
from activities.models.meeting import AGREED
from activities.reminders.showing import shown
from activities.rows import ANONYMOUS, GONE, rows_of
from activities.services import (
    MeetingGone,
    WrongState,
    cancel,
    mark_attended,
    mark_no_show,
    reassign,
    reschedule,
)
from activities.signals import Doer
from activities.slots import NotAvailable, SameTime, SlotTaken, rules_of
from activities.views.booking import OFFERED, first_day
from activities.views.guest import MAX_REASON
from activities.views.public import chosen_zone, read_start, zone_context
from contacts.access import assignable_owners
from contacts.identity import InvalidValue
from contacts.models import User
from contacts.retrying import Busy
from contacts.views.requests import HtmxHttpRequest
from contacts.views.shell import toast

WRONG = "This meeting is {status}. Nothing was changed."
TAKEN = "That time is no longer free. Nothing was changed."
NOT_OFFERED = "The booking calendar does not offer that time. Nothing was changed."
SAME = "The meeting is at that time already. Choose another one."
WHY_NOT: dict[type[NotAvailable], str] = {SlotTaken: TAKEN, SameTime: SAME}
HOST_TAKEN = "{host} is not free at that time. Nothing was changed."
FATES = {
    GONE: "The contact was deleted. The details are those of the booking.",
    ANONYMOUS: "The contact's personal data was erased.",
}
BUSY = "Others are changing this meeting right now. Nothing was changed. Try again in a moment."


@login_required
@require_safe
def meeting_detail(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    return show_meeting(request, find_meeting(request, public_id))


@login_required
@require_POST
def meeting_cancel(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Cancel, with a reason, and if wanted with the request to take another time."""
    meeting = find_meeting(request, public_id)
    reason = request.POST.get("reason", "")
    again = "ask_for_another" in request.POST
    try:
        cancel(
            meeting_id=meeting.pk,
            doer=_doer(request),
            reason=lines(reason, MAX_REASON),
            ask_for_another=again,
        )
    except InvalidValue as fault:
        return show_meeting(request, meeting, status=422, problem=str(fault), reason=reason)
    except (WrongState, MeetingGone, Busy) as error:
        return _refused(request, meeting, error)
    return _done(request, meeting, "Meeting canceled")


@login_required
@require_http_methods(["GET", "POST"])
def meeting_reschedule(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """The free times of the host; one of them is confirmed and taken."""
    meeting = find_meeting(request, public_id)
    if not _may_change(meeting):
        return _refused(request, meeting, WrongState(meeting))
    data = request.POST if request.method == "POST" else request.GET
    zone, notice = chosen_zone(data.get("tz", ""), zone_named(timezone.get_current_timezone_name()))
    start = read_start(data.get("start", ""))
    context = {"notice": notice, "start": start, **zone_context(zone)}
    if start is None:
        return _times(request, meeting, context)
    if request.method == "GET":
        return _confirm(request, meeting, context)
    reason = request.POST.get("reason", "")
    try:
        reschedule(
            meeting_id=meeting.pk,
            starts_at=start,
            doer=_doer(request),
            reason=lines(reason, MAX_REASON),
        )
    except InvalidValue as fault:
        page = {**context, "error": str(fault), "reason": reason}
        return _confirm(request, meeting, page, status=422)
    except NotAvailable as error:
        notice = WHY_NOT.get(type(error), NOT_OFFERED)
        others = nearest(rules_of(meeting), meeting.host_id, start, count=OFFERED, besides=meeting)
        page = {**context, "others": others, "offer": True, "notice": notice, "reason": reason}
        return _confirm(request, meeting, page, status=409)
    except (WrongState, MeetingGone, Busy) as error:
        return _refused(request, meeting, error)
    return _done(request, meeting, "Meeting rescheduled")


@login_required
@require_POST
def meeting_reassign(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Give the meeting to a colleague who is free at its time."""
    meeting = find_meeting(request, public_id)
    chosen = request.POST.get("host", "")
    host = next((user for user in _hosts(request, meeting) if str(user.pk) == chosen), None)
    if host is None:
        problem = "Choose a host from the list. Nothing was changed."
        return show_meeting(request, meeting, status=422, problem=problem)
    try:
        reassign(meeting_id=meeting.pk, host=host, doer=_doer(request))
    except NotAvailable:
        problem = HOST_TAKEN.format(host=host)
        return show_meeting(request, meeting, status=409, problem=problem, chosen=host.pk)
    except (WrongState, MeetingGone, Busy) as error:
        return _refused(request, meeting, error)
    if not Meeting.objects.visible_to(request.user).filter(pk=meeting.pk).exists():
        return toast(
            request, HttpResponseRedirect(reverse("activity_list")), f"Meeting given to {host}"
        )
    return _done(request, meeting, f"Meeting given to {host}")


@login_required
@require_POST
def meeting_no_show(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    meeting = find_meeting(request, public_id)
    try:
        mark_no_show(meeting_id=meeting.pk, doer=_doer(request))
    except (WrongState, MeetingGone, Busy) as error:
        return _refused(request, meeting, error)
    return _done(request, meeting, "Marked as no-show")


@login_required
@require_POST
def meeting_attended(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """The guest did come: a no-show was marked by mistake."""
    meeting = find_meeting(request, public_id)
    try:
        mark_attended(meeting_id=meeting.pk, doer=_doer(request))
    except (WrongState, MeetingGone, Busy) as error:
        return _refused(request, meeting, error)
    return _done(request, meeting, "Marked as completed")


def find_meeting(request: HtmxHttpRequest, public_id: str) -> Meeting:
    """The visible meeting with this id, else 404."""
    if "\x00" in public_id:
        raise Http404
    rows = Meeting.objects.visible_to(request.user).select_related("host", "calendar", "contact")
    meeting = rows.filter(public_id=public_id, in_trash=False).first()
    if meeting is None:
        raise Http404
    return meeting


def _doer(request: HtmxHttpRequest) -> Doer:
    return Doer(Meeting.By.USER, request.user)


def _hosts(request: HtmxHttpRequest, meeting: Meeting) -> list[User]:
    """Whom the person may give the meeting to: as with the owner of a contact."""
    allowed = User.objects.filter(assignable_owners(request.user)).exclude(pk=meeting.host_id)
    return list(allowed.distinct().order_by("first_name", "last_name", "pk"))


def _may_change(meeting: Meeting) -> bool:
    return meeting.is_active and not meeting.is_over(timezone.now())


def show_meeting(
    request: HtmxHttpRequest, meeting: Meeting, *, status: int = 200, problem: str = "",
    **context: Any,
) -> HttpResponse:  # fmt: skip
    begun = meeting.starts_at <= timezone.now()
    [row] = rows_of([meeting], request.user)
    context |= {
        "meeting": meeting,
        "problem": problem,
        "contact": row.contact,
        "contact_fate": FATES.get(row.fate, ""),
        "events": meeting.events.select_related("user", "api_key"),
        "lines": shown(_reminders(meeting), request.user),
        "guest_zone": zone_named(meeting.guest_time_zone),
        "may_change": _may_change(meeting),
        "hosts": _hosts(request, meeting) if _may_change(meeting) and not begun else [],
        "may_no_show": begun and meeting.status in {*AGREED, Meeting.Status.COMPLETED},
    }
    return render(request, "activities/meeting.html", context, status=status)


def _reminders(meeting: Meeting) -> list[Reminder]:
    """The messages to the guest, without those that another one took the place of."""
    rows = list(meeting.reminders.exclude(state=Reminder.State.CANCELED))
    if meeting.contact is not None:
        prefetch_related_objects([meeting.contact], "identifiers")
    for row in rows:
        row.meeting = meeting
    return rows


def _times(request: HtmxHttpRequest, meeting: Meeting, context: dict[str, Any]) -> HttpResponse:
    here = reverse("meeting_reschedule", args=[meeting.public_id])
    week = week_of(
        rules_of(meeting), meeting.host_id, context["zone"],
        first_day(request.GET.get("from", "")), besides=meeting,
    )  # fmt: skip
    page = {**context, "meeting": meeting, "week": week, "here": here, "pick": here}
    return render(request, "activities/reschedule.html", page)


def _confirm(
    request: HtmxHttpRequest, meeting: Meeting, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    page = {**context, "meeting": meeting}
    return render(request, "activities/move.html", page, status=status)


def _refused(request: HtmxHttpRequest, meeting: Meeting, error: Exception) -> HttpResponse:
    if isinstance(error, MeetingGone):
        raise Http404
    if isinstance(error, Busy):
        return show_meeting(request, meeting, status=409, problem=BUSY)
    meeting.refresh_from_db()
    over = meeting.is_active and meeting.is_over(timezone.now())
    status = "over" if over else f"{meeting.get_status_display().lower()} by now"
    return show_meeting(request, meeting, status=409, problem=WRONG.format(status=status))


def _done(request: HtmxHttpRequest, meeting: Meeting, text: str) -> HttpResponse:
    url = reverse("meeting_detail", args=[meeting.public_id])
    return toast(request, HttpResponseRedirect(url), text)
