"""What hangs on contacts, and the work done on them: to look at, but for two queues."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from contacts.admin.read_only import ReadOnlyAdmin
from contacts.conflicts import resolve
from contacts.models import (
    AuditEntry,
    AuditSeal,
    BulkAction,
    BulkRow,
    ConflictRequest,
    ContactList,
    DuplicateSearch,
    ExportFile,
    FieldChange,
    Heartbeat,
    HiddenHit,
    Identifier,
    Import,
    ImportRow,
    MatchKey,
    Merge,
    MovedRow,
    PossibleDuplicate,
    Property,
    PropertyKey,
    PublicId,
    Source,
    Suggestion,
)
from contacts.signals import Actor


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


for _model, _columns in (
    (AuditSeal, ["entry", "position", "digest"]),
    (HiddenHit, ["user", "at", "confirmed"]),
    (MatchKey, ["contact", "kind", "key"]),
    (DuplicateSearch, ["through_time", "complete_at", "started_at"]),
    (PropertyKey, ["contact", "property", "sorts", "key"]),
):
    admin.site.register(_model, ReadOnlyAdmin, list_display=_columns, list_select_related=True)
