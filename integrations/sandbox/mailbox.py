"""The demo's mailbox: the mails that Django's file back end has written, newest first."""

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path

from django.conf import settings

from contacts.access import may_administer
from contacts.models import User

SEPARATOR = b"\n" + b"-" * 79 + b"\n"  # what the back end writes after each mail
SHOWN = 50
FILES = "django.core.mail.backends.filebased.EmailBackend"


def is_shown() -> bool:
    """In the demo, where mails are files."""
    return settings.KITH_MODE in {"demo", "test"} and settings.EMAIL_BACKEND == FILES


def shown_to(user: User) -> bool:
    return is_shown() and may_administer(user)


@dataclass(frozen=True)
class Mail:
    """One mail as its receiver reads it."""

    at: datetime
    to: str
    subject: str
    text: str
    attachments: tuple[str, ...]


def sent() -> list[Mail]:
    """The last mails."""
    folder = Path(settings.EMAIL_FILE_PATH)
    files = sorted(folder.glob("*.log"), reverse=True) if folder.is_dir() else []
    mails = (mail for path in islice(files, SHOWN) for mail in _mails_in(path))
    return sorted(mails, key=lambda mail: mail.at, reverse=True)[:SHOWN]


def _mails_in(path: Path) -> list[Mail]:
    parts = path.read_bytes().split(SEPARATOR)
    return [_read(part.lstrip(b"\n")) for part in parts if part.strip()]


def _read(raw: bytes) -> Mail:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    return Mail(
        at=_moment(str(message["Date"] or "")),
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=body.get_content() if body else "",
        attachments=tuple(part.get_filename() or "" for part in message.iter_attachments()),
    )


def _moment(text: str) -> datetime:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # "-0000" is UTC
