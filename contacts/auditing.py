"""The audit as people read it: in words, filtered, page by page or as a file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils import timezone

from contacts.audit_words import words_of
from contacts.filters.terms import FIRST_DAY, LAST_DAY
from contacts.history import KEY
from contacts.listing import BAD_PAGE_LINK
from contacts.models import ApiKey, AuditEntry, Source, User
from contacts.paging import ColumnOrder, Page, page_at
from contacts.public_ids import ends_of

ROWS = 50
BATCH = 1000
NOBODY = "none"  # in the URL: what no person did
CSV_HEADER = ["When", "Who", "Email", "What", "Action", "ID", "Source", "Detail"]
NOT_SIGNED_IN = "Somebody not signed in"


@dataclass(frozen=True)
class Line:
    """One entry. `kind` says what the id is, so that a page can link it."""

    entry: AuditEntry
    who: str
    what: str
    kind: str  # "contact", "deleted", "request", "import", "person" or ""
    leads_to: str  # the id of the contact that stands for it today, where that is another one
    name: str  # of the person it is about
    detail: str


@dataclass(frozen=True)
class AuditState:
    """Filters and page of one request, cleaned."""

    actor: str = ""  # a user's number, or "none"
    action: str = ""
    start: date | None = None
    end: date | None = None
    object_id: str = ""
    after: str = ""
    before: str = ""
    notices: tuple[str, ...] = ()

    @classmethod
    def from_query(cls, query: QueryDict) -> "AuditState":
        """Read the URL; what cannot be understood is left out and named in `notices`."""
        notices: list[str] = []
        actor = query.get("who", "")
        if actor and actor != NOBODY and not (actor.isascii() and actor.isdigit()):
            notices.append(f"There is no person “{actor[:40]}”. That filter was left out.")
            actor = ""
        return cls(
            actor=actor[:9],
            action=_clean(query.get("what", "")),
            start=_date(query.get("from", ""), notices),
            end=_date(query.get("to", ""), notices),
            object_id=_clean(query.get("id", "")),
            after=query.get("after", ""),
            before=query.get("before", ""),
            notices=tuple(notices),
        )

    @property
    def query(self) -> str:
        """The state as it stands behind the path, or ""."""
        params = QueryDict(mutable=True)
        for name, value in (
            ("who", self.actor),
            ("what", self.action),
            ("from", self.start.isoformat() if self.start else ""),
            ("to", self.end.isoformat() if self.end else ""),
            ("id", self.object_id),
            ("after", self.after),
            ("before", self.before),
        ):
            if value:
                params[name] = value
        return f"?{params.urlencode()}" if params else ""

    def but(self, *, after: str = "", before: str = "") -> str:
        """The query string of this state on another page; the first one by default."""
        return replace(self, after=after, before=before).query

    @property
    def filtered(self) -> bool:
        return bool(self.actor or self.action or self.start or self.end or self.object_id)

    def entries(self) -> QuerySet[AuditEntry]:
        """The entries that the filters leave, in no order."""
        found = AuditEntry.objects.select_related("actor")
        if self.actor:
            found = found.filter(actor=None if self.actor == NOBODY else int(self.actor))
        if self.action:
            found = found.filter(action=self.action)
        if self.object_id:
            found = found.filter(object_id=self.object_id)
        if self.start:
            found = found.filter(at__gte=_midnight(self.start))
        if self.end:
            found = found.filter(at__lt=_midnight(self.end + timedelta(days=1)))
        return found

    def page(self) -> tuple[Page[AuditEntry], str]:
        """The page and a notice when its cursor was no good. One range of one index."""
        found, understood = page_at(
            self.entries(),
            sort="-at",
            order=ColumnOrder(F("at")),
            size=ROWS,
            after=self.after,
            before=self.before,
        )
        return found, "" if understood else BAD_PAGE_LINK


def lines(entries: Iterable[AuditEntry]) -> list[Line]:
    """The entries as people read them; where their ids lead is asked in one query for each kind."""
    rows = list(entries)
    ends = ends_of(row.object_id for row in rows if row.object_id.startswith("CTC-"))
    about = User.objects.in_bulk({int(row.object_id) for row in rows if _is_person(row)})
    names = {str(pk): str(person) for pk, person in about.items()}
    keys = _keys(rows)
    return [
        _line(row, keys, *ends.get(row.object_id, ("", "")), names.get(row.object_id, ""))
        for row in rows
    ]


def csv_rows(state: AuditState) -> Iterator[list[str]]:
    """The filtered audit, oldest first, row by row, as texts in the order of CSV_HEADER."""
    entries = state.entries().order_by("at", "pk")
    keys = {key.public_id: key for key in ApiKey.objects.all()}
    for entry in entries.iterator(chunk_size=BATCH):
        yield [
            entry.at.isoformat(timespec="seconds"),
            str(entry.actor or keys.get(entry.detail.get(KEY, "")) or ""),
            entry.actor.email if entry.actor else "",
            words_of(entry.action),
            entry.action,
            entry.object_id,
            entry.get_source_display(),
            detail_text(entry.detail),
        ]


def detail_text(detail: dict[str, Any]) -> str:
    """Ids and counts as a line: "moved: CTC-1, CTC-2; count: 3"."""
    return "; ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in detail.items())


def people() -> QuerySet[User]:
    """Whom the page offers as a filter, those who have left included."""
    return User.objects.order_by("first_name", "last_name", "pk")


def _is_person(entry: AuditEntry) -> bool:
    return entry.action.startswith(("person.", "signin.")) and entry.object_id.isdigit()


def _keys(rows: Iterable[AuditEntry]) -> dict[str, ApiKey]:
    """The API keys that did some of it, by their ids; no query where none did."""
    ids = {row.detail[KEY] for row in rows if KEY in row.detail}
    return {key.public_id: key for key in ApiKey.objects.filter(public_id__in=ids)} if ids else {}


def _who(entry: AuditEntry, keys: dict[str, ApiKey]) -> str:
    if entry.detail.get(KEY, "") in keys:
        return str(keys[entry.detail[KEY]])
    if entry.actor is None and entry.source == Source.PERSON:
        return NOT_SIGNED_IN
    return str(entry.actor or entry.get_source_display())


def _line(entry: AuditEntry, keys: dict[str, ApiKey], end: str, state: str, name: str) -> Line:
    kind = ""
    if end:
        kind = "contact" if state == "live" else "deleted"
    elif entry.object_id.startswith("CR-"):
        kind = "request"
    elif entry.action.startswith("import.") and entry.object_id.isdigit():
        kind = "import"
    elif name and _is_person(entry):
        kind = "person"
    return Line(
        entry=entry,
        who=_who(entry, keys),
        what=words_of(entry.action),
        kind=kind,
        leads_to=end if end != entry.object_id else "",
        name=name,
        detail=detail_text(entry.detail),
    )


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(inner)}" for name, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:40]


def _date(text: str, notices: list[str]) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        notices.append(f"“{text[:40]}” is not a date. Use the form 2026-11-23.")
        return None
    return day


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
