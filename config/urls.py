"""Addresses: the contact pages at the root, Django's admin, and two for whoever watches."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config import api_docs
from config.api import api
from contacts.views import health
from contacts.views.people.sign_in import admin_sign_in

admin.site.site_header = admin.site.site_title = "Kith administration"
# One way to sign in and one to change a password: the admin sends people to Kith's own pages.
admin.site.login = admin_sign_in  # type: ignore[assignment]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/", admin.site.urls),
    path("v2/openapi.json", api_docs.openapi_json, name="openapi_json"),
    path("v2/docs", api_docs.docs, name="api_docs"),
    path("v2/", api.urls),
    path("", include("contacts.urls")),
    path("", include("activities.urls")),
    path("", include("integrations.urls")),
]

handler400 = "contacts.views.errors.bad_request"
handler403 = "contacts.views.errors.permission_denied"
handler404 = "contacts.views.errors.page_not_found"
handler500 = "contacts.views.errors.server_error"
