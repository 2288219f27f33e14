"""What comes after a right password, or after a link: the second factor, or being signed in."""

import logging
import time
from dataclasses import dataclass

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_otp import login as remember_device
from django_otp.models import Device

from contacts.models import User

logger = logging.getLogger(__name__)
BACKEND = "django.contrib.auth.backends.ModelBackend"
_PENDING = "pending_sign_in"
_LASTS = 10 * 60  # seconds


@dataclass(frozen=True)
class Pending:
    """Whoever gave the right password and has not given the code yet. Not signed in."""

    user: User
    target: str


def own_path(target: str, *, otherwise: str = "contact_list") -> str:
    """`target` when it is a path of this site, else the address of the page named `otherwise`."""
    inside = target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if inside else reverse(otherwise)


def enter(request: HttpRequest, user: User, target: str = "") -> HttpResponse:
    """Sign the user in, or ask for the code first: until it came, nobody is signed in."""
    if not user.second_factor_since:
        return signed_in(request, user, target)
    if request.user.is_authenticated:
        logout(request)  # somebody else's session, in this browser
    request.session.cycle_key()
    request.session[_PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "target": target,
        "at": int(time.time()),
    }
    return HttpResponseRedirect(reverse("sign_in_code"))


def signed_in(
    request: HttpRequest, user: User, target: str = "", *, device: Device | None = None
) -> HttpResponse:
    """Begin the session and go where the user wanted to be."""
    request.session.pop(_PENDING, None)
    login(request, user, backend=BACKEND)
    remember_device(request, device)
    logger.info("user %s signed in", user.pk)
    return HttpResponseRedirect(own_path(target))


def pending(request: HttpRequest) -> Pending | None:
    """Who waits for the second step in this browser: for ten minutes, and not after the password
    or the second factor was changed."""
    waiting = request.session.get(_PENDING)
    if not waiting or time.time() - waiting["at"] > _LASTS:
        return None
    user = User.objects.filter(pk=waiting["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != waiting["hash"]:
        return None
    return Pending(user, waiting["target"])


def give_up(request: HttpRequest) -> None:
    """Begin again with the password."""
    request.session.pop(_PENDING, None)
