"""What a URL carries but nobody is to read or make up: page cursors and the numbers of rows.

A link is shared, bookmarked and logged. A cursor holds a value of the last row on a page, and row
numbers are given out in one sequence for everybody, so in the clear they would tell of contacts
that the reader may not see.

Deterministic authenticated encryption, so that the same page has the same links: the tag is an
HMAC-SHA-256 over the text, and the key stream comes from HMAC-SHA-256 over tag and counter
(the construction of SIV, RFC 5297, from the one primitive that the standard library has).
"""

import base64
import binascii
import hmac

from django.conf import settings

TAG = 16  # bytes
BLOCK = 32


class NotOurs(ValueError):
    """A text that this installation did not give out, or gave out for something else."""


def conceal(text: str, *, purpose: str) -> str:
    """The text as a token of URL characters. `purpose` keeps one kind from passing for another."""
    plain = text.encode()
    tag = _tag(settings.SECRET_KEY, purpose, plain)
    token = tag + _stream(settings.SECRET_KEY, purpose, tag, plain)
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def reveal(token: str, *, purpose: str) -> str:
    """The text of a token. Raises NotOurs."""
    try:
        raw = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise NotOurs from error
    tag, hidden = raw[:TAG], raw[TAG:]
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        plain = _stream(secret, purpose, tag, hidden)
        if hmac.compare_digest(_tag(secret, purpose, plain), tag):
            return plain.decode()
    raise NotOurs


class RowNumber:
    """A path converter, `<row:pk>`: the primary key of a row, concealed."""

    regex = "[A-Za-z0-9_-]{22,64}"

    def to_python(self, token: str) -> int:
        return int(reveal(token, purpose="row"))

    def to_url(self, number: int) -> str:
        return conceal(str(number), purpose="row")


def _tag(secret: str, purpose: str, plain: bytes) -> bytes:
    return hmac.digest(_key(secret, purpose, "tag"), plain, "sha256")[:TAG]


def _stream(secret: str, purpose: str, tag: bytes, text: bytes) -> bytes:
    key = _key(secret, purpose, "stream")
    blocks = range(-(-len(text) // BLOCK))
    stream = b"".join(hmac.digest(key, tag + n.to_bytes(4, "big"), "sha256") for n in blocks)
    return bytes(a ^ b for a, b in zip(text, stream, strict=False))


def _key(secret: str, purpose: str, part: str) -> bytes:
    return hmac.digest(secret.encode(), f"kith.opaque.{purpose}.{part}".encode(), "sha256")
