"""Activities, Chats: conversations that a person may see, and the transcript of one."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, replace_url

from activities.chats.listing import ChatState
from activities.chats.rows import rows_of
from activities.chats.screen import messages_after
from activities.models import ChatMessage, Conversation
from activities.models.conversation import in_order
from contacts.finding import bounded_count, shown_count
from contacts.views.requests import HtmxHttpRequest, wants_part


@login_required
@require_safe
def chat_list(request: HtmxHttpRequest) -> HttpResponse:
    """Conversations, latest first; for htmx the results alone."""
    state = ChatState.from_query(request.GET, request.user)
    context = _list_context(request, state)
    if not wants_part(request):
        return render(request, "chat/list.html", context)
    response = render(request, "chat/_results_part.html", context)
    url = reverse("chat_list") + state.query
    return (
        replace_url(response, url) if request.htmx.trigger_name == "q" else push_url(response, url)
    )


@login_required
@require_safe
def chat_detail(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """The transcript, and what was learnt."""
    visible = Conversation.objects.visible_to(request.user).select_related("bot")
    found = None if "\x00" in public_id else visible.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    messages = messages_after(found, 0)
    context = {
        "conversation": found,
        "row": rows_of([found], request.user)[0],
        "messages_said": [(message, _meeting_url(message)) for message in messages],
        "link_words": "the meeting",
        "learnt": [a for a in in_order(found.answers).values() if a["text"]],
    }
    return render(request, "chat/detail.html", context)


def _meeting_url(message: ChatMessage) -> str:
    return reverse("meeting_detail", args=[message.meeting.public_id]) if message.meeting else ""


def _list_context(request: HtmxHttpRequest, state: ChatState) -> dict[str, Any]:
    """A constant number of queries, whatever is shown."""
    visible = Conversation.objects.visible_to(request.user)
    page, found, notice = state.page(visible)
    total = bounded_count(visible) if state.filtered else found.count
    return {
        "state": state,
        "rows": rows_of(page.rows, request.user),
        "notices": [text for text in (*state.notices, notice) if text],
        "total_shown": shown_count(total),
        "matching": found.count,
        "matching_shown": shown_count(found.count),
        "chips": state.chips(),
        "pops": state.choices.pops(state.chosen),
        "presets": state.presets(),
        "previous_query": state.but(before=page.previous) if page.previous else "",
        "next_query": state.but(after=page.next) if page.next else "",
    }
