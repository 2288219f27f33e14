"""Settings, Booking calendars: administrators see all, others those that they host."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activities import sms
from activities.calendar_form import CalendarForm
from activities.edited import EditedMeanwhile, save_edited, version_in, version_to_show
from activities.models import BookingCalendar
from contacts import history
from contacts.access import may_administer
from contacts.models import Account
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.settings import render_settings
from contacts.views.shell import toast


@login_required
@require_safe
def calendar_list(request: HtmxHttpRequest) -> HttpResponse:
    calendars = BookingCalendar.objects.managed_by(request.user).select_related("host")
    context = {
        "calendars": [(calendar, public_url(request, calendar)) for calendar in calendars],
        "may_set_policy": may_administer(request.user),
        "apply_suggestions": Account.load().apply_suggestions,
    }
    return render_settings(request, "activities/calendar_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def calendar_new(request: HtmxHttpRequest) -> HttpResponse:
    form = CalendarForm(user=request.user, data=request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid:
        return _form(request, form, None)
    return _save(request, form, BookingCalendar())


@login_required
@require_http_methods(["GET", "POST"])
def calendar_edit(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    calendar = find_calendar(request, public_id)
    form = CalendarForm(
        user=request.user,
        calendar=calendar,
        data=request.POST if request.method == "POST" else None,
    )
    if request.method == "GET" or not form.is_valid:
        return _form(request, form, calendar)
    return _save(request, form, calendar)


@login_required
@require_POST
def calendar_archive(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Close or open the public page. Meetings that are booked stay."""
    calendar = find_calendar(request, public_id)
    opening = "open" in request.POST
    calendar.archived_at = None if opening else timezone.now()
    calendar.save(update_fields=["archived_at"])
    action = "calendar.opened" if opening else "calendar.archived"
    history.audit(Actor(request.user), action, calendar.public_id)
    text = "Booking page opened" if opening else "Booking page closed"
    return toast(request, HttpResponseRedirect(reverse("calendar_list")), text)


@login_required
@require_POST
def suggestion_policy(request: HtmxHttpRequest) -> HttpResponse:
    """Whether what guests answer replaces values at once, or is suggested."""
    if not may_administer(request.user):
        raise PermissionDenied
    at_once = request.POST.get("apply_suggestions") == "yes"
    Account.load()
    Account.objects.filter(pk=1).update(apply_suggestions=at_once)
    history.audit(Actor(request.user), "account.suggestions", at_once=at_once)
    return toast(request, HttpResponseRedirect(reverse("calendar_list")), "Setting saved")


def public_url(request: HttpRequest, calendar: BookingCalendar) -> str:
    return request.build_absolute_uri(reverse("booking_page", args=[calendar.slug]))


def find_calendar(request: HtmxHttpRequest, public_id: str) -> BookingCalendar:
    """The calendar, where the person may change it; else 404."""
    if "\x00" in public_id:
        raise Http404
    managed = BookingCalendar.objects.managed_by(request.user)
    calendar = managed.filter(public_id=public_id).first()
    if calendar is None:
        raise Http404
    return calendar


def _save(request: HtmxHttpRequest, form: CalendarForm, calendar: BookingCalendar) -> HttpResponse:
    new = calendar.pk is None
    for name, value in form.values.items():
        setattr(calendar, name, value)
    try:
        with transaction.atomic():
            if new:
                calendar.save()
            else:  # no more than was edited: a colleague may be closing its page at this moment
                save_edited(calendar, list(form.values), version_in(request.POST))
            action = "calendar.created" if new else "calendar.changed"
            history.audit(Actor(request.user), action, calendar.public_id)
    except EditedMeanwhile:
        return _form(request, form, calendar, edited=True)
    except IntegrityError:  # somebody took the address this moment
        form.errors["slug"] = "Another booking calendar has this address"
        return _form(request, form, None if new else calendar)
    return toast(request, HttpResponseRedirect(reverse("calendar_list")), "Booking calendar saved")


def _form(
    request: HtmxHttpRequest,
    form: CalendarForm,
    calendar: BookingCalendar | None,
    *,
    edited: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "calendar": calendar,
        "public_url": public_url(request, calendar) if calendar else "",
        "public_prefix": request.build_absolute_uri("/book/"),
        "sms_hint": "" if sms.sender() else sms.setup_hint(),
        "version": version_to_show(request.POST, calendar, edited=edited),
        "edited": edited,
    }
    status = 409 if edited else 422 if form.errors else 200
    return render_settings(request, "activities/calendar_form.html", context, status=status)
