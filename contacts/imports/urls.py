"""Addresses of the import pages."""

from django.urls import path

from contacts.views import import_undo, imports

urlpatterns = [
    path("", imports.import_list, name="import_list"),
    path("new/", imports.import_upload, name="import_upload"),
    path("template.csv", imports.import_template, name="import_template"),
    path("<int:pk>/map/", imports.import_map, name="import_map"),
    path("<int:pk>/preview/", imports.import_preview, name="import_preview"),
    path("<int:pk>/run/", imports.import_run, name="import_run"),
    path("<int:pk>/progress/", imports.import_progress, name="import_progress"),
    path("<int:pk>/cancel/", imports.import_cancel, name="import_cancel"),
    path("<int:pk>/undo/", import_undo.import_undo, name="import_undo"),
    path("<int:pk>/result/", imports.import_result, name="import_result"),
    path("<int:pk>/report.csv", imports.import_report, name="import_report"),
    path("<int:pk>/rejected.csv", imports.import_rejected, name="import_rejected"),
]
