"""Text of strangers: what a form of the public pages takes, and in what shape."""

import re
import unicodedata

from contacts.identity import InvalidValue, trim

_BREAKS = "\r\n\t\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_ONE_LINE = str.maketrans({**dict.fromkeys(_BREAKS, " "), "\x00": None})
LONGEST_NAME = 60
_ADDRESS = re.compile(r"://|www\.|@|\w\.[^\W\d_]{2,}")


def one_line(text: str, limit: int) -> str:
    """Trimmed, on one line, without control characters: nothing of it begins a new header.

    Raises InvalidValue when longer than `limit` characters.
    """
    return _within(trim(_printable(text.translate(_ONE_LINE), "")), limit)


def lines(text: str, limit: int) -> str:
    """Trimmed text that may have line ends (LF) and nothing else that controls. Raises InvalidValue."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return _within(trim(_printable(unified, "\n")), limit)


def speakable(name: str) -> str:
    """A name to greet with; "" for one that is an address or a link.

    Anybody can book with somebody else's address: what they call themselves must not make our
    mail carry their link.
    """
    text = " ".join(name.split())[:LONGEST_NAME]
    return "" if _ADDRESS.search(text) else text


def _printable(text: str, keep: str) -> str:
    return "".join(c for c in text if c in keep or unicodedata.category(c) not in {"Cc", "Cs"})


def _within(text: str, limit: int) -> str:
    if len(text) > limit:
        raise InvalidValue(f"Too long: {len(text):,} characters, at most {limit:,}")
    return text
