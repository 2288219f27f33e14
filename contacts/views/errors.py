"""Pages for what went wrong: what happened, what is kept, what to do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import reswap, retarget, trigger_client_event


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    context = {"title": title, "text": text}
    if getattr(request, "htmx", None):
        return _part(request, status, context)
    return render(request, "errors/error.html", context, status=status)


def _part(request: HttpRequest, status: int, context: dict[str, str]) -> HttpResponse:
    """For htmx: a pane that says so, where one was to open; else a toast, so a form stays as it is."""
    if request.method == "GET" and status == 404:
        response = render(request, "errors/_pane.html", context, status=status)
        response = retarget(reswap(response, "outerHTML"), "#pane")
        return trigger_client_event(response, "contactsChanged")
    response = reswap(HttpResponse(status=status), "none")
    text = f"{context['title']}. {context['text']}"
    return trigger_client_event(response, "toast", {"text": text})


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = "The address or the form could not be read. Nothing was changed."
    return _page(request, 400, "That request does not make sense", text)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = "Your role does not include this. An administrator of your account can change that."
    return _page(request, 403, "You may not do this", text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = (
        "This form is older than your sign-in, or it came from somewhere else. Nothing was saved. "
        "Go back, reload the page and send the form again."
    )
    return _page(request, 403, "The form has expired", text)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = "It does not exist, it was deleted, or your account does not show it to you."
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
