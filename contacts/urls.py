"""Addresses of the contact pages; each URL name is the view's and the template's word."""

from django.urls import include, path
from django.views.generic import RedirectView

from contacts.views import delete, edit, list, merge, pane, people

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="contact_list")),
    path("login/", people.sign_in, name="login"),
    path("logout/", people.sign_out, name="logout"),
    path("theme/", people.theme, name="theme"),
    path("shortcuts/", people.shortcuts, name="shortcuts"),
    path("contacts/", list.contact_list, name="contact_list"),
    path("contacts/export/", list.contact_export, name="contact_export"),
    path("contacts/new/", edit.contact_new, name="contact_new"),
    path("contacts/new/merge/", merge.contact_new_merge, name="contact_new_merge"),
    path(
        "contacts/requests/<str:reference>/ask/", edit.ask_administrator, name="ask_administrator"
    ),
    path("contacts/<str:public_id>/", pane.contact_detail, name="contact_detail"),
    path("contacts/<str:public_id>/edit/", edit.contact_edit, name="contact_edit"),
    path("contacts/<str:public_id>/merge/", merge.contact_merge, name="contact_merge"),
    path("contacts/<str:public_id>/delete/", delete.contact_delete, name="contact_delete"),
    path(
        "contacts/<str:public_id>/history/<int:pk>/restore/",
        pane.field_restore,
        name="field_restore",
    ),
    path(
        "contacts/<str:public_id>/identifiers/<int:pk>/release/",
        pane.identifier_release,
        name="identifier_release",
    ),
    path("imports/", include("contacts.imports.urls")),
]
