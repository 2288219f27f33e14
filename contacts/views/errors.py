"""Pages for what went wrong: what happened, what is kept, what to do."""

from collections.abc import Callable
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import reswap, retarget, trigger_client_event

from contacts.bulk_actions.selecting import MAX_SELECTED
from contacts.retrying import Busy
from contacts.signed_out import ask_to_sign_in, signed_in
from contacts.views.requests import HtmxHttpRequest, beside_list, list_query

TOO_MUCH = (
    f"Nothing was changed. At most {MAX_SELECTED:,} contacts can be selected one by one: to act on "
    "more, narrow the list with search and filters and use all that match."
)

TOO_MUCH_TYPED = (
    "Nothing was saved. Go back: what you typed is still there. Shorten it and send it again."
)


def _is_signed_in(request: HttpRequest) -> bool:
    """Guests of the public pages know of no contacts; a failed middleware leaves nobody."""
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    context = {"title": title, "text": text, "signed_in": _is_signed_in(request)}
    if getattr(request, "htmx", None):
        return _part(cast(HtmxHttpRequest, request), status, context)
    return render(request, "errors/error.html", context, status=status)


def _part(request: HtmxHttpRequest, status: int, context: dict[str, Any]) -> HttpResponse:
    """For htmx: a pane that says so, where one was to open; else a toast, so a form stays as it is."""
    if request.method == "GET" and status == 404:
        pane = {**context, "list_query": list_query(request), "beside_list": beside_list(request)}
        response = render(request, "errors/_pane.html", pane, status=status)
        response = retarget(reswap(response, "outerHTML"), "#pane")
        return trigger_client_event(response, "contactsChanged")
    response = reswap(HttpResponse(status=status), "none")
    text = f"{context['title']}. {context['text']}"
    return trigger_client_event(response, "toast", {"text": text, "alert": True})


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, TooManyFieldsSent | RequestDataTooBig):
        text = TOO_MUCH if _is_signed_in(request) else TOO_MUCH_TYPED
        return _page(request, 400, "That is too much for one form", text)
    text = "The address or the form could not be read. Nothing was changed."
    return _page(request, 400, "That request does not make sense", text)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = "Your role does not include this. An administrator of your account can change that."
    return _page(request, 403, "You may not do this", text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Whoever signed in again in another tab holds an old token: an open page gets the new one."""
    if getattr(request, "htmx", None) and reason.startswith("CSRF token from"):
        if request.user.is_authenticated:
            return signed_in(request, status=401)
        return ask_to_sign_in(request, status=401)
    text = (
        "This form is older than your sign-in, or it came from somewhere else. Nothing was saved. "
        "Go back, reload the page and send the form again."
    )
    return _page(request, 403, "The form has expired", text)


class BusyMiddleware:
    """A service that lost against others again and again, where its view has no answer of its own:
    an answer like any other, not a fault of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Busy):
            return None
        text = "Others are changing the same things right now. Try again in a moment."
        return _page(request, 409, "Nothing was saved", text)


class UnreadableAddressMiddleware:
    """An address with a NUL in it is nobody's: PostgreSQL refuses to look for such an id, where the
    view has no answer of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DataError) and "\x00" in request.path_info:
            return page_not_found(request, exception)
        return None


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = "It does not exist, it was deleted, or your account does not show it to you."
    if not _is_signed_in(request):
        text = "The address may be incomplete, or what was here is gone."
    return _page(request, 404, "There is nothing here", text)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the database and without the context of the other pages."""
    from django.template.loader import render_to_string

    html = render_to_string(
        "errors/error.html",
        {
            "title": "Something failed on our side",
            "text": "Nothing was saved. What failed has been logged. Try again in a moment.",
        },
    )
    return HttpResponse(html, status=500)
