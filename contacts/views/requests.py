"""What a request behind the sign-in carries, and what it asks for."""

from django.http import HttpRequest
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


def list_query(request: HtmxHttpRequest) -> str:
    """The list's own state in the URL, to carry along into the pane and back: "?q=ann" or ""."""
    return ListState.from_request(request).query
