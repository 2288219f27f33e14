"""A session that ends while a page is open: sign in over the page, and nothing typed is lost.

htmx follows a redirect unseen and would put the sign-in page where a part was to go. It gets 401 and a
dialog instead; static/app.js holds what was asked for and sends it again after signing in.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import reswap, retarget, trigger_client_event

DIALOG = "registration/_sign_in_again.html"
#: What is asked for while somebody types, unasked: no dialog comes up over their words for it. The
#: panel says that it could not check; Save asks to sign in.
BACKGROUND = "impact"


class SignedOutMiddleware:
    """Answers htmx requests of people who are not signed in, and their signing in by htmx.

    A step that follows the password (a second factor) is any page below the sign-in address; the
    dialog offers it in a new tab and asks again when the person comes back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        htmx = request.htmx  # type: ignore[attr-defined]
        if not (htmx or htmx.history_restore_request):
            return response
        target = urlsplit(response.get("Location", "")).path
        if request.path == reverse("login"):
            return _signing_in(request, response, target)
        if not target.startswith(reverse("login")):
            return response
        if htmx.target == BACKGROUND:
            return HttpResponse(status=400)
        elsewhere = "" if target == reverse("login") else response["Location"]
        return ask_to_sign_in(request, elsewhere=elsewhere, status=401)


def ask_to_sign_in(request: HttpRequest, *, elsewhere: str = "", status: int = 200) -> HttpResponse:
    """The dialog; `elsewhere` is the address of a step that needs a page of its own."""
    return sign_in_dialog(request, {"elsewhere": elsewhere}, status=status)


def sign_in_dialog(
    request: HttpRequest, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The dialog over the page; `context` may hold the form again, with the problem."""
    response = render(request, DIALOG, context, status=status)
    return reswap(retarget(response, "#sign-in"), "innerHTML")


def signed_in(request: HttpRequest, *, status: int = 204) -> HttpResponse:
    """Tell the open page who is signed in and the token that its forms need from now on."""
    told = {"user": str(request.user.pk), "token": get_token(request)}
    response = reswap(HttpResponse(status=status), "none")
    return trigger_client_event(response, "signedIn", told)


def _signing_in(request: HttpRequest, response: HttpResponseBase, target: str) -> HttpResponseBase:
    if target and not target.startswith(reverse("login")):
        answer = signed_in(request)
    elif request.method == "GET":
        answer = HttpResponse(status=204)  # still not: the dialog stays as it is
    elif target:
        answer = ask_to_sign_in(request, elsewhere=response.get("Location", reverse("login")))
    else:
        return response
    answer.cookies = response.cookies
    return answer
