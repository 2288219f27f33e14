"""Activities: the meetings a person may see, past and to come."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, replace_url

from activities.activity_pages import Tab, Words, list_context
from activities.listing import PAST, ActivityState
from activities.models import Meeting
from activities.rows import rows_of
from contacts.views.requests import HtmxHttpRequest, wants_part


@login_required
@require_safe
def activity_list(request: HtmxHttpRequest) -> HttpResponse:
    """Upcoming meetings, next first, or past ones, latest first; for htmx the results alone."""
    state = ActivityState.from_query(request.GET, request.user)
    visible = Meeting.objects.visible_to(request.user)
    context, meetings = list_context(
        state, visible, words_of(state), here="activity_list", export="activity_export"
    )
    context["rows"] = rows_of(meetings, request.user, "host")
    context["tabs"] = tabs(state)
    here = QueryDict(urlsplit(request.htmx.current_url or "").query)
    context["turned"] = (here.get("when") == PAST) != state.past  # "next 7 days" are "last 7 days"
    return answer(request, context, reverse("activity_list") + state.query)


def answer(request: HtmxHttpRequest, context: dict[str, Any], url: str) -> HttpResponse:
    """The whole page, or for htmx the list with what has changed around it."""
    if not wants_part(request):
        return render(request, "activities/page.html", context)
    response = render(request, "activities/_results_part.html", context)
    typing = request.htmx.trigger_name == "q"
    return replace_url(response, url) if typing else push_url(response, url)


def words_of(state: ActivityState) -> Words:
    past = "past" if state.past else "upcoming"
    return Words(
        title="Past · Activities" if state.past else "Activities",
        thing="meeting",
        things="meetings",
        listed=f"{past} meetings",
        search="Search guest or meeting",
        searched="subjects and references",
        results="activities/_results.html",
        file=f"activities-{past}",
    )


def tabs(state: ActivityState | None = None) -> list[Tab]:
    """The views of meetings. `state` is theirs, where they are on screen."""
    here = reverse("activity_list")
    if state is None:
        return [Tab("Upcoming", here, False), Tab("Past", f"{here}?when={PAST}", False)]
    return [
        Tab("Upcoming", here + state.but(past=False), not state.past, in_place=True),
        Tab("Past", here + state.but(past=True), state.past, in_place=True),
    ]
