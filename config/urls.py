"""Addresses: the contact pages at the root, Django's admin, and two for whoever watches."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path

from contacts.views import health

admin.site.site_header = admin.site.site_title = "Kith administration"
# One way to sign in: the admin sends people to /login/ like every other page.
admin.site.login = login_required(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("", include("contacts.urls")),
]

handler400 = "contacts.views.errors.bad_request"
handler403 = "contacts.views.errors.permission_denied"
handler404 = "contacts.views.errors.page_not_found"
handler500 = "contacts.views.errors.server_error"
