"""The widget's protocol: three addresses that take and answer JSON, for the sites of a bot.

POST /chat/<bot>/start/   {"zone"}                             begins; answers with the token
POST /chat/<bot>/answer/  {"token","nonce","to","text","after"} one answer, to the message `to`
POST /chat/<bot>/resume/  {"token","after"}                     takes a conversation up again

No cookie has a part in it: the token alone opens a conversation, so there is nothing for another
site to abuse and nothing to protect by a form's token. Faults answer {"error", "field"}.
"""

import functools
import json
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from activities.chats.screen import as_json, messages_after
from activities.chats.services import NotAsked, Over, resume, start
from activities.chats.tokens import find_conversation
from activities.limits import TooMany
from activities.models import Chatbot, Conversation
from activities.views.chat_common import count_message, count_start, find_bot, take_answer
from contacts.identity import InvalidValue
from contacts.retrying import Busy

MAX_BODY = 16 * 1024  # bytes
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
GONE = "This conversation is over. Start a new one."
BUSY = "Others are booking at this moment. Your answer is kept: send it again."
MANY = "That was a lot in a short time. Your answer is kept: try again in a moment."
Body = dict[str, Any]
View = Callable[[HttpRequest, Chatbot, Body], HttpResponse]


class Fault(Exception):
    """An answer that says what is wrong, and with which value."""

    def __init__(self, status: int, text: str, field: str = "") -> None:
        super().__init__(text)
        self.status, self.text, self.field = status, text, field

    @property
    def response(self) -> JsonResponse:
        return JsonResponse({"error": self.text, "field": self.field}, status=self.status)


def widget_call(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """One call of the widget, from a site that its bot may stand on."""

    @csrf_exempt
    @require_http_methods(["POST", "OPTIONS"])
    @functools.wraps(view)
    def called(request: HttpRequest, slug: str) -> HttpResponse:
        bot = find_bot(slug)
        if bot is None:
            return Fault(404, "There is no such chatbot.").response
        origin = request.headers.get("Origin", "")
        if origin and origin not in {*bot.sites, _own(request)}:
            return Fault(403, "This chatbot does not answer on this site.").response
        if request.method == "OPTIONS":
            return _allow(HttpResponse(status=204), origin)
        return _allow(_answered(view, request, bot), origin)

    return called


def _answered(view: View, request: HttpRequest, bot: Chatbot) -> HttpResponse:
    try:
        return view(request, bot, _body(request))
    except Fault as fault:
        return fault.response
    except InvalidValue as fault:
        return Fault(422, str(fault), "text").response
    except Over:
        return Fault(410, GONE).response
    except TooMany as error:
        response = Fault(429, MANY).response
        response["Retry-After"] = str(error.retry_after)
        return response
    except Busy:
        return Fault(503, BUSY).response


@widget_call
def chat_start(request: HttpRequest, bot: Chatbot, body: Body) -> HttpResponse:
    zone = _text(body, "zone", most=100)
    if not bot.is_live:
        raise Fault(404, "There is no such chatbot.")
    count_start(request)
    started = start(bot=bot, zone=zone)
    return _told(started.conversation, after=0, status=201, token=started.token)


@widget_call
def chat_answer(request: HttpRequest, bot: Chatbot, body: Body) -> HttpResponse:
    conversation = _find(bot, body)
    nonce, text = _text(body, "nonce"), _text(body, "text", most=MAX_BODY)
    to, after = _number(body, "to"), _number(body, "after")
    if not _NONCE.fullmatch(nonce):
        raise Fault(400, "nonce: use 8 to 64 letters and digits, others for each answer", "nonce")
    try:
        conversation = take_answer(request, conversation, nonce=nonce, to=to, text=text)
    except NotAsked:  # in another window: show what was said there
        conversation.refresh_from_db()
        return _told(conversation, after=after, status=409)
    return _told(conversation, after=after)


@widget_call
def chat_resume(request: HttpRequest, bot: Chatbot, body: Body) -> HttpResponse:
    conversation = _find(bot, body)
    after = _number(body, "after")
    count_message(request, conversation)
    return _told(resume(conversation_id=conversation.pk), after=after)


def _told(
    conversation: Conversation, *, after: int, status: int = 200, **more: str
) -> HttpResponse:
    messages = messages_after(conversation, after)
    told = as_json(conversation, messages, timezone.now())
    return JsonResponse({**told, **more}, status=status)


def _find(bot: Chatbot, body: Body) -> Conversation:
    """One answer to tokens that are forged, of another bot, and of what is gone."""
    conversation = find_conversation(bot.slug, _text(body, "token"))
    if conversation is None:
        raise Fault(410, GONE)
    return conversation


def _body(request: HttpRequest) -> Body:
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not length.isdigit() or int(length) > MAX_BODY:
        raise Fault(413, f"Everything together may have {MAX_BODY // 1024} kB. Nothing was sent.", "text")  # fmt: skip
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Fault(400, "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise Fault(400, "The body is no JSON object.")
    return body


def _text(body: Body, name: str, *, most: int = 100) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        raise Fault(400, f"{name}: a text of at most {most} characters", name)
    return value


def _number(body: Body, name: str) -> int:
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise Fault(400, f"{name}: the number of a message", name)
    return value


def _own(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def _allow(response: HttpResponse, origin: str) -> HttpResponse:
    """Let the page that asked read the answer: that one alone, and without cookies."""
    patch_vary_headers(response, ["Origin"])
    if origin:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Methods"] = "POST"
        response["Access-Control-Allow-Headers"] = "content-type"
        response["Access-Control-Max-Age"] = "7200"
    return response
