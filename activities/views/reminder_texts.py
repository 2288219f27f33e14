"""Reminders of a booking calendar: what its guests are told, and when."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from activities import sms
from activities.models import BookingCalendar, Channel
from activities.reminders.form import ReminderForm
from activities.reminders.placeholders import KNOWN
from activities.reminders.previewing import preview
from activities.reminders.saving import save_texts
from activities.reminders.texts import Texts
from activities.views.calendars import find_calendar
from contacts.retrying import Busy
from contacts.views.requests import HtmxHttpRequest
from contacts.views.settings import render_settings
from contacts.views.shell import toast

BUSY = "Somebody else is saving this calendar. Nothing was saved; what you typed is kept. Save again."  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def calendar_reminders(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """The texts. A button adds or removes a reminder, shows how they will look, or saves."""
    calendar = find_calendar(request, public_id)
    channels = [Channel.EMAIL, *([Channel.SMS] if sms.sender() else [])]
    texts = Texts([calendar.pk]).of(calendar.pk)
    if request.method == "GET":
        return _page(request, calendar, ReminderForm(texts, channels))
    form = ReminderForm(texts, channels, request.POST.dict())
    what, _, which = request.POST.get("do", "save").partition("-")
    if what in {"add", "remove"}:
        return _changed(request, calendar, form, what, which)
    if what == "preview" or not form.is_valid:
        return _preview(request, calendar, form)
    try:
        save_texts(calendar=calendar, texts=form.texts, channels=channels, user=request.user)
    except Busy:
        return _page(request, calendar, form, status=409, notice=BUSY)
    url = reverse("calendar_reminders", args=[calendar.public_id])
    return toast(request, HttpResponseRedirect(url), "Reminders saved")


def _changed(
    request: HtmxHttpRequest, calendar: BookingCalendar, form: ReminderForm, what: str, which: str
) -> HttpResponse:
    """One reminder more or fewer on the page; it counts when it is saved."""
    for row in form.rows:
        row.errors = {}
    if what == "add":
        form.add(which)
    else:
        form.remove(which)
    return _page(request, calendar, form, notice="Not saved yet.")


def _preview(
    request: HtmxHttpRequest, calendar: BookingCalendar, form: ReminderForm
) -> HttpResponse:
    for row, text in zip(form.rows, form.texts, strict=True):
        if not row.errors:
            row.preview = preview(text, calendar)
    notice = "" if form.error_list else "This is how they will look. Not saved yet."
    return _page(request, calendar, form, status=422 if form.error_list else 200, notice=notice)


def _page(
    request: HtmxHttpRequest,
    calendar: BookingCalendar,
    form: ReminderForm,
    *,
    status: int = 200,
    notice: str = "",
) -> HttpResponse:
    sender = sms.sender()
    context = {
        "calendar": calendar,
        "form": form,
        "known": KNOWN.items(),
        "notice": notice,
        "sms_hint": "" if sender else sms.setup_hint(),
        "replies_hint": sender.replies_hint if sender else "",
    }
    return render_settings(request, "activities/reminder_texts.html", context, status=status)
