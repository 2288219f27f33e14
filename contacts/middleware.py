"""What every page has in common: its headers, and times in the zone of who is looking."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from contacts.models import Account

GetResponse = Callable[[HttpRequest], HttpResponse]


class PrivatePagesMiddleware:
    """Contact data is stored by no cache, and fragments are never taken for pages.

    Days begin and times are shown in the person's time zone, else in the account's.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(_viewers_zone(request)):
            response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store, private"
        return response


def _viewers_zone(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """None, the server's zone, for who is not signed in and for a zone that does not exist."""
    if not request.user.is_authenticated:
        return None
    account = Account.load()
    request.account = account  # type: ignore[attr-defined]  # for the context processor
    try:
        return zoneinfo.ZoneInfo(request.user.time_zone or account.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
