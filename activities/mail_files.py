"""Mails that lie as files, where no mail server is set up: erasing a person reaches them, too.

Django writes them into EMAIL_FILE_PATH, several to a file, each followed by a line of dashes.
"""

import re
from collections.abc import Iterable
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from django.conf import settings
from django.db import transaction

from contacts.erasing import Counts, Eraser, Subject

BETWEEN = b"-" * 79 + b"\n"
WHAT = "mails kept as files"


def plan(subject: Subject) -> Counts:
    return {WHAT: sum(len(dropped) for _, dropped, _ in _found(_addresses(subject)))}


def erase(subject: Subject) -> Counts:
    """Once the erasing is certain: a file does not come back when a transaction is undone."""
    addresses = _addresses(subject)
    transaction.on_commit(lambda: _rewrite(addresses))
    return plan(subject)


def _addresses(subject: Subject) -> list[str]:
    return [known.value for known in subject.identifiers if known.kind == "email"]


def _found(addresses: list[str]) -> Iterable[tuple[Path, list[bytes], list[bytes]]]:
    """Each file that holds mails to or about the person: those, and the others in it."""
    if not addresses or not settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        return
    # No address is found within a longer one.
    either = "|".join(re.escape(address) for address in addresses)
    named = re.compile(rf"(?<![\w.+-])(?:{either})(?![\w-]|\.\w)", re.IGNORECASE)
    for path in sorted(Path(settings.EMAIL_FILE_PATH).glob("*.log")):
        mails = [part for part in path.read_bytes().split(BETWEEN) if part.strip()]
        dropped = [mail for mail in mails if named.search(_text(message_from_bytes(mail.lstrip())))]
        if dropped:
            yield path, dropped, [mail for mail in mails if mail not in dropped]


def _text(message: Message) -> str:
    """Headers and every readable part, decoded."""
    parts = [str(value) for value in message.values()]
    for part in message.walk():
        payload = part.get_payload(decode=True)
        parts += [payload.decode("utf-8", "replace")] if isinstance(payload, bytes) else []
    return "\n".join(parts)


def _rewrite(addresses: list[str]) -> None:
    for path, _, kept in list(_found(addresses)):
        if kept:
            path.write_bytes(b"".join(mail + BETWEEN for mail in kept))
        else:
            path.unlink(missing_ok=True)


ERASER = Eraser(plan=plan, erase=erase)
