"""Export of what the Chats view shows: choose a format, then a download."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from activities.chats.exports import COLUMNS, rows_of
from activities.chats.listing import ChatState
from activities.models import Conversation
from activities.views.exports import NO_FORMAT
from contacts import history
from contacts.exporting.rows import csv_lines, streamed
from contacts.exporting.workbooks import MAX_ROWS, xlsx_parts
from contacts.signals import Actor
from contacts.views.exports import FORMATS, TYPES
from contacts.views.requests import HtmxHttpRequest
from contacts.views.shell import render_dialog

TOO_MANY = "A workbook holds at most {most:,} conversations, these are {count:,}. Choose CSV."


@login_required
@require_http_methods(["GET", "POST"])
def chat_export(request: HtmxHttpRequest) -> HttpResponseBase:
    """GET asks how; POST streams the file. With a filter that could not be understood there is
    none: it would hold more than was asked for."""
    state = ChatState.from_query(request.GET, request.user)
    chats = state.apply(Conversation.objects.visible_to(request.user))
    count = chats.count()
    if request.method == "GET" or state.notices:
        return _ask(request, state, count)
    kind = request.POST.get("format", "")
    if kind not in TYPES:
        return _ask(request, state, count, problem=NO_FORMAT)
    if kind == "xlsx" and count > MAX_ROWS:
        return _ask(request, state, count, problem=TOO_MANY.format(most=MAX_ROWS, count=count))
    history.audit(Actor(request.user), "chats.exported", count=count, format=kind)
    rows = rows_of(chats.order_by("-started_at", "-pk"), request.user)
    what = "filtered" if state.filtered else "all"
    name = f"chats-{what}-{timezone.localdate():%Y-%m-%d}.{kind}"
    if kind == "xlsx":
        return streamed(xlsx_parts(COLUMNS, rows, sheet_name="Chats"), TYPES[kind], name)
    lines = csv_lines([column.header for column in COLUMNS], rows)
    return streamed((line.encode() for line in lines), TYPES[kind], name)


def _ask(
    request: HtmxHttpRequest, state: ChatState, count: int, *, problem: str = ""
) -> HttpResponse:
    context: dict[str, Any] = {
        "dialog_title": f"Export {count:,} conversation{'' if count == 1 else 's'}",
        "state": state,
        "count": count,
        "problem": problem,
        "notices": state.notices,
        "formats": [FORMATS[0][:2], FORMATS[1][:2]],
        "chosen_format": request.POST.get("format", "csv"),
    }
    refused = problem or (state.notices and request.method == "POST")
    return render_dialog(request, "chat/_export.html", context, status=422 if refused else 200)
