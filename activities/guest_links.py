"""The guest's own link to a meeting: whoever has it may see, move and cancel that meeting.

The token is derived from a random nonce with the secret key; the database holds the nonce and the
token's digest. A copy of the database alone therefore opens no meeting, and yet a reminder sent
weeks later can carry the link again.
"""

import hashlib
import re

from django.conf import settings
from django.utils.crypto import salted_hmac

from activities.models import Meeting
from activities.models.ids import new_nonce

SALT = "activities.guest_link"
_TOKEN = re.compile(r"[0-9a-f]{64}")


def token_for(nonce: str, *, key: str = "") -> str:
    """The token of a nonce, under the current secret key unless another is given."""
    return salted_hmac(SALT, nonce, secret=key or None, algorithm="sha256").hexdigest()


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find_meeting(token: str) -> Meeting | None:
    """The meeting of a token; None for one that was made up."""
    if not _TOKEN.fullmatch(token):
        return None
    rows = Meeting.objects.select_related("host", "calendar__host", "contact")
    return rows.filter(guest_token_hash=digest(token)).first()


def token_of(meeting: Meeting) -> str:
    """The token of a meeting, to be put into a link.

    When the secret key that it was made with is gone, a new one takes its place; the links that
    were sent before then lead nowhere.
    """
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = token_for(meeting.guest_nonce, key=key)
        if digest(token) == meeting.guest_token_hash:
            return token
    nonce = new_nonce()
    token = token_for(nonce)
    Meeting.objects.filter(pk=meeting.pk).update(guest_nonce=nonce, guest_token_hash=digest(token))
    meeting.guest_nonce, meeting.guest_token_hash = nonce, digest(token)
    return token
