"""Choosing where a rule leads: one list of booking pages, a message, a web address."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from activities.cleaning import lines
from activities.models import BookingCalendar
from activities.routing.rules import CALENDAR_CHOICE, Kind, Outcome
from contacts.identity import InvalidValue

MAX_MESSAGE, MAX_URL = 2000, 500
_valid = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True)
class OutcomeText:
    """An outcome as it stands in the editor: what was chosen, and the text beside it."""

    leads: str  # "calendar:BKC-…", "message" or "url"
    text: str


class OutcomeChoices:
    """What can be chosen, and what was chosen."""

    def __init__(self) -> None:
        rows = BookingCalendar.objects.select_related("host").order_by("name", "pk")
        self._calendars = {row.public_id: row for row in rows}

    @property
    def calendars(self) -> list[tuple[str, str]]:
        """(choice, words) of every booking page; a closed one says so."""
        return [
            (CALENDAR_CHOICE + public_id, f"{row.name}, {row.host}{'' if row.is_open else ' (closed)'}")
            for public_id, row in self._calendars.items()
        ]  # fmt: skip

    def knows(self, leads: str) -> bool:
        """Whether the list has what was chosen."""
        return leads.removeprefix(CALENDAR_CHOICE) in self._calendars or leads in Kind.values

    def fault_of(self, leads: str) -> str:
        """Why a booking page that was chosen cannot be reached: "" where it can."""
        if not leads.startswith(CALENDAR_CHOICE):
            return ""
        row = self._calendars.get(leads.removeprefix(CALENDAR_CHOICE))
        if row is None:
            return "a booking page that no longer exists."
        return "" if row.is_open else f"{row.name}, a booking page that is closed."

    def read(self, typed: OutcomeText) -> Outcome:
        """Raises InvalidValue. A booking page may be closed for now, but it must exist."""
        leads = typed.leads
        if leads.startswith(CALENDAR_CHOICE):
            public_id = leads.removeprefix(CALENDAR_CHOICE)
            if public_id not in self._calendars:
                raise InvalidValue(
                    "it leads to a booking page that no longer exists: choose another"
                )
            return Outcome(Kind.CALENDAR, public_id)
        if leads == Kind.MESSAGE:
            message = lines(typed.text, MAX_MESSAGE)
            if not message:
                raise InvalidValue("enter the message to show")
            return Outcome(Kind.MESSAGE, message)
        if leads == Kind.URL:
            return Outcome(Kind.URL, web_address(typed.text))
        raise InvalidValue("choose where it leads")


def web_address(text: str) -> str:
    """An address that a browser may be sent to. Raises InvalidValue."""
    url = text.strip()
    if len(url) > MAX_URL:
        raise InvalidValue(f"too long: {len(url):,} characters, at most {MAX_URL}")
    try:
        _valid(url)
        parts = urlsplit(url)
    except (ValidationError, ValueError):
        raise InvalidValue("enter a web address that begins with https:// or http://") from None
    if "@" in parts.netloc or any(mark in url for mark in "\\\"'<>"):
        raise InvalidValue("enter a web address without user name and quotation marks")
    return url
