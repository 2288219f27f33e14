"""What the schedulers' payloads have in common: signatures, and texts that may be anything."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.capture import Answer, Guest
from activities.cleaning import lines, one_line
from activities.zones import known_zone
from contacts.identity import InvalidValue, parse_email, parse_mobile

MAX_LINE, MAX_TEXT, MAX_ID, MAX_GUESTS = 255, 5000, 300, 50
LONGEST = timedelta(days=7)
Json = Any


class Refused(Exception):
    """Not signed, not by who has the secret, or too long ago. The word is for the settings page."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class BadPayload(ValueError):
    """Signed, but without what every booking has."""


@dataclass(frozen=True)
class Told:
    """One webhook about one booking, in words of ours."""

    external_id: str
    at: datetime  # when it was sent
    canceled: bool = False
    replaces: str = ""  # the id of the booking whose place this one takes
    subject: str = ""
    host_email: str = ""  # in lower case
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    guest: Guest = Guest()
    location: str = ""
    join_url: str = ""
    reason: str = ""
    by_host: bool = False


def same_digest(secret: str, signed: bytes, given: str) -> bool:
    """Whether `given` is the HMAC-SHA-256 of what was signed, in hexadecimal digits."""
    expected = hmac.new(secret.encode(), signed, "sha256").hexdigest()
    return hmac.compare_digest(expected.encode(), given.strip().lower().encode())


def at(data: Json, *path: str | int) -> Json:
    """What stands at a path in the payload; None where the path leads nowhere."""
    for step in path:
        if isinstance(step, int):
            data = data[step] if isinstance(data, list) and len(data) > step else None
        else:
            data = data.get(step) if isinstance(data, Mapping) else None
    return data


def line(data: Json, *path: str | int, limit: int = MAX_LINE) -> str:
    """A text on one line, cut where it is longer; "" for what is no text."""
    found = at(data, *path)
    return one_line(found[: 4 * limit], 4 * limit)[:limit] if isinstance(found, str) else ""


def text(data: Json, *path: str | int) -> str:
    found = at(data, *path)
    return lines(found[:MAX_TEXT], MAX_TEXT) if isinstance(found, str) else ""


def identifier(data: Json, *path: str | int) -> str:
    """Raises BadPayload: what nothing is known by cannot be kept."""
    found = at(data, *path)
    if not isinstance(found, str) or not found.strip() or len(found) > MAX_ID or "\x00" in found:
        raise BadPayload(".".join(map(str, path)))
    return found


def moment(data: Json, *path: str | int) -> datetime:
    """Raises BadPayload."""
    found = at(data, *path)
    try:
        read = datetime.fromisoformat(found)
    except (TypeError, ValueError):
        raise BadPayload(".".join(map(str, path))) from None
    if read.tzinfo is None or not 1971 < read.year < 9000:
        raise BadPayload(".".join(map(str, path)))
    return read.astimezone(UTC)


def span(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    """To the minute. Raises BadPayload where it ends before it starts, or lasts a week."""
    start = starts_at.replace(second=0, microsecond=0)
    end = ends_at.replace(second=0, microsecond=0)
    if not start < end <= start + LONGEST:
        raise BadPayload("end")
    return start, end


def email(data: Json, *path: str | int) -> str:
    """An address; "" for what is none: then the guest has none."""
    try:
        return parse_email(line(data, *path, limit=320)).value
    except InvalidValue:
        return ""


def mobile(data: Json, *path: str | int) -> str:
    """In international form; "" for what is no mobile phone."""
    try:
        return parse_mobile(line(data, *path, limit=60), "")
    except InvalidValue:
        return ""


def zone(data: Json, *path: str | int) -> str:
    try:
        return known_zone(line(data, *path, limit=100)).key
    except InvalidValue:
        return "UTC"


def addresses(found: Iterable[Json], besides: str) -> tuple[str, ...]:
    """The addresses of further guests, each once."""
    each = dict.fromkeys(email([item], 0) for item in list(found)[:MAX_GUESTS])
    return tuple(address for address in each if address and address != besides)


def answers(pairs: Iterable[tuple[str, Json]]) -> tuple[Answer, ...]:
    """Questions with what was answered: texts, numbers, and lists of them."""
    told = []
    for number, (label, value) in enumerate(list(pairs)[:MAX_GUESTS]):
        words = value if isinstance(value, list) else [value]
        kept = [str(word) for word in words if isinstance(word, str | int | float) and word != ""]
        if kept:
            said = text([", ".join(kept)], 0)
            told.append(Answer(f"a{number}", line([label], 0) or "Answer", said))
    return tuple(told)
