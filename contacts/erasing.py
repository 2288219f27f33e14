"""Erase personal data: what a person may demand by law, beyond deleting the contact.

Delete removes the record and keeps activities for reporting. Erase also makes the activities
anonymous, and takes the person out of everything else that is stored here. It works for a contact,
and for an id whose contact was deleted before: of that nothing is left here, but activities may be.

What other apps keep they erase themselves: each registers an Eraser from `AppConfig.ready`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from contacts import history
from contacts.deleting import Removal, forget_copies, merges_of, plan_delete, remove_records
from contacts.exporting.contents import files_with, withdraw
from contacts.fields import IDENTIFIER_FIELDS
from contacts.identity import InvalidValue
from contacts.imports import forgetting
from contacts.models import (
    AuditEntry,
    ConflictRequest,
    Contact,
    Identifier,
    PossibleDuplicate,
)
from contacts.public_ids import ends_of, ids_behind
from contacts.retrying import Stale, retrying
from contacts.services import ContactGone, identifier_key
from contacts.signals import Actor, ContactChange, announce

ERASED = "contact.erased"  # in the audit
Counts = dict[str, int]  # what it is, in words ("past meetings"), and how many


@dataclass(frozen=True)
class Known:
    """An e-mail or mobile phone that the person has or had."""

    kind: str  # "email" or "mobile_phone"
    key: str  # what is compared
    value: str  # as typed


@dataclass(frozen=True)
class Subject:
    """Who is erased."""

    public_id: str  # the id that stands for the person today
    public_ids: frozenset[str]  # that id and every id that was merged into it
    contact_id: int | None  # the record's primary key; none when it was deleted before
    #: Current, former and released ones, but none that belongs to somebody else by now.
    identifiers: tuple[Known, ...] = ()


@dataclass(frozen=True)
class Eraser:
    """How another app forgets a person. Both return counts by what it is, in words.

    `plan` reads only. `erase` runs inside the transaction that erases everything else, before the
    contact's record goes, and does not fail for what is gone already.
    """

    plan: Callable[[Subject], Counts]
    erase: Callable[[Subject], Counts]


_erasers: list[Eraser] = []


def register(eraser: Eraser) -> None:
    _erasers.append(eraser)


@dataclass(frozen=True)
class Erasure:
    """What erasing will do, for the page that asks."""

    subject: Subject
    contact: Contact | None
    removal: Removal | None  # what a delete would remove; none when there is no record any more
    suspicions: int
    requests: int
    traces: forgetting.Traces
    exports: int  # files that hold the person
    others: Counts = field(default_factory=dict)

    @property
    def nothing_left(self) -> bool:
        """The record is gone, and nothing else was found."""
        found = (self.traces.rows, self.traces.files, self.requests, self.exports)
        return self.contact is None and not any((*found, *self.others.values()))


def plan_erasure(public_id: str) -> Erasure:
    """Count what goes. Raises ContactGone for an id that was never given out. Reads only."""
    contact, subject = _find(public_id)
    others: Counts = {}
    for eraser in _erasers:
        others |= eraser.plan(subject)
    return Erasure(
        subject=subject,
        contact=contact,
        removal=plan_delete([contact]) if contact else None,
        suspicions=_suspicions(contact),
        requests=len(_requests_about(subject)),
        traces=_traces(subject),
        exports=len(files_with(subject.public_ids)),
        others={what: count for what, count in others.items() if count},
    )


@retrying
@transaction.atomic
def erase_contact(*, public_id: str, actor: Actor) -> AuditEntry:
    """Erase the person behind an id; the audit entry is the receipt.

    Raises ContactGone for an unknown id, and ImportRunning while a file is being imported: who is
    in it is only known when it is done. Then nothing was erased.
    """
    forgetting.lock_imports()
    contact, subject = _find(public_id)
    if contact is not None:
        if not Contact.objects.select_for_update().filter(pk=contact.pk):
            raise Stale  # deleted or merged this moment: once more, for what stands there now
        contact, subject = _find(public_id)
    counts = _erase_here(contact, subject)
    for eraser in _erasers:
        counts |= eraser.erase(subject)
    announce(_change(contact, subject, actor))  # listeners still find the record
    if contact is not None:
        remove_records([contact])
    found = {what: count for what, count in counts.items() if count}
    return history.audit(actor, ERASED, subject.public_id, counts=found)


def receipts(public_id: str) -> list[AuditEntry]:
    """When the person behind an id was erased and what went, newest first."""
    entries = AuditEntry.objects.filter(action=ERASED, object_id=public_id)
    return list(entries.select_related("actor").order_by("-at", "-pk"))


def _find(public_id: str) -> tuple[Contact | None, Subject]:
    """The record, if there is one, and everything the person is known by."""
    end = ends_of([public_id]).get(public_id)
    if end is None:
        raise ContactGone
    survivor = end[0]
    contact = Contact.objects.select_related("owner").filter(public_id=survivor).first()
    return contact, Subject(
        public_id=survivor,
        public_ids=frozenset(ids_behind(survivor)),
        contact_id=contact.pk if contact else None,
        identifiers=_identifiers(contact) if contact else (),
    )


def _identifiers(contact: Contact) -> tuple[Known, ...]:
    """From the identifiers, and for released ones from the history and from merges."""
    known = {
        (row.kind, row.key): Known(row.kind, row.key, row.value)
        for row in contact.identifiers.all()
    }
    past: set[tuple[str, str]] = set()
    for name, old, new in contact.history.filter(field__in=IDENTIFIER_FIELDS).values_list(
        "field", "old", "new"
    ):
        past |= {(name, old), (name, new)}
    for before in merges_of([contact]).values_list("before", flat=True):
        for fields in before.values():
            past |= {(name, fields.get(name, "")) for name in IDENTIFIER_FIELDS}
    for kind, value in sorted(past):
        with suppress(InvalidValue):
            key = identifier_key(kind, value) if value else ""
            if key and (kind, key) not in known and not _belongs_to_other(kind, key, contact):
                known[kind, key] = Known(kind, key, value)
    return tuple(known.values())


def _belongs_to_other(kind: str, key: str, contact: Contact) -> bool:
    return Identifier.objects.filter(kind=kind, key=key).exclude(contact=contact).exists()


def _erase_here(contact: Contact | None, subject: Subject) -> Counts:
    traces = _traces(subject)
    requests = _requests_about(subject)
    counts: Counts = {}
    if contact is not None:
        removal = plan_delete([contact])
        counts = {
            "contact record": 1,
            "emails": removal.emails,
            "mobile phones": removal.mobile_phones,
            "other details": removal.details,
            "recorded changes": removal.changes,
            "merges": removal.merges,
            "possible duplicates": _suspicions(contact),
        }
    counts["exported files"] = withdraw(subject.public_ids)
    if contact is not None:
        forget_copies([contact])
    counts |= {
        "requests to administrators": len(requests),
        "rows of imports": len(traces.rows),
        "uploaded files": len(traces.files),
    }
    forgetting.forget(traces)
    about = ConflictRequest.objects.filter(pk__in=requests)
    about.filter(state=ConflictRequest.State.OPEN).update(
        state=ConflictRequest.State.RESOLVED, resolved_at=timezone.now()
    )
    about.update(typed={}, note="")
    return counts


def _traces(subject: Subject) -> forgetting.Traces:
    return forgetting.find_traces(
        contact_id=subject.contact_id,
        keys=[(known.kind, known.key) for known in subject.identifiers],
    )


def _suspicions(contact: Contact | None) -> int:
    pairs = PossibleDuplicate.objects.filter(Q(first=contact) | Q(second=contact))
    return pairs.count() if contact else 0


def _requests_about(subject: Subject) -> list[int]:
    """Requests about the contact, and those in which one of the identifiers was typed."""
    about = Q(contact=subject.contact_id) | Q(holders=subject.contact_id)
    found = set(
        ConflictRequest.objects.filter(about).values_list("pk", flat=True)
        if subject.contact_id
        else ()
    )
    keys = {(known.kind, known.key) for known in subject.identifiers}
    with_values = ConflictRequest.objects.exclude(typed={}).only("pk", "typed")
    for request in with_values.iterator() if keys else ():
        if keys & _typed_keys(request.typed):
            found.add(request.pk)
    return sorted(found)


def _typed_keys(typed: dict[str, Any]) -> set[tuple[str, str]]:
    """The keys of what was typed; a phone only counts as it is stored, with + and country."""
    keys = set()
    for name in IDENTIFIER_FIELDS:
        text = str(typed.get(name) or "").strip()
        with suppress(InvalidValue):
            if text:
                keys.add((name, identifier_key(name, text)))
    return keys


def _change(contact: Contact | None, subject: Subject, actor: Actor) -> ContactChange:
    return ContactChange(
        contact_id=contact.pk if contact else 0,
        public_id=subject.public_id,
        actor=actor,
        kind="erased",
        version=contact.version if contact else 0,
    )


def running(error: forgetting.ImportRunning) -> str:
    """The sentence for an erasure that has to wait."""
    return (
        f"“{error.batch.filename}” is being imported, and may hold this person. Nothing was erased. "
        "Erase when the import has finished, or stop it first."
    )


def confirmed(typed: str, erasure: Erasure) -> bool:
    """Whether the id, or the name, of the one who is to be erased was typed."""
    text = " ".join(typed.split()).casefold()
    names = {erasure.subject.public_id}
    if erasure.contact is not None:
        names.add(erasure.contact.display_name)
    return text in {" ".join(name.split()).casefold() for name in names}
