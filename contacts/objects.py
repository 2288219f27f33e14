"""Contacts and the people of the account as the HTTP API and the webhooks show them (api.md)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from contacts.fields import CUSTOM, current_value, live_fields
from contacts.models import Contact, Team, User
from contacts.models.contact import BASE36

TEXTS = (
    "status", "first_name", "last_name", "email", "mobile_phone", "phone", "company",
    "company_size", "job_title", "salutation", "street_address", "city", "state", "post_code",
    "country", "timezone",
)  # fmt: skip


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, always with milliseconds."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def numbered(prefix: str, pk: int) -> str:
    """The id of a row that has none of its own: its number in base 36, eight digits at least."""
    digits = ""
    while pk:
        pk, digit = divmod(pk, 36)
        digits = BASE36[digit] + digits
    return f"{prefix}-{digits.rjust(8, '0')}"


def number_of(prefix: str, text: str) -> int | None:
    """The row number of such an id; None for anything else."""
    start, _, digits = text.partition("-")
    known = start == prefix and 8 <= len(digits) <= 12 and set(digits) <= set(BASE36)
    return int(digits, 36) if known and numbered(prefix, int(digits, 36)) == text else None


def user_id(pk: int | None) -> str | None:
    """A colleague's id."""
    return None if pk is None else numbered("USR", pk)


def contact_object(contact: Contact) -> dict[str, Any]:
    """The contact; unset values are null."""
    return {
        "object": "contact",
        "id": contact.public_id,
        "creation_time": moment(contact.creation_time),
        "last_updated_time": moment(contact.last_updated_time),
        "last_interacted_time": moment(contact.last_interacted_time),
        "owner": user_id(contact.owner_id),
        **{name: getattr(contact, name) or None for name in TEXTS},
        "employees": contact.employees,
        "has_consent": contact.has_consent,
        "terms_of_sevice": contact.terms_of_service,  # so it is spelled on the wire
        "terms_of_service": contact.terms_of_service,
        "custom_fields": [
            {
                "name": field.name.removeprefix(CUSTOM),
                "value": current_value(contact, field) or None,
            }
            for field in live_fields()
            if field.custom
        ],
        "bot": contact.bot or None,
        "form": contact.form or None,
    }


def deleted_object(public_id: str) -> dict[str, Any]:
    return {"id": public_id, "object": "contact", "deleted": True}


def field_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of fields under their API names; of a custom property under its identifier."""
    shown = {}
    for name, value in values.items():
        if name == "owner":
            value = user_id(value)
        shown[name.removeprefix(CUSTOM)] = None if value == "" else value
    return shown


def user_object(user: User) -> dict[str, Any]:
    """A colleague; groups and teams are loaded. Who has left is neither active nor invited."""
    return {
        "object": "user",
        "id": user_id(user.pk),
        "first_name": user.first_name or None,
        "last_name": user.last_name or None,
        "email": user.email,
        "status": user.state.value,
        "role_name": user.role.value,
        "timezone": user.time_zone or None,
        "teams": [numbered("TM", team.pk) for team in user.teams.all()],
    }


def team_object(team: Team) -> dict[str, Any]:
    return {"object": "team", "id": numbered("TM", team.pk), "name": team.name}
