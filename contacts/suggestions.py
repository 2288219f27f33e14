"""Suggestions: values that a guest may not put in the place of others, for a person to decide."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from contacts import history
from contacts.fields import as_text, current_value, from_text, known_fields
from contacts.models import Contact, Source, Suggestion
from contacts.retrying import retrying
from contacts.services import Values, lock_contact, update_contact
from contacts.signals import Actor

#: Anybody who knows an address can make suggestions: of one field only the latest are kept open.
MOST_OPEN = 5
State = Suggestion.State


def suggest(contact: Contact, values: Values, actor: Actor, at: datetime) -> None:
    """Keep `values` for a person to look at. The contact is locked by the caller.

    A value that is open already, or was dismissed, is not suggested again.
    """
    if not values:
        return
    texts = {name: as_text(value) for name, value in values.items()}
    rows = list(Suggestion.objects.filter(contact=contact, field__in=texts))
    settled = {State.OPEN, State.DISMISSED}
    known = {(row.field, row.value) for row in rows if row.state in settled}
    fresh = {name: text for name, text in texts.items() if (name, text) not in known}
    for name in fresh:
        _make_room(name, rows)
    Suggestion.objects.bulk_create(
        Suggestion(
            contact=contact, field=name, value=text, at=at,
            source=actor.source, detail=actor.detail,
        )
        for name, text in fresh.items()
    )  # fmt: skip


def _make_room(field: str, rows: list[Suggestion]) -> None:
    """Close the oldest open ones of a field, so that there is room for one more."""
    is_open = [row.pk for row in rows if row.field == field and row.state == State.OPEN]
    older = is_open[MOST_OPEN - 1 :]
    if older:
        Suggestion.objects.filter(pk__in=older).update(
            state=State.SUPERSEDED, decided_at=timezone.now()
        )


def open_suggestions(contact: Contact) -> list[Suggestion]:
    """What there is to decide, newest first: each value once, none that is saved already."""
    found: dict[tuple[str, str], Suggestion] = {}
    fields = known_fields()
    for row in contact.suggestions.filter(state=State.OPEN):
        field = fields.get(row.field)
        if field is None or field.archived or row.value == as_text(current_value(contact, field)):
            continue
        found.setdefault((row.field, row.value), row)
    return list(found.values())


@retrying
@transaction.atomic
def accept_suggestions(
    *,
    contact_id: int,
    ids: Collection[int],
    actor: Actor,
    base_version: int | None = None,
    shown_plan: str | None = None,
) -> Contact:
    """Save the suggested values as an edit; of several for one field the newest.

    `base_version` is the version of the contact that the person saw, `shown_plan` what they were
    told will happen elsewhere (see update_contact). Suggestions decided meanwhile are passed over. Raises what update_contact raises; then all of them stay open.
    """
    contact = lock_contact(contact_id)
    rows = [row for row in open_suggestions(contact) if row.pk in ids]
    chosen: dict[str, Suggestion] = {}
    for row in rows:
        chosen.setdefault(row.field, row)
    if not chosen:
        return contact
    values = {name: from_text(known_fields()[name], row.value) for name, row in chosen.items()}
    newest = next(iter(chosen.values()))
    detail = f"suggested by {Source(newest.source).label.lower()} {newest.detail}".strip()[:120]
    contact = update_contact(
        contact_id=contact_id,
        actor=Actor(actor.user, actor.source, detail),
        values=values,
        base_version=base_version,
        shown_plan=shown_plan,
    )
    _decide(contact, rows, State.ACCEPTED, actor)
    return contact


@retrying
@transaction.atomic
def dismiss_suggestions(*, contact_id: int, ids: Collection[int], actor: Actor) -> Contact:
    """Decide against suggestions: the same values are not suggested again. Raises ContactGone."""
    contact = lock_contact(contact_id)
    rows = [row for row in open_suggestions(contact) if row.pk in ids]
    if rows:
        _decide(contact, rows, State.DISMISSED, actor)
        history.audit(actor, "suggestion.dismissed", contact.public_id, count=len(rows))
    return contact


def _decide(contact: Contact, rows: list[Suggestion], state: str, actor: Actor) -> None:
    """Settle the rows, and others of the same field and value that a merge brought along."""
    for row in rows:
        contact.suggestions.filter(state=State.OPEN, field=row.field, value=row.value).update(
            state=state, decided_at=timezone.now(), decided_by=actor.user
        )
