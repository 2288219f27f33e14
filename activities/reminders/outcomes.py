"""What became of one attempt to send, whatever the channel."""

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """ACCEPTED: the other side has it. REFUSED: for good. LATER: not now. UNKNOWN: its answer was
    lost, so the guest may have the message or not."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATER = "later"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """`words` are the other side's, or ours where it said nothing."""

    result: Result
    words: str = ""
    provider_id: str = ""
    retry_after: float = 0.0  # seconds that the other side asked to wait
    opted_out: bool = False  # the number has said STOP to them


class Unreachable(Exception):
    """The way out is closed for every message: nothing has left. The message says why."""
