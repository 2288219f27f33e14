"""The sites that a chatbot may stand on: what is typed, as the origins that browsers name."""

import re
from urllib.parse import urlsplit

from contacts.identity import InvalidValue

MOST_SITES = 50
USUAL = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9.:\-]+")


def read_sites(text: str) -> list[str]:
    """One address a line, as origins: "https://www.example.com". Raises InvalidValue."""
    found: dict[str, None] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        found[_origin(line)] = None
    if len(found) > MOST_SITES:
        raise InvalidValue(f"Too many: {len(found)} sites, at most {MOST_SITES}")
    return list(found)


def _origin(line: str) -> str:
    try:
        return _read(line if "://" in line else f"https://{line}")
    except ValueError:  # of parsing, of the name's encoding, or ours
        raise InvalidValue(f"{line[:60]}: use the form https://www.example.com") from None


def _read(address: str) -> str:
    """Scheme, host as A-labels, and a port that is not the usual one. Raises ValueError."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    host = host if host.isascii() else host.encode("idna").decode()
    if parts.scheme not in USUAL or parts.username or not _HOST.fullmatch(host):
        raise ValueError
    port = "" if parts.port in {None, USUAL[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://[{host}]{port}" if ":" in host else f"{parts.scheme}://{host}{port}"
