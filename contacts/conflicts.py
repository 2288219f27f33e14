"""Filing a save that was refused because of a contact its author may not see."""

import secrets
from contextlib import suppress
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts import history
from contacts.access import Role
from contacts.cleaning import clean
from contacts.fields import IDENTIFIER_FIELDS, field_named
from contacts.identity import InvalidValue
from contacts.models import Account, ConflictRequest, Contact, Source, User
from contacts.retrying import retrying
from contacts.services import holders_of, identifier_key
from contacts.signals import Actor

#: Without 0, 1, I, L, O and U: a reference is read out on the phone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 5
ATTEMPTS = 5


class RecordGone(Exception):
    """One of the records was deleted or merged this moment: there is no conflict to file."""


@retrying
@transaction.atomic
def file_request(
    *, user: User, contact: Contact | None, typed: dict[str, Any], holders: list[int]
) -> ConflictRequest:
    """The request for this refusal; the same refusal again gives the same reference.

    Raises RecordGone.
    """
    ids = {*holders, *([contact.pk] if contact else [])}
    locked = Contact.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    if len(locked) < len(ids):
        raise RecordGone
    known = ConflictRequest.objects.filter(
        requested_by=user, contact=contact, state=ConflictRequest.State.OPEN
    )
    for request in known.order_by("-created_at")[:20]:
        if request.typed == typed:
            return request
    request = _create(requested_by=user, contact=contact, typed=typed)
    request.holders.set(holders)
    return request


def _create(**fields: Any) -> ConflictRequest:
    """A request under a reference that nobody has; 24 million of them are short to read out."""
    for _ in range(ATTEMPTS):
        reference = "CR-" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        try:
            with transaction.atomic():
                return ConflictRequest.objects.create(reference=reference, **fields)
        except IntegrityError:
            if not ConflictRequest.objects.filter(reference=reference).exists():
                raise
    raise RuntimeError("No free reference was found")


@retrying
@transaction.atomic
def ask(request: ConflictRequest) -> None:
    """Put the request into the administrators' queue.

    Asking twice changes nothing, nor does asking when it was resolved meanwhile.
    """
    open_ones = ConflictRequest.objects.filter(pk=request.pk, state=ConflictRequest.State.OPEN)
    if open_ones.filter(asked_at=None).update(asked_at=timezone.now()):
        actor = Actor(request.requested_by, Source.PERSON)
        history.audit(actor, "conflict.asked", request.reference)
    request.refresh_from_db()


@retrying
@transaction.atomic
def resolve(*, request: ConflictRequest, note: str, actor: Actor) -> bool:
    """Close the request with a note to its author; what was typed is no longer kept.

    False when somebody else has resolved it before; then nothing was changed.
    """
    open_ones = ConflictRequest.objects.filter(pk=request.pk, state=ConflictRequest.State.OPEN)
    resolved = open_ones.update(
        state=ConflictRequest.State.RESOLVED,
        typed={},
        note=note,
        resolved_at=timezone.now(),
        resolved_by=actor.user,
    )
    if resolved:
        history.audit(actor, "conflict.resolved", request.reference)
    request.refresh_from_db()
    return bool(resolved)


def waiting() -> QuerySet[ConflictRequest]:
    """The administrators' queue: asked, and not resolved."""
    return ConflictRequest.objects.filter(state=ConflictRequest.State.OPEN, asked_at__isnull=False)


def find_by_reference(text: str) -> ConflictRequest | None:
    """The request that somebody names on the phone: "cr-7f3k2", "7F3K2", never asked ones too."""
    code = "".join(text.split()).upper().removeprefix("CR-")
    if not code or not set(code) <= set(ALPHABET):
        return None
    return ConflictRequest.objects.filter(reference=f"CR-{code}").first()


def still_held(request: ConflictRequest) -> bool:
    """Whether the e-mail or the phone that was typed still belongs to another contact."""
    region = Account.load().default_region
    keys = {}
    for name in IDENTIFIER_FIELDS:
        with suppress(InvalidValue):
            value = clean(field_named(name), str(request.typed.get(name, "")), region=region)
            if value:
                keys[name] = identifier_key(name, value)
    return bool(holders_of(keys, besides=request.contact_id))


def administrator_of_account() -> str:
    """Whom to turn to, by name: the first active administrator, else owner; "" without any."""
    active = User.objects.filter(is_active=True).order_by("pk")
    owners = Q(groups__name=Role.OWNER.value) | Q(is_superuser=True)
    for role in (Q(groups__name=Role.ADMINISTRATOR.value), owners):
        user = active.filter(role).first()
        if user is not None:
            return str(user)
    return ""
