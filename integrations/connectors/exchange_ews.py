"""Events in a person's own calendar on an Exchange Server, by EWS. Needs the extra `exchange`.

EWS updates one property whole, under the change key that was read; `SendToChangedAndSaveCopy` invites
whom it adds. exchangelib's own defaults would overwrite what others have changed, and invite nobody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from exchangelib import (
    BASIC,
    DELEGATE,
    NTLM,
    Account,
    Body,
    CalendarItem,
    Configuration,
    Credentials,
    EWSDateTime,
    ExtendedProperty,
    FailFast,
    Mailbox,
    errors,
)
from exchangelib import UTC as EWS_UTC
from exchangelib import Attendee as Guest
from exchangelib.fields import FieldPath
from exchangelib.items import (
    ID_ONLY,
    NEVER_OVERWRITE,
    SEND_TO_ALL_AND_SAVE_COPY,
    SEND_TO_CHANGED_AND_SAVE_COPY,
)
from exchangelib.services import GetItem
from exchangelib.version import EXCHANGE_2016, Version

from activities.scheduling import Span
from integrations.connectors import calendars
from integrations.connectors.base import (
    AnswerLostError,
    ConflictError,
    ConnectorError,
    Done,
    PermanentError,
    PermissionMissing,
    ReconnectRequired,
    RetryableError,
    SkippedByPolicy,
    TargetGone,
)
from integrations.connectors.calendars import NewEvent
from integrations.connectors.calling import Changed
from integrations.connectors.exchange_pinned import NotConnected, RequestFailed, use
from integrations.connectors.exchange_sign_in import Mailbox as Place
from integrations.connectors.guests import Entry, GuestChange, Shape

LISTS = ("required_attendees", "optional_attendees", "resources")
READ = (*LISTS, "start", "end", "type", "is_cancelled", "my_response_type", "organizer")
ROUNDS = 2  # a stale change key: read again once
MOST = 1000  # events in a period, when asking when the host is busy
BUSY = {"Busy", "OOF", "Tentative"}
IN_SERIES = {"Occurrence", "Exception", "RecurringMaster"}
SIGN_INS = {"basic": BASIC, "ntlm": NTLM}
REFUSED = "The Exchange Server refused the user name or the password."
UNREACHED = "The Exchange Server could not be reached."
LOST = "The connection to the Exchange Server broke before its answer came."
PRIVATE_LIST = "A private distribution list is among the guests. Exchange would drop it, so nothing is changed."
SERIES = "The event is part of a series, whose guests Exchange does not change one by one."


class KithMeeting(ExtendedProperty):
    """The property under which our events are found again."""

    property_set_id = "6f0c9d1e-5a3b-4c55-9d0e-3f3c9b7f2a11"
    property_name = "KithMeeting"
    property_type = "String"


CalendarItem.register("kith_meeting", KithMeeting)
use()

SHAPE = Shape(
    address=lambda entry: _address(entry["guest"]),
    answer=lambda entry: entry["guest"].response_type or "Unknown",
    is_fixed=lambda entry: entry["list"] == "resources",
    renewed=lambda entry, change: {"list": entry["list"], "guest": _invited(change, entry)},
)


class ExchangeServer(calendars.EventCaller):
    """A CalendarConnector."""

    vendor = "Exchange Server"

    def __init__(self, place: Place) -> None:
        self.place = place
        self._account: Account | None = None

    @property
    def account(self) -> Account:
        """The mailbox; made without asking the server anything."""
        if self._account is None:
            config = Configuration(
                service_endpoint=self.place.url,
                credentials=Credentials(self.place.user_name, self.place.password),
                auth_type=SIGN_INS[self.place.sign_in],
                version=Version(build=EXCHANGE_2016),
                retry_policy=FailFast(),
                max_connections=1,
            )
            self._account = Account(
                self.place.address, config=config, autodiscover=False, access_type=DELEGATE,
                default_timezone=EWS_UTC, locale="en_US",
            )  # fmt: skip
        return self._account

    def create(self, event: NewEvent) -> Done:
        """Looked for first, by a property of ours."""
        found = self.find(event.key)
        if found:
            return Done(found, changed=False)
        with _asked():
            folder = self.account.calendar
        item = CalendarItem(
            account=self.account, folder=folder, subject=event.subject, kith_meeting=event.key,
            start=_stamp(event.starts_at), end=_stamp(event.ends_at), location=event.location or None,
            body=Body(event.description) if event.description else None,
            required_attendees=[_guest(guest.address, guest.name) for guest in event.guests],
        )  # fmt: skip
        with _asked(write=True):
            item.save(send_meeting_invitations=SEND_TO_ALL_AND_SAVE_COPY)
        return Done(item.id, item.changekey)

    def find(self, key: str) -> str:
        with _asked():
            rows = self.account.calendar.filter(kith_meeting=key).only("id", "changekey")
            found = list(rows[:1])
        return str(found[0].id) if found else ""

    def move(self, external_id: str, starts_at: datetime, ends_at: datetime) -> Done:
        def step() -> Done:
            event = self.read(external_id)
            self.refuse(event, guests=False)
            if (event["item"].start, event["item"].end) == (starts_at, ends_at):
                return Done(external_id, self.version(event), changed=False)
            event["item"].start, event["item"].end = _stamp(starts_at), _stamp(ends_at)
            self._save(event, ["start", "end"], SEND_TO_ALL_AND_SAVE_COPY)
            written = self._read_back(external_id)
            if (written["item"].start, written["item"].end) != (starts_at, ends_at):
                raise ConflictError(calendars.NOT_CONFIRMED)
            return Done(external_id, self.version(written))

        return calendars.until_unchanged(step, rounds=ROUNDS)

    def cancel(self, external_id: str) -> Done:
        try:
            event = self.read(external_id)
            if event["item"].is_cancelled:
                return Done(external_id, changed=False)
            self.refuse(event, guests=False)
            with _asked(write=True):
                event["item"].soft_delete(send_meeting_cancellations=SEND_TO_ALL_AND_SAVE_COPY)
        except TargetGone:
            return Done(external_id, changed=False)
        return Done(external_id)

    def busy(
        self, start: datetime, end: datetime, *, besides: frozenset[str] = frozenset()
    ) -> list[Span]:
        with _asked():
            view = self.account.calendar.view(_stamp(start), _stamp(end), max_items=MOST)
            rows = list(view.only("start", "end", "legacy_free_busy_status", "is_cancelled"))
        if len(rows) >= MOST:
            raise RetryableError("There are too many events to tell when the host is busy.")
        return [
            Span(_plain(row.start), _plain(row.end))
            for row in rows
            if _is_busy(row) and row.id not in besides
        ]

    def replace_guest(self, external_id: str, change: GuestChange) -> Done:
        return calendars.until_unchanged(lambda: self._replace(external_id, change), rounds=ROUNDS)

    def read(self, external_id: str) -> dict[str, Any]:
        fields = [FieldPath(field=CalendarItem.get_field_by_fieldname(name)) for name in READ]
        with _asked():
            service = GetItem(account=self.account)
            [item] = service.call(
                items=[(external_id, None)], additional_fields=fields, shape=ID_ONLY
            )
            if isinstance(item, Exception):
                raise item
        if not isinstance(item, CalendarItem) or not item.changekey:
            raise self.unreadable("GET")
        item.account = self.account
        return {"id": external_id, "item": item}

    def patch(self, event: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Write those of the three lists that differ, and read what is stored."""
        item, changed = event["item"], []
        for name in LISTS:
            wanted = [entry["guest"] for entry in body["attendees"] if entry["list"] == name]
            if wanted != (getattr(item, name) or []):
                setattr(item, name, wanted or None)
                changed.append(name)
        self._save(event, changed, SEND_TO_CHANGED_AND_SAVE_COPY)
        return self._read_back(event["id"])

    def _save(self, event: dict[str, Any], fields: list[str], invitations: str) -> None:
        with _asked(write=True):
            event["item"].save(
                update_fields=fields, conflict_resolution=NEVER_OVERWRITE,
                send_meeting_invitations=invitations,
            )  # fmt: skip

    def _read_back(self, external_id: str) -> dict[str, Any]:
        """A reading that fails says nothing of the write, which is done."""
        try:
            return self.read(external_id)
        except RetryableError as error:
            raise AnswerLostError(str(error), error.retry_after) from None

    def refuse(self, event: dict[str, Any], *, guests: bool = True) -> None:
        item = event["item"]
        if item.is_cancelled:
            raise TargetGone(calendars.GONE)
        if item.type in IN_SERIES:
            raise SkippedByPolicy(SERIES)
        if (item.my_response_type or "Organizer") != "Organizer":
            raise SkippedByPolicy(calendars.NOT_ORGANIZER)
        if guests and item.end is not None and item.end <= datetime.now(UTC):
            raise SkippedByPolicy(calendars.PAST)
        kinds = {entry["guest"].mailbox.mailbox_type for entry in self.entries(event)}
        if guests and "PrivateDL" in kinds:
            raise SkippedByPolicy(PRIVATE_LIST)

    def version(self, event: dict[str, Any]) -> str:
        return str(event["item"].changekey or "")

    def entries(self, event: dict[str, Any]) -> list[Entry]:
        return [
            {"list": name, "guest": guest}
            for name in LISTS
            for guest in getattr(event["item"], name) or []
        ]

    def shape(self, event: dict[str, Any]) -> Shape:
        return SHAPE


