"""Public ids of this app: a prefix and 12 base-36 digits, like those of contacts."""

import secrets

from contacts.models.contact import BASE36


def _id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(BASE36) for _ in range(12))


def new_webhook_id() -> str:
    return _id("WHK-")


def new_hook_id() -> str:
    return _id("HOOK-")


def new_event_id() -> str:
    """Of one change, the same in every delivery that tells of it."""
    return _id("EVNT-")
