"""Django's admin over every model: for looking, and for the few things that have no page yet.

Contacts are written through the services, so that history, identifiers and search follow. What
must never be written by hand can only be looked at.
"""

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from import_export.admin import ImportExportMixin
from import_export.forms import ExportForm

from contacts.access import may_administer, may_import
from contacts.admin_imports import ContactResource
from contacts.cleaning import clean
from contacts.conflicts import resolve
from contacts.deleting import delete_contact
from contacts.fields import FIELDS, Field, Kind, as_text, current_value
from contacts.identity import InvalidValue
from contacts.models import (
    Account,
    ApiCount,
    ApiKey,
    AuditEntry,
    AuditSeal,
    AuthenticatorApp,
    BulkAction,
    BulkRow,
    ConflictRequest,
    Contact,
    ContactList,
    DuplicateSearch,
    ExportFile,
    FieldChange,
    FirstAnswer,
    Heartbeat,
    HiddenHit,
    Identifier,
    Import,
    ImportRow,
    MatchKey,
    Merge,
    MovedRow,
    OutgoingMail,
    PossibleDuplicate,
    Property,
    PropertyKey,
    PublicId,
    SignInCounter,
    Source,
    Suggestion,
    Team,
    User,
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


def only_administrators(request: HttpRequest) -> bool:
    """Its pages show everything, so they open by the role, not by what permissions somebody has."""
    user = request.user
    if user.is_authenticated and not (user.is_staff and may_administer(user)):
        raise PermissionDenied
    return user.is_authenticated


admin.site.has_permission = only_administrators  # type: ignore[method-assign]


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


class ReadOnlyAdmin(admin.ModelAdmin):
    """Looking only: writing these by hand would break what the product promises."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Identifier)
class IdentifierAdmin(ReadOnlyAdmin):
    list_display = ["value", "kind", "current", "since"]
    list_filter = ["kind", "current"]
    search_fields = ["key"]


@admin.register(PublicId)
class PublicIdAdmin(ReadOnlyAdmin):
    list_display = ["value", "state", "merged_into", "changed_at"]
    list_filter = ["state"]
    search_fields = ["value"]


@admin.register(FieldChange)
class FieldChangeAdmin(ReadOnlyAdmin):
    list_display = ["at", "contact", "field", "old", "new", "source", "actor", "detail"]
    list_filter = ["source", "field"]
    list_select_related = ["contact", "actor"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor", "source", "action", "object_id"]
    list_filter = ["action", "source"]
    search_fields = ["object_id"]


@admin.register(Property)
class PropertyAdmin(ReadOnlyAdmin):
    list_display = ["label", "name", "kind", "position", "archived_at"]
    list_filter = ["kind"]


for _model, _columns in (
    (AuditSeal, ["entry", "position", "digest"]),
    (HiddenHit, ["user", "at", "confirmed"]),
    (MatchKey, ["contact", "kind", "key"]),
    (DuplicateSearch, ["through_time", "complete_at", "started_at"]),
    (PropertyKey, ["contact", "property", "sorts", "key"]),
):
    admin.site.register(_model, ReadOnlyAdmin, list_display=_columns, list_select_related=True)


@admin.register(ContactList)
class ContactListAdmin(ReadOnlyAdmin):
    """The shared ones: a private list is its owner's alone."""

    list_display = ["name", "owner", "query", "updated_at"]
    list_select_related = ["owner"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContactList]:
        return ContactList.objects.open_to(request.user)  # type: ignore[arg-type]


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    list_display = ["id", "survivor", "at", "actor", "undone_at"]


@admin.register(MovedRow)
class MovedRowAdmin(ReadOnlyAdmin):
    list_display = ["merge", "model", "row", "field", "moved_from"]
    list_filter = ["model"]


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    list_display = ["filename", "state", "rows", "new", "updated", "invalid", "created_by"]
    list_filter = ["state", "source"]


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    list_display = ["batch", "number", "outcome", "contact"]
    list_filter = ["outcome"]
    list_select_related = ["batch", "contact"]


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "state", "total", "done", "refused", "started_by", "started_at"]
    list_filter = ["kind", "state"]


