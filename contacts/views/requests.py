"""What a request behind the sign-in carries, and what it asks for."""

from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from contacts.listing import ListState
from contacts.models import User


class HtmxHttpRequest(HttpRequest):
    """A request behind the sign-in."""

    htmx: HtmxDetails
    user: User


def wants_part(request: HtmxHttpRequest) -> bool:
    """A fragment is enough: an htmx request that is neither boosted nor restores history."""
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def beside_list(request: HtmxHttpRequest) -> bool:
    """Whether All Contacts is on screen, so that its pane can be closed without a new page."""
    here = request.htmx.current_url_abs_path or ""
    return not wants_part(request) or here.startswith(reverse("contact_list"))


def list_on_screen(request: HtmxHttpRequest) -> str:
    """The list's state as the page's address has it: it may have changed beside an open pane."""
    here = urlsplit(request.htmx.current_url_abs_path or request.get_full_path())
    return ListState.from_query(QueryDict(here.query), viewer=request.user).query


def list_query(request: HtmxHttpRequest) -> str:
    """The list's own state in the URL, to carry along into the pane and back: "?q=ann" or ""."""
    return ListState.from_request(request).query
