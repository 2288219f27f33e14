"""Sending text messages: what an app that can do so registers.

`activities` opens no connection and knows no provider. Whoever does registers an SmsSender from
`AppConfig.ready`; without one, or before it is set up, text messages are not offered.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class SmsMessage:
    """One message to one number (E.164). `reminder_id` comes back with its delivery status."""

    to: str
    body: str
    reminder_id: int


@dataclass(frozen=True)
class Accepted:
    """The provider has the message, under its own id."""

    id: str
    words: str = ""


class SmsError(Exception):
    """A message that was not accepted; the text is the provider's, or ours where it said nothing."""


class Refused(SmsError):
    """The provider will not send this message to this number, now or later."""


class OptedOut(Refused):
    """The number has told the provider to stop."""


class NotNow(SmsError):
    """The provider did not take it, and may later; nothing has left."""


class Throttled(NotNow):
    """Too many messages. `retry_after` is in seconds; 0 where the provider did not say."""

    def __init__(self, words: str, retry_after: float = 0.0) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class NotConfigured(NotNow):
    """The provider does not accept our sign-in, or our number may not send."""


class Ambiguous(SmsError):
    """The provider's answer was lost: the message may be on its way or not."""


class SmsSender(Protocol):
    """Sends one message at a time, with no transaction open."""

    #: The number or service that guests see and reply to: what a STOP is said to.
    identity: str
    #: What is to be set up there so that replies come in, for people.
    replies_hint: str

    def send(self, message: SmsMessage) -> Accepted:
        """Raises one of the errors above, and nothing else."""
        ...

    def find(self, message: SmsMessage, since: datetime) -> Accepted | None:
        """The same message, if the provider has had it since then: asked after a lost answer.

        Raises NotNow where it does not tell.
        """
        ...


_sender: SmsSender | None = None
_hint = "This installation has no provider for text messages."


def register(sender: SmsSender | None, *, hint: str = "") -> None:
    """Use `sender` from now on; None where it is not set up, and `hint` says what to set."""
    global _sender, _hint
    _sender, _hint = sender, hint or _hint


def sender() -> SmsSender | None:
    return _sender


def setup_hint() -> str:
    """What to do so that text messages can be sent, for people."""
    return _hint
