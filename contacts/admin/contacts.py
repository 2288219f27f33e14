"""Contacts in Django's admin: written through the services, imported through the import's engine."""

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from import_export.admin import ImportExportMixin
from import_export.forms import ExportForm

from contacts.access import may_import
from contacts.admin.imports import ContactResource
from contacts.cleaning import clean
from contacts.deleting import delete_contact
from contacts.fields import FIELDS, Field, Kind, as_text, current_value
from contacts.identity import InvalidValue
from contacts.models import (
    Account,
    Contact,
    Source,
)
from contacts.retrying import Busy, Stale
from contacts.services import (
    ContactGone,
    EditConflict,
    IdentifierTaken,
    create_contact,
    holders_of,
    identifier_key,
    update_contact,
    with_edits,
)
from contacts.signals import Actor


class ContactForm(forms.ModelForm):
    """The same cleaning as on the pages; what needs a prompt there, an identifier of another
    contact or a field that somebody else changed meanwhile, is refused here."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Contact
        fields = [field.name for field in FIELDS]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].required = self.instance.pk is not None
        self.initial["seen_version"] = self.instance.version

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        region = Account.load().default_region
        for field in FIELDS:
            if field.name in cleaned and field.kind not in {Kind.OWNER, Kind.YES_NO}:
                self._clean_one(field, cleaned, region)
        if not self.errors:
            self._refuse_taken(cleaned)
            self._refuse_stale(cleaned)
        return cleaned

    def _clean_one(self, field: Field, cleaned: dict[str, Any], region: str) -> None:
        try:
            cleaned[field.name] = clean(field, as_text(cleaned[field.name]), region=region)
        except InvalidValue as fault:
            self.add_error(field.name, str(fault))

    def _refuse_taken(self, cleaned: dict[str, Any]) -> None:
        values = {kind: cleaned.get(kind) for kind in ("email", "mobile_phone")}
        keys = {kind: identifier_key(kind, value) for kind, value in values.items() if value}
        for kind in holders_of(keys, besides=self.instance.pk):
            self.add_error(kind, "It belongs to another contact. Use All Contacts to merge them.")

    def _refuse_stale(self, cleaned: dict[str, Any]) -> None:
        saved = Contact.objects.filter(pk=self.instance.pk).first()
        if saved is None:
            return  # a new one; or gone, which saving finds out
        values = {field.name: cleaned[field.name] for field in FIELDS if field.name in cleaned}
        values["owner"] = cleaned["owner"].pk
        try:
            with_edits(saved, values, cleaned["seen_version"])
        except EditConflict as conflict:
            for field in conflict.fields:
                self.add_error(
                    field.field,
                    f"It was changed to “{as_text(field.theirs)}” since this page was opened. "
                    "Open the contact again to change it.",
                )


@admin.register(Contact)
class ContactAdmin(ImportExportMixin, admin.ModelAdmin):
    """Import and export run on the same engine as Import CSV."""

    form = ContactForm
    resource_classes = [ContactResource]
    export_form_class = ExportForm  # every column, as on the page
    skip_admin_log = True  # the contact's own history says more
    list_display = ["display_name", "email", "mobile_phone", "company", "status", "owner"]
    list_filter = ["status", "owner"]
    list_select_related = ["owner"]
    search_fields = ["search_text"]
    raw_id_fields = ["owner"]
    ordering = ["sort_name", "pk"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        return Contact.objects.visible_to(request.user)  # type: ignore[arg-type]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        """The search of the pages, through its index."""
        region = request.account.default_region  # type: ignore[attr-defined]
        return queryset.search(search_term, region=region), False  # type: ignore[attr-defined]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return may_import(request.user)  # type: ignore[arg-type]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of one contact. What happened between the form's check and the write is told."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (IdentifierTaken, EditConflict, ContactGone, Stale, Busy):
            told = "Not saved: it was changed by somebody else at this moment. Check it and save again."
            self.message_user(request, told, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Contact, form: ModelForm, change: bool) -> None:
        actor = Actor(request.user, Source.ADMIN)  # type: ignore[arg-type]
        values = {f.name: current_value(obj, f) for f in FIELDS}
        if change:
            seen = form.cleaned_data["seen_version"]
            update_contact(contact_id=obj.pk, actor=actor, values=values, base_version=seen)
        else:
            obj.pk = create_contact(actor=actor, values=values).pk

    def delete_model(self, request: HttpRequest, obj: Contact) -> None:
        actor = Actor(request.user, Source.ADMIN)  # type: ignore[arg-type]
        with suppress(ContactGone):
            delete_contact(contact_id=obj.pk, actor=actor)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> None:
        for contact in queryset:
            self.delete_model(request, contact)

    def log_addition(self, request: HttpRequest, obj: Contact, message: Any) -> None:  # type: ignore[override]
        """Nothing: the admin's log would keep a name after the contact was deleted."""

    def log_change(self, request: HttpRequest, obj: Contact, message: Any) -> None:  # type: ignore[override]
        """Nothing, as above: the contact's own history says more."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Contact]) -> None:  # type: ignore[override]
        """Nothing, as above: the audit log has the id."""

    def history_view(self, request: HttpRequest, object_id: str, *args: Any) -> HttpResponse:
        """The history that is kept, on the contact's own page."""
        contact = self.get_object(request, object_id)
        if contact is None:
            raise Http404
        return redirect("contact_detail", contact.public_id)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The services remove what belongs to a contact; the read-only admins must not veto it."""
        names = [str(obj) for obj in objs]
        return names, {"contacts": len(names)}, set(), []
