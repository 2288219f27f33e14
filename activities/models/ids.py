"""Public ids of this app: a prefix and 12 base-36 digits, like those of contacts."""

import secrets

from contacts.models.contact import BASE36

#: Without 0, 1, I, L, O and U: a tracking id is read out on the phone.
SPOKEN = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def _id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(BASE36) for _ in range(12))


def new_calendar_id() -> str:
    return _id("BKC-")


def new_meeting_id() -> str:
    return _id("BKNG-")


def new_chatbot_id() -> str:
    return _id("BOT-")


def new_conversation_id() -> str:
    return _id("CVR-")


def new_form_id() -> str:
    return _id("FRM-")


def new_submission_id() -> str:
    return _id("FSUB-")


def new_connection_id() -> str:
    return _id("SCN-")


def new_tracking_id() -> str:
    """What a guest says on the phone: eight characters, 39 bits."""
    return "".join(secrets.choice(SPOKEN) for _ in range(8))


def new_nonce() -> str:
    """What a guest's link is derived from (activities.guest_links)."""
    return secrets.token_hex(32)
