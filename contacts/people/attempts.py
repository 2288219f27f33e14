"""How often somebody may try: passwords, codes, requests for a link.

Counted in the database (several web processes), and before the check rather than after it, so that
many requests at once get no more guesses than one after the other. Three counters: the pair of user
and address, the user from everywhere, the address for everybody. A user who has signed in from an
address before is held up there by the pair's counter alone: what a stranger does from elsewhere does
not keep them out. "User" is what was typed, so an unknown user is told the same as a known one.
"""

import logging
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from contacts import history
from contacts.models import SignInCounter, Source, User
from contacts.retrying import Busy, retrying
from contacts.signals import Actor

logger = logging.getLogger(__name__)
FORGET_AFTER = timedelta(hours=1)  # without a try
KNOWN_FOR = timedelta(days=30)
KEEP_FOR = timedelta(days=2)


class Kind(StrEnum):
    PASSWORD = "password"
    CODE = "code"
    RESET = "reset"
    INVITATION = "invitation"


@dataclass(frozen=True)
class Limit:
    """From try `slow_from` on, waiting doubles from 2 seconds to `longest`; from try `lock_from` on
    it is `longest` at once."""

    slow_from: int
    longest: timedelta
    lock_from: int = 10**9

    def wait(self, tries: int) -> timedelta:
        """How long to wait after this many tries."""
        if tries < self.slow_from:
            return timedelta(0)
        if tries >= self.lock_from:
            return self.longest
        return min(timedelta(seconds=2 ** min(tries - self.slow_from + 1, 20)), self.longest)


_PAIR = Limit(slow_from=5, lock_from=10, longest=timedelta(minutes=15))
_USER = Limit(slow_from=10, longest=timedelta(minutes=5))
_ADDRESS = Limit(slow_from=30, longest=timedelta(minutes=15))
_MAILS = Limit(slow_from=5, lock_from=5, longest=timedelta(hours=1))
LIMITS: dict[Kind, dict[str, Limit]] = {
    Kind.PASSWORD: {"address": _ADDRESS, "pair": _PAIR, "user": _USER},
    Kind.CODE: {"pair": _PAIR, "user": _USER},
    Kind.RESET: {"address": _ADDRESS, "user": _MAILS},
    Kind.INVITATION: {"user": _MAILS},
}


