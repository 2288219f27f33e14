"""The newest events of a trigger: what Zapier shows as samples, and asks for again and again where it
gets no hooks. An item has the same shape as what a hook is told; of contacts also the same id.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby

from django.db.models import QuerySet

from activities.models import Conversation, MeetingEvent
from contacts import history
from contacts.api_keys import Holder
from contacts.fields import known_fields
from contacts.merging.undo import UNDO_OF_MERGE
from contacts.models import AuditEntry, Contact, FieldChange, Source
from integrations.zapier import messages, triggers
from integrations.zapier.messages import Message

MOST = 50
LOOKED_AT = 1000  # the newest rows of the history, of which each save has some
Found = tuple[datetime, Message, int | None]  # when, what, and the contact's row
CLOSED = {Conversation.State.FINISHED: "closed", Conversation.State.ABANDONED: "abandoned"}


def newest(trigger: str, holder: Holder) -> list[Message]:
    """Newest first. What the key itself has changed is left out, as it is from its hooks."""
    family, _, what = trigger.partition(".")
    sources: dict[str, Callable[[Holder], Iterator[Found]]] = {
        "contact": _of_contacts,
        "booking": _of_bookings,
        "conversation": _of_conversations,
    }
    wanted = [f for f in sources[family](holder) if trigger in triggers.started_by(f[1]["event"])]
    found = sorted(wanted, key=lambda each: each[0], reverse=True)[:MOST]
    told = [each[1] for each in found]
    return messages.wholes(told, {m["id"]: pk for _, m, pk in found})


def _of_contacts(holder: Holder) -> Iterator[Found]:
    yield from _created(holder)
    yield from _saved(holder)
    deleted = AuditEntry.objects.filter(action="contact.deleted").order_by("-at", "-pk")
    for entry in deleted[:MOST]:
        if entry.detail.get(history.KEY) != holder.key.public_id:
            yield _contact_found(entry.object_id, "contact.deleted", 0, entry.at, None)


def _created(holder: Holder) -> Iterator[Found]:
    contacts = holder.contacts.order_by("-creation_time", "-pk")
    made_here = FieldChange.objects.filter(version=1, api_key=holder.key)
    rows = list(contacts[:MOST])
    own = set(made_here.filter(contact__in=rows).values_list("contact_id", flat=True))
    for contact in rows:
        if contact.pk not in own:
            yield _contact_found(
                contact.public_id, "contact.created", 0, contact.creation_time, contact.pk
            )


def _saved(holder: Holder) -> Iterator[Found]:
    """The saves among the newest rows of the history; the oldest of them may be cut, and is left."""
    rows = FieldChange.objects.filter(version__gt=1).select_related("contact")
    newest = list(rows.order_by("-pk")[:LOOKED_AT])
    saves = [list(g) for _, g in groupby(newest, key=lambda row: (row.contact_id, row.version))]
    if len(newest) == LOOKED_AT:
        saves.pop()
    for save in saves:
        if save[0].api_key_id != holder.key.pk:
            yield _save_found(save)


def _save_found(save: list[FieldChange]) -> Found:
    first = save[0]
    contact = first.contact
    event_type = "contact.updated"
    if first.source == Source.MERGE:
        undone = first.detail.startswith(UNDO_OF_MERGE)
        event_type = "contact.unmerged" if undone else "contact.merged"
    when, told, pk = _contact_found(
        contact.public_id, event_type, first.version, first.at, contact.pk
    )
    known = known_fields()
    previous = {row.field: row.old for row in save if row.field in known}
    told["previous"] = messages.field_values(previous)
    return when, told, pk


def _contact_found(
    public_id: str, event_type: str, version: int, at: datetime, pk: int | None
) -> Found:
    identity = messages.id_of_change(public_id, event_type, version)
    return at, messages.message(identity, event_type, at, contact=public_id), pk


def _of_bookings(holder: Holder) -> Iterator[Found]:
    rows = MeetingEvent.objects.select_related("meeting").order_by("-at", "-pk")
    rows = rows.exclude(api_key=holder.key)
    for row in rows[: 4 * MOST]:
        event_type = f"booking.{row.kind}"
        identity = messages.event_id("booking", row.pk, event_type)
        about = {"booking": row.meeting.public_id, "contact": row.meeting.contact_public_id}
        told = messages.message(identity, event_type, row.at, **about)
        yield row.at, told, row.meeting.contact_id


def _of_conversations(holder: Holder) -> Iterator[Found]:
    for row in _conversations(holder)[: 4 * MOST]:
        kinds = [("started", row.started_at)]
        if row.state in CLOSED:
            kinds.append((CLOSED[Conversation.State(row.state)], row.last_message_at))
        for kind, at in kinds:
            event_type = f"conversation.{kind}"
            identity = messages.event_id(row.public_id, event_type, at.isoformat())
            about = {"conversation": row.public_id, "contact": row.contact_public_id}
            yield at, messages.message(identity, event_type, at, **about), row.contact_id


def _conversations(holder: Holder) -> QuerySet[Conversation]:
    return Conversation.objects.visible_to(holder.user).order_by("-started_at", "-pk")


def find(holder: Holder, *, email_key: str, mobile_key: str) -> list[Contact]:
    """Who has the e-mail, or else the mobile phone, or had it before: as for a new contact, which
    would be refused there. The one by e-mail first."""
    keys = [("email", email_key), ("mobile_phone", mobile_key)]
    found: list[Contact] = []
    for kind, key in keys:
        if key:
            who = holder.contacts.filter(identifiers__kind=kind, identifiers__key=key).first()
            if who is not None and who not in found:
                found.append(who)
    return found