@admin.register(BulkRow)
class BulkRowAdmin(ReadOnlyAdmin):
    list_display = ["action", "public_id", "outcome"]
    list_select_related = ["action"]
    search_fields = ["public_id"]


@admin.register(ExportFile)
class ExportFileAdmin(ReadOnlyAdmin):
    list_display = ["filename", "state", "total", "size", "created_by", "created_at"]
    list_filter = ["state", "format"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "at"]


@admin.register(ConflictRequest)
class ConflictRequestAdmin(ReadOnlyAdmin):
    """The queue of Ask administrator."""

    list_display = ["reference", "state", "requested_by", "asked_at", "created_at"]
    list_filter = ["state", ("asked_at", admin.EmptyFieldListFilter)]
    search_fields = ["reference"]
    actions = ["mark_resolved"]

    @admin.action(description="Mark as resolved", permissions=["view"])
    def mark_resolved(self, request: HttpRequest, queryset: QuerySet[ConflictRequest]) -> None:
        actor = Actor(request.user, Source.ADMIN)  # type: ignore[arg-type]
        done = sum(resolve(request=one, note="", actor=actor) for one in queryset)
        self.message_user(request, f"{done} resolved.")


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnlyAdmin):
    list_display = ["contact", "field", "source", "state", "at", "decided_by"]
    list_filter = ["state", "source"]
    list_select_related = ["contact", "decided_by"]


@admin.register(PossibleDuplicate)
class PossibleDuplicateAdmin(admin.ModelAdmin):
    list_display = ["first", "second", "reason", "found_at", "dismissed_at"]
    raw_id_fields = ["first", "second"]


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Changed under Settings, where it is checked and audited."""

    list_display = ["name", "default_region", "time_zone", "members_may_delete"]


@admin.register(Team)
class TeamAdmin(ReadOnlyAdmin):
    """Changed under Settings, as above."""

    filter_horizontal = ["members", "managers"]


@admin.register(User)
class KithUserAdmin(ReadOnlyAdmin):
    """Changed under Settings: there nobody raises themselves, and an Account Owner remains."""

    list_display = ["email", "first_name", "last_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "groups"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    fields = [
        "email", "first_name", "last_name", "groups", "is_active", "is_staff", "is_superuser",
        "last_login", "date_joined", "invited_at", "second_factor_since", "time_zone", "theme",
    ]  # fmt: skip


@admin.register(SignInCounter)
class SignInCounterAdmin(ReadOnlyAdmin):
    list_display = ["kind", "scope", "tries", "last_at", "wait_until"]
    list_filter = ["kind", "scope"]


@admin.register(AuthenticatorApp)
class AuthenticatorAppAdmin(ReadOnlyAdmin):
    """Without the secret; a lost second factor is reset under Settings, People."""

    list_display = ["user", "confirmed"]
    list_select_related = ["user"]
    fields = ["user", "confirmed"]


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    list_display = ["kind", "user", "state", "attempts", "created_at", "sent_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["user"]


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Made and revoked under Settings; without the digest."""

    list_display = ["public_id", "name", "created_by", "created_at", "last_used_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["created_by"]
    fields = [
        "public_id",
        "name",
        "ending",
        "created_by",
        "created_at",
        "last_used_at",
        "revoked_at",
    ]


@admin.register(ApiCount)
class ApiCountAdmin(ReadOnlyAdmin):
    list_display = ["asker", "window", "count"]


@admin.register(FirstAnswer)
class FirstAnswerAdmin(ReadOnlyAdmin):
    """Without what was answered."""

    list_display = ["key", "status", "about", "created_at"]
    list_select_related = ["key"]
    fields = ["key", "status", "about", "created_at"]


# Its pages show recovery codes' digests; the other's table is empty.
admin.site.unregister([TOTPDevice, StaticDevice])
