"""A sender of text messages that only remembers them, so that booking pages offer them."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from activities import sms


class Remembering:
    identity, replies_hint = "+15005550006", ""

    def __init__(self) -> None:
        self.sent: list[sms.SmsMessage] = []

    def send(self, message: sms.SmsMessage) -> sms.Accepted:
        self.sent.append(message)
        return sms.Accepted(f"SM{len(self.sent)}")

    def find(self, message: sms.SmsMessage, since: datetime) -> sms.Accepted | None:
        return None


@pytest.fixture
def sms_offered() -> Iterator[Remembering]:
    before, hint = sms.sender(), sms.setup_hint()
    sender = Remembering()
    sms.register(sender)
    yield sender
    sms.register(before, hint=hint)