@contextmanager
def _asked(*, write: bool = False) -> Iterator[None]:
    """What goes wrong, in the classes of connectors.base. Raises Changed for a stale change key."""
    try:
        yield
    except (errors.EWSError, RequestFailed) as error:
        raise error_of(error, write=write) from None


def error_of(error: Exception, *, write: bool = False) -> ConnectorError | Changed:
    """What an error means. Pure: by its class, which is the server's response code."""
    match error:
        case errors.UnauthorizedError():
            return ReconnectRequired(REFUSED)
        case (
            errors.ErrorIrresolvableConflict()
            | errors.ErrorStaleObject()
            | errors.ErrorChangeKeyRequired()
            | errors.ErrorChangeKeyRequiredForWriteOperations()
        ):
            return Changed()
        case errors.ErrorItemNotFound():
            return TargetGone(calendars.GONE)
        case errors.ErrorInvalidPropertySet() | errors.ErrorInvalidPropertyRequest():
            return SkippedByPolicy(SERIES)
        case errors.ErrorAccessDenied() | errors.ErrorNonExistentMailbox():
            return PermissionMissing(_words(error))
        case errors.ErrorServerBusy():
            return RetryableError(_words(error), float(error.back_off or 0))
        case (
            errors.ErrorInternalServerTransientError()
            | errors.ErrorInternalServerError()
            | errors.ErrorMailboxStoreUnavailable()
            | errors.ErrorConnectionFailed()
            | errors.ErrorConnectionFailedTransientError()
            | errors.RateLimitError()
        ):
            return RetryableError(_words(error))
        case errors.ResponseMessageError() if not isinstance(error, errors.ErrorTimeoutExpired):
            return PermanentError(_words(error))
        case NotConnected():
            return RetryableError(UNREACHED)
    # exchangelib tells a connection that broke, or none at all, as ErrorTimeoutExpired.
    return AnswerLostError(LOST) if write else RetryableError(UNREACHED)


def _words(error: Exception) -> str:
    """The response code, which names no person, as the server's sentences may."""
    return f"{type(error).__name__} (Exchange Server)"


def _is_busy(row: CalendarItem) -> bool:
    return bool(
        row.legacy_free_busy_status in BUSY and not row.is_cancelled and row.start < row.end
    )


def _address(guest: Guest) -> str:
    return str(guest.mailbox.email_address or "")


def _guest(address: str, name: str) -> Guest:
    mailbox = Mailbox(email_address=address, name=name or address)
    return Guest(mailbox=mailbox, response_type="Unknown")


def _invited(change: GuestChange, entry: Entry) -> Guest:
    """The new guest has answered nothing yet."""
    return _guest(change.current, change.name or entry["guest"].mailbox.name or "")


def _plain(moment: EWSDateTime) -> datetime:
    """A time of exchangelib's as everybody else's."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)


def _stamp(moment: datetime) -> EWSDateTime:
    """A time in UTC, whole seconds."""
    return EWSDateTime.from_datetime(moment.astimezone(UTC).replace(microsecond=0))
