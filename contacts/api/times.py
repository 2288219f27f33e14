"""Times as clients send them: ISO 8601, a date alone, a blank for the T, with or without Z."""

import re
from datetime import UTC, datetime, tzinfo

from contacts.api.errors import bad

_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?)?"
    r"(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)


def read_moment(text: str, param: str = "", *, zone: tzinfo = UTC) -> datetime:
    """The moment; one that names no zone is in `zone`. Raises ApiError."""
    found = _FORM.fullmatch(text.strip())
    if found is not None:
        day, clock, fraction, offset = found.groups()
        spelled = f"{day}T{clock or '00:00'}{offset or ''}".upper()
        try:
            moment = datetime.fromisoformat(spelled)
            if offset is None:
                moment = moment.replace(tzinfo=zone)
            microseconds = int((fraction or "0").ljust(6, "0")[:6])
            return moment.replace(microsecond=microseconds).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise bad(f"Invalid date: {text}", param)
