"""What every page has in common: its headers, times in the zone of who is looking, and that nobody
gets past the second factor."""

import zoneinfo
from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_otp import DEVICE_ID_SESSION_KEY

from contacts.models import Account
from contacts.zones import zone_of

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


class SecondFactorMiddleware:
    """A session that began without the second factor of its user is over. Who must have one and has
    none sets it up before anything else, Django's admin included.

    A session that has a device has the user's present one: a change of it ends every other session.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            if user.second_factor_since:
                if DEVICE_ID_SESSION_KEY not in request.session:
                    logout(request)
            elif self._must_set_up(request):
                url = reverse("second_factor")
                if getattr(request, "htmx", False):
                    return HttpResponseClientRedirect(url)  # else the page would land in a part
                return HttpResponseRedirect(url)
        return self.get_response(request)

    @staticmethod
    def _must_set_up(request: HttpRequest) -> bool:
        account: Account = request.account  # type: ignore[attr-defined]
        if not account.require_second_factor or not request.user.role.administers:  # type: ignore[union-attr]
            return False
        allowed = {reverse("second_factor"), reverse("logout"), reverse("theme")}
        return request.path not in allowed


def _viewers_zone(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """None, the server's zone, for who is not signed in."""
    if not request.user.is_authenticated:
        return None
    account = Account.load()
    request.account = account  # type: ignore[attr-defined]  # for the context processor
    return zone_of(request.user, account)