class Slowed(Exception):
    """Too many tries: nothing was checked."""

    def __init__(self, until: datetime, scope: str) -> None:
        super().__init__("slowed")
        self.until = until
        self.scope = scope

    @property
    def seconds(self) -> int:
        return max(1, round((self.until - timezone.now()).total_seconds()))

    @property
    def words(self) -> str:
        """ "in 15 minutes", "in 8 seconds"."""
        if self.seconds < 60:
            return f"in {self.seconds} second{'s' if self.seconds > 1 else ''}"
        minutes = -(-self.seconds // 60)
        return f"in {minutes} minute{'s' if minutes > 1 else ''}"


@dataclass(frozen=True)
class Attempt:
    """A try that was counted as a wrong one, until it `succeeded`."""

    kind: Kind
    keys: dict[str, str]

    def succeeded(self, *, known: bool = False) -> None:
        """Take the try back. `known`: the user is wholly signed in, so the address is theirs."""
        _settle(self.kind, self.keys, known=known)


def begin(kind: Kind, who: str, address: str = "") -> Attempt:
    """Count a try of the user with the e-mail `who`. Raises Slowed; then it was not counted."""
    keys = _keys(kind, who, address)
    # Asked for whether it is needed or not: an unknown user must cost the same.
    user = User.objects.filter(email__iexact=who).values_list("pk", flat=True).first()
    try:
        refused = _count(kind, keys, user)
    except Busy:
        refused = Slowed(timezone.now() + timedelta(seconds=1), "pair")
    if refused is not None:
        raise refused
    return Attempt(kind, keys)


def know(who: str, address: str) -> None:
    """The user is wholly signed in from this address, after a second step."""
    keys = {"pair": _keys(Kind.PASSWORD, who, address)["pair"]}
    _settle(Kind.PASSWORD, keys, known=True)


def forget(who: str, address: str) -> None:
    """Begin anew for a user who has proved who they are in another way (a link by mail)."""
    for kind in (Kind.PASSWORD, Kind.CODE):
        keys = _keys(kind, who, address)
        mine = SignInCounter.objects.filter(kind=kind, key__in=[keys["user"], keys["pair"]])
        mine.delete()


def prune() -> None:
    """Throw away what counts no longer."""
    now = timezone.now()
    stale = SignInCounter.objects.filter(last_at__lt=now - KEEP_FOR)
    stale.filter(Q(known_until=None) | Q(known_until__lt=now)).delete()


def _keys(kind: Kind, who: str, address: str) -> dict[str, str]:
    # Capitals first: ı and ſ are i and s for a database that compares in capitals.
    who = unicodedata.normalize("NFC", who.strip()).upper().lower()
    texts = {"pair": f"{who}|{address}", "user": who, "address": address}
    return {
        scope: salted_hmac(f"kith.attempts.{kind}.{scope}", texts[scope], algorithm="sha256").hexdigest()
        for scope in LIMITS[kind]
    }  # fmt: skip


@retrying
@transaction.atomic
def _count(kind: Kind, keys: dict[str, str], user: int | None) -> Slowed | None:
    now = timezone.now()
    rows = _locked(kind, keys)
    refused = _refusal(rows, now)
    if refused is None:
        for row in rows.values():
            _add(row, now, user)
    elif refused.scope == "pair" and rows["pair"].tries < LIMITS[kind]["pair"].lock_from:
        _add(rows["pair"], now, user)  # who hammers while being slowed is locked the sooner
        assert rows["pair"].wait_until is not None
        refused = Slowed(rows["pair"].wait_until, "pair")
    _write(rows)
    return refused


def _locked(kind: Kind, keys: dict[str, str]) -> dict[str, SignInCounter]:
    """The counters, made where they are new, and locked in id order."""
    SignInCounter.objects.bulk_create(
        [SignInCounter(kind=kind, scope=scope, key=keys[scope]) for scope in sorted(keys)],
        ignore_conflicts=True,
    )
    rows = SignInCounter.objects.select_for_update().filter(kind=kind, key__in=keys.values())
    return {row.scope: row for row in rows.order_by("pk")}


def _refusal(rows: dict[str, SignInCounter], now: datetime) -> Slowed | None:
    pair = rows.get("pair")
    known = pair is not None and pair.known_until is not None and pair.known_until > now
    counting = [pair] if known and pair is not None else rows.values()
    waits = [
        (row.wait_until, row.scope) for row in counting if row.wait_until and row.wait_until > now
    ]
    return Slowed(*max(waits)) if waits else None


def _add(row: SignInCounter, now: datetime, user: int | None) -> None:
    limit = LIMITS[Kind(row.kind)][row.scope]
    if row.last_at < now - FORGET_AFTER:
        row.tries = 0
    row.tries += 1
    row.last_at = now
    wait = limit.wait(row.tries)
    row.wait_until = now + wait if wait else None
    event = {limit.slow_from: "slowed", limit.lock_from: "locked"}.get(row.tries)
    if event:
        logger.warning("%s tries %s by %s, user %s", row.kind, event, row.scope, user or "unknown")
        actor = Actor(None, Source.PERSON)
        history.audit(actor, f"signin.{event}", str(user or ""), kind=row.kind, by=row.scope)


@retrying
@transaction.atomic
def _settle(kind: Kind, keys: dict[str, str], *, known: bool) -> None:
    now = timezone.now()
    rows = _locked(kind, keys)
    for row in rows.values():
        row.tries = 0 if row.scope == "pair" else max(row.tries - 1, 0)
        if row.tries < LIMITS[kind][row.scope].slow_from:
            row.wait_until = None  # else others went too far: their waiting is not taken back
        if known and row.scope == "pair":
            row.known_until = now + KNOWN_FOR
    _write(rows)


def _write(rows: dict[str, SignInCounter]) -> None:
    columns = ["tries", "last_at", "wait_until", "known_until"]
    SignInCounter.objects.bulk_update(rows.values(), columns)
