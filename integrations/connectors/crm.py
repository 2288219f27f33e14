"""What Kith asks of a CRM, whichever vendor keeps it.

A connector reads and writes one record; which record is a contact's, and what is written to it, is
decided in integrations.crm, once for all vendors. Deleting is not among the things it can do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from integrations.connectors.base import ConflictError, PermanentError

GONE = "The record no longer exists."
#: Kinds of a vendor's fields, in common words.
TEXT, EMAIL, PHONE, NUMBER, DATE = "text", "email", "phone", "number", "date"
YES_NO, CHOICE, CHOICES, OTHER = "yes/no", "choice", "choices", "other"


@dataclass(frozen=True)
class RemoteField:
    """A field of the vendor's records. `options` are (value, label) of a choice."""

    name: str
    label: str
    kind: str = TEXT
    options: tuple[tuple[str, str], ...] = ()
    locked: bool = False  # shown, but not ours to write
    required: bool = False  # a record without it is refused
    custom: bool = False


@dataclass(frozen=True)
class Record:
    """One record as it is there: its values as text under the vendor's names, blank ones left out."""

    id: str
    kind: str = "contact"  # "lead"
    values: Mapping[str, str] = field(default_factory=dict)
    #: Every address under which the vendor finds it, lower-case; the first one is its own.
    emails: tuple[str, ...] = ()
    modified: str = ""  # ISO 8601
    url: str = ""


@dataclass(frozen=True)
class LoggedMeeting:
    """A meeting as the CRM is to show it. `key` is ours, the same at every try."""

    key: str
    title: str
    starts_at: datetime
    ends_at: datetime
    state: str  # activities.models.Meeting.Status
    location: str = ""
    text: str = ""


class AddressTaken(ConflictError):
    """Another record there has the address; `other` is its id, "" where the vendor did not say."""

    def __init__(self, words: str, other: str = "") -> None:
        super().__init__(words)
        self.other = other


class DuplicatesFound(AddressTaken):
    """The account's own rules take these records for the same; nothing was written."""

    def __init__(self, words: str, others: Sequence[str] = ()) -> None:
        super().__init__(words, next(iter(others), ""))
        self.others = tuple(others)


class FieldsRefused(PermanentError):
    """These fields cannot be written: removed or locked there since they were mapped."""

    def __init__(self, words: str, names: Sequence[str] = ()) -> None:
        super().__init__(words)
        self.names = tuple(names)


class ValuesMissing(PermanentError):
    """A rule of the account refuses a record without a value in these fields."""

    def __init__(self, words: str, names: Sequence[str] = ()) -> None:
        super().__init__(words)
        self.names = tuple(names)


class CrmConnector(Protocol):
    """One vendor's account. Raises the classes of connectors.base, AddressTaken, FieldsRefused,
    ValuesMissing.

    `fields` are the vendor's names of the values that are to be read along.
    """

    #: How much of the vendor's allowance is used, as it was told last; 0 where it does not say.
    used: float

    def account_details(self) -> tuple[str, str]:
        """The vendor's id of the account that the sign-in is for, and the account's time zone."""
        ...

    def remote_fields(self) -> list[RemoteField]: ...

    def read(self, record_id: str, fields: Sequence[str]) -> Record:
        """The record, or the one that it was merged into. Raises TargetGone."""
        ...

    def by_key(self, key: str, fields: Sequence[str]) -> list[Record]:
        """Those that carry this id of ours; none where the account has no place for it."""
        ...

    def by_email(self, address: str, fields: Sequence[str]) -> list[Record]:
        """Those that have the address, as their own or as a further one; the last modified first."""
        ...

    def by_phone(self, number: str, fields: Sequence[str]) -> list[Record]:
        """The last modified one first; from an index that may lag behind."""
        ...

    def made_since(
        self, values: Mapping[str, str], moment: datetime, fields: Sequence[str]
    ) -> list[Record]:
        """Records with just these values that were made since: the trace of a create of ours."""
        ...

    def create(self, values: Mapping[str, str], fields: Sequence[str], key: str = "") -> Record:
        """A new record, as it is stored. `key` is our id, for an account that has a place for it."""
        ...

    def update(self, record: Record, values: Mapping[str, str], fields: Sequence[str]) -> Record:
        """The record as it is read back after the write."""
        ...

    def read_many(self, record_ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record]:
        """By the id that was asked for; those that are gone or merged are left out."""
        ...

    def update_many(
        self, values: Mapping[str, Mapping[str, str]], fields: Sequence[str]
    ) -> dict[str, Record]:
        """By record id, as they were read back. Which are missing is told by writing them singly."""
        ...

    def find_many(self, addresses: Sequence[str], fields: Sequence[str]) -> dict[str, Record]:
        """By the address that was asked for, lower-case."""
        ...

    def make_many(
        self, values: Mapping[str, Mapping[str, str]], fields: Sequence[str]
    ) -> dict[str, Record]:
        """New records by their address, read back. The same again makes none twice."""
        ...

    def merge(self, keep: Record, fold: Record, fields: Sequence[str]) -> Record:
        """Fold one record into the other, for good: only because a person has said so."""
        ...

    def log_meeting(self, record: str, meeting: LoggedMeeting, *, look_first: bool) -> str:
        """Log it at the record; its id. `look_first` where an earlier try may have left one."""
        ...

    def change_meeting(self, meeting_id: str, meeting: LoggedMeeting) -> bool:
        """Bring it up to date; whether anything was written. Raises TargetGone."""
        ...
