"""A bot's own page: the conversation as a form, for visitors without script and for tests.

The address of a conversation has its token in it, as a guest's link to a meeting has.
"""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from activities.chats.flow import MEETING
from activities.chats.screen import asks_of, link_of, messages_after
from activities.chats.services import NotAsked, Over, resume, start
from activities.chats.tokens import find_conversation
from activities.ics import zone_named
from activities.limits import TooMany
from activities.models import Chatbot, Conversation
from activities.models.ids import new_nonce
from activities.views.chat_common import count_start, find_bot, take_answer
from activities.views.public import guest_page, nothing_here, render_guest, zone_context
from contacts.identity import InvalidValue
from contacts.models import Account
from contacts.retrying import Busy

MANY = "That was a lot in a short time. What you typed is kept: try again in a moment."
BUSY = "Others are booking at this moment. What you typed is kept: send it again."
ELSEWHERE = "The conversation went on in another window. This is where it stands."


@guest_page
@require_http_methods(["GET", "POST"])
def chat_page(request: HttpRequest, slug: str) -> HttpResponse:
    """GET tells who answers; POST begins a conversation. Looking at the page begins none."""
    bot = find_bot(slug)
    if bot is None or not bot.is_live:
        return nothing_here(request)
    if request.method == "GET":
        return _welcome(request, bot)
    try:
        count_start(request)
        started = start(bot=bot, zone=request.POST.get("tz", ""))
    except TooMany as error:
        response = _welcome(request, bot, notice=MANY, status=429)
        response["Retry-After"] = str(error.retry_after)
        return response
    return HttpResponseRedirect(reverse("chat_talk", args=[slug, started.token]))


@guest_page
@require_http_methods(["GET", "POST"])
def chat_talk(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """What was said, and the form of the present question; POST answers it."""
    conversation = find_conversation(slug, token)
    if conversation is None:
        return nothing_here(request)
    if request.method == "GET":
        return _talk(request, conversation, token)
    typed, to = request.POST.get("text", "").replace("\x00", ""), request.POST.get("to", "")
    nonce = request.POST.get("nonce", "")[:64] or new_nonce()
    shown: dict[str, Any] = {"typed": typed, "nonce": nonce}
    try:
        number = int(to) if to.isdigit() and len(to) < 9 else 0
        take_answer(request, conversation, nonce=nonce, to=number, text=typed)
    except InvalidValue as fault:
        return _talk(request, conversation, token, status=422, error=str(fault), **shown)
    except NotAsked:
        return _talk(request, conversation, token, status=409, notice=ELSEWHERE, typed=typed)
    except TooMany as error:
        response = _talk(request, conversation, token, status=429, notice=MANY, **shown)
        response["Retry-After"] = str(error.retry_after)
        return response
    except Busy:
        return _talk(request, conversation, token, status=503, notice=BUSY, **shown)
    except Over:
        return _talk(request, conversation, token, status=410)
    return HttpResponseRedirect(f"{reverse('chat_talk', args=[slug, token])}#answer")


@require_safe
def demo_site(request: HttpRequest) -> HttpResponse:
    """A plain site of somebody else with the widget on it; in the demo only."""
    bot = Chatbot.objects.open().exclude(live=None).order_by("pk").first()
    if settings.KITH_MODE not in {"demo", "test"} or bot is None:
        raise Http404
    return render(request, "chat/demo_site.html", {"bot": bot})


def _welcome(
    request: HttpRequest, bot: Chatbot, *, notice: str = "", status: int = 200
) -> HttpResponse:
    books = any(step.kind == MEETING for step in bot.live.flow.steps) if bot.live else False
    zone = zone_context(zone_named(Account.load().time_zone)) if books else {}
    context = {"bot": bot, "notice": notice, "books": books, **zone}
    return render_guest(request, "chat/welcome.html", context, status=status)


def _talk(
    request: HttpRequest, conversation: Conversation, token: str, *, status: int = 200, **shown: Any
) -> HttpResponse:
    """The page of a conversation; one that is too old shows nothing of it any more."""
    now = timezone.now()
    try:
        conversation = resume(conversation_id=conversation.pk)
    except Over:
        context = {"bot": conversation.bot, "is_test": conversation.is_test}
        return render_guest(request, "chat/over.html", context, status=410)
    messages = messages_after(conversation, 0)
    context = {
        "bot": conversation.bot,
        "conversation": conversation,
        "token": token,
        "messages_said": [(message, link_of(message)) for message in messages],
        "asks": asks_of(conversation, now),
        "nonce": new_nonce(),
        **shown,
    }
    return render_guest(request, "chat/talk.html", context, status=status)
