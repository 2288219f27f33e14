"""What every connector has in common: what it is asked to do, and how it says that it could not.

A connector spells one change for one vendor. It knows nothing of the outbox, never sleeps, tries
nothing twice by itself, and catches no more than its vendor's answers. What an answer means is
decided by one pure function in each connector, and told in these classes.
"""

from dataclasses import dataclass


class ConnectorError(Exception):
    """The message holds the vendor's own words, or ours where it said nothing. No personal data."""

    status = 0  # of HTTP, where there was an answer


class RetryableError(ConnectorError):
    """Not now: busy, limited, unreachable. `retry_after` is what the vendor asked for, in seconds."""

    def __init__(self, words: str, retry_after: float = 0.0) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class AnswerLostError(RetryableError):
    """The request has left, and what became of it is not known: read before writing again."""


class NotYet(RetryableError):
    """Something of ours has to happen first. The vendor has answered: it is not held against it."""


class ReconnectRequired(ConnectorError):
    """The sign-in is no longer good. The connection waits for a person; attempts are not spent."""


class Misconfigured(ConnectorError):
    """Ours, or the operator's, to mend: a wrong client secret, a limit of the plan."""


class PermanentError(ConnectorError):
    """Trying again cannot help: the vendor refuses this change for good."""


class PermissionMissing(PermanentError):
    """The sign-in is good, but lacks a right for this record."""


class TargetGone(PermanentError):
    """What was to be changed no longer exists there."""


class SkippedByPolicy(PermanentError):
    """Not changed on purpose (a past event, somebody else's event); the message says which."""


class ConflictError(ConnectorError):
    """Only a person can decide: the vendor holds the address on another record."""


@dataclass(frozen=True)
class Done:
    """What a write has left behind it, read back and confirmed.

    `changed` is False where the target showed the new values before anything was written.
    """

    external_id: str = ""
    version: str = ""  # the vendor's etag or modification stamp, where it has one
    changed: bool = True
    words: str = ""
    guest: str = ""  # the address as the vendor shows it, which may be another than was written
