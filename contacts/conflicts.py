"""Filing a save that was refused because of a contact its author may not see."""

import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from contacts import history
from contacts.access import Role
from contacts.models import ConflictRequest, Contact, Source, User
from contacts.signals import Actor

#: Without 0, 1, I, L, O and U: a reference is read out on the phone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 5
ATTEMPTS = 5


class RecordGone(Exception):
    """One of the records was deleted or merged this moment: there is no conflict to file."""


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


@transaction.atomic
def ask(request: ConflictRequest) -> None:
    """Put the request into the administrators' queue; asking twice changes nothing."""
    asked = ConflictRequest.objects.filter(pk=request.pk, asked_at=None)
    if asked.update(asked_at=timezone.now()):
        actor = Actor(request.requested_by, Source.PERSON)
        history.audit(actor, "conflict.asked", request.reference)


def administrator_of_account() -> str:
    """Whom to turn to, by name: the first active administrator, else owner; "" without any."""
    active = User.objects.filter(is_active=True).order_by("pk")
    owners = Q(groups__name=Role.OWNER.value) | Q(is_superuser=True)
    for role in (Q(groups__name=Role.ADMINISTRATOR.value), owners):
        user = active.filter(role).first()
        if user is not None:
            return str(user)
    return ""
