"""What a person can do where Kith does not: tell the guest of an event in another calendar."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from activities import guest_links
from activities.ics import invitation
from activities.models import Meeting
from contacts.views.requests import HtmxHttpRequest


def _meeting(request: HtmxHttpRequest, meeting_id: int) -> Meeting:
    rows = Meeting.objects.visible_to(request.user).select_related("contact", "host")
    return get_object_or_404(rows, pk=meeting_id)


def _address(meeting: Meeting) -> str:
    known = meeting.contact.email if meeting.contact is not None else meeting.last_email
    return known or meeting.guest_email


@login_required
@require_GET
def event_by_hand(request: HtmxHttpRequest, meeting_id: int) -> HttpResponse:
    """The address of now, a text to copy, and a file to send."""
    meeting = _meeting(request, meeting_id)
    context = {"meeting": meeting, "address": _address(meeting)}
    return render(request, "integrations/by_hand.html", context)


@login_required
@require_GET
def event_by_hand_ics(request: HtmxHttpRequest, meeting_id: int) -> HttpResponse:
    """The invitation with the guest's address of now."""
    meeting = _meeting(request, meeting_id)
    link = reverse("guest_meeting", args=[guest_links.token_of(meeting)])
    file = invitation(
        meeting, url=f"{settings.PUBLIC_URL}{link}", to_guest=True, guest=_address(meeting)
    )
    answer = HttpResponse(file, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="invitation.ics"'
    return answer
