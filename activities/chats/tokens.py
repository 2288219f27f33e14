"""The token of a conversation: whoever has it goes on with it. Only its digest is stored."""

import hashlib
import re
import secrets

from activities.models import Conversation

_TOKEN = re.compile(r"[0-9a-f]{64}")


def new_token() -> str:
    """256 bits that say nothing of anybody."""
    return secrets.token_hex(32)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find_conversation(slug: str, token: str) -> Conversation | None:
    """The conversation of a token, with the bot of this address; None for any other pair."""
    if not _TOKEN.fullmatch(token):
        return None
    rows = Conversation.objects.select_related("bot", "version")
    found = rows.filter(token_hash=digest(token), bot__archived_at=None).first()
    return found if found is not None and found.bot.slug == slug else None
