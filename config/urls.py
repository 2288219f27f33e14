from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("contacts.urls")),
]

handler400 = "contacts.views.errors.bad_request"
handler403 = "contacts.views.errors.permission_denied"
handler404 = "contacts.views.errors.page_not_found"
handler500 = "contacts.views.errors.server_error"
