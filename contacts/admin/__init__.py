"""Django's admin over every model: for looking, and for the few things that have no page yet.

Contacts are written through the services, so that history, identifiers and search follow. What
must never be written by hand can only be looked at.
"""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from contacts.access import may_administer
from contacts.admin import contacts, people, records  # noqa: F401  registers them


def only_administrators(request: HttpRequest) -> bool:
    """Its pages show everything, so they open by the role, not by what permissions somebody has."""
    user = request.user
    if user.is_authenticated and not (user.is_staff and may_administer(user)):
        raise PermissionDenied
    return user.is_authenticated


admin.site.has_permission = only_administrators  # type: ignore[method-assign]
# Its pages show recovery codes' digests; the other's table is empty.
admin.site.unregister([TOTPDevice, StaticDevice])
