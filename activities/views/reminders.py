"""Settings, Reminders: what was sent and what waits, of the meetings a person may see."""

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from activities.models import Reminder
from activities.reminders.again import CannotSendAgain, send_again
from activities.reminders.showing import shown
from activities.views.meetings import find_meeting, show_meeting
from contacts.views.requests import HtmxHttpRequest
from contacts.views.settings import render_settings
from contacts.views.shell import toast

ROWS = 50
SHOWS = {
    "attention": "Need attention",
    "waiting": "Waiting",
    "ended": "Sent and ended",
}


@login_required
@require_safe
def reminder_list(request: HtmxHttpRequest) -> HttpResponse:
    """One page of them: what went wrong first, what is next, or what is over."""
    show = request.GET.get("show", "")
    show = show if show in SHOWS else "attention"
    visible = Reminder.objects.visible_to(request.user).filter(meeting__in_trash=False)
    number = request.GET.get("page", "1")
    page = min(int(number), 1000) if number.isascii() and number.isdigit() else 1
    start = max(page - 1, 0) * ROWS
    rows = _chosen(visible, show).select_related("meeting__contact")
    rows = rows.prefetch_related("meeting__contact__identifiers")
    found = list(rows[start : start + ROWS + 1])
    context = {
        "show": show,
        "shows": SHOWS.items(),
        "lines": shown(found[:ROWS], request.user),
        "previous_query": f"?show={show}&page={page - 1}" if page > 1 else "",
        "next_query": f"?show={show}&page={page + 1}" if len(found) > ROWS else "",
    }
    return render_settings(request, "activities/reminder_list.html", context)


def _chosen(rows: QuerySet[Reminder], show: str) -> QuerySet[Reminder]:
    if show == "waiting":
        return rows.filter(next_at__isnull=False).order_by("next_at", "pk")
    if show == "ended":
        return rows.filter(ended_at__isnull=False).order_by("-ended_at", "-pk")
    attention = Reminder.objects.need_attention().values("pk")
    return rows.filter(pk__in=attention).order_by("-due_at", "-pk")


@login_required
@require_POST
def reminder_again(request: HtmxHttpRequest, public_id: str, reminder_id: int) -> HttpResponse:
    """Send one message of a meeting again; whoever may see the meeting may do so."""
    meeting = find_meeting(request, public_id)
    if not meeting.reminders.filter(pk=reminder_id).exists():
        raise Http404
    try:
        send_again(reminder_id=reminder_id, user=request.user)
    except CannotSendAgain as reason:
        return show_meeting(request, meeting, status=409, problem=str(reason))
    url = reverse("meeting_detail", args=[meeting.public_id])
    return toast(request, HttpResponseRedirect(url), "It is being sent again")
