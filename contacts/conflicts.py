"""Filing a save that was refused because of a contact its author may not see."""

import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone

from contacts import history
from contacts.access import Role
from contacts.models import ConflictRequest, Contact, Source, User
from contacts.signals import Actor

#: Without 0, 1, I, L, O and U: a reference is read out on the phone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@transaction.atomic
def file_request(
    *, user: User, contact: Contact | None, typed: dict[str, Any], holders: list[int]
) -> ConflictRequest:
    """The request for this refusal; the same refusal again gives the same reference."""
    known = ConflictRequest.objects.filter(
        requested_by=user, contact=contact, state=ConflictRequest.State.OPEN
    )
    for request in known.order_by("-created_at")[:20]:
        if request.typed == typed:
            return request
    request = ConflictRequest.objects.create(
        reference="CR-" + "".join(secrets.choice(ALPHABET) for _ in range(6)),
        requested_by=user,
        contact=contact,
        typed=typed,
    )
    request.holders.set(holders)
    return request


@transaction.atomic
def ask(request: ConflictRequest) -> None:
    """Put the request into the administrators' queue; asking twice changes nothing."""
    asked = ConflictRequest.objects.filter(pk=request.pk, asked_at=None)
    if asked.update(asked_at=timezone.now()):
        actor = Actor(request.requested_by, Source.PERSON)
        history.audit(actor, "conflict.asked", request.reference)


def administrator_of_account() -> str:
    """Whom to turn to: the first active owner, else administrator, by name."""
    for role in (Role.ADMINISTRATOR, Role.OWNER):
        user = User.objects.filter(groups__name=role.value, is_active=True).order_by("pk").first()
        if user is not None:
            return str(user)
    return "your administrator"
