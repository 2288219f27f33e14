"""A clock to set, and an authenticator app."""

import base64
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP

from contacts.models import User
from contacts.people import letters, links, second_factor


class Clock:
    """What time it is, for Django and for codes; it moves only when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = timezone.now()
        monkeypatch.setattr(timezone, "now", lambda: self.now)
        monkeypatch.setattr(time, "time", lambda: self.now.timestamp())

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def set(self, moment: datetime) -> None:
        self.now = moment.astimezone(UTC)


class App:
    """An authenticator app with one secret."""

    def __init__(self, typed: str) -> None:
        self.key = base64.b32decode(typed.replace(" ", ""))

    @property
    def code(self) -> str:
        totp = TOTP(self.key)
        totp.time = time.time()
        return f"{totp.token():06d}"

    @property
    def wrong_code(self) -> str:
        return f"{(int(self.code) + 500_000) % 1_000_000:06d}"


def with_second_factor(user: User) -> tuple[App, list[str]]:
    """Turn it on; the app and the recovery codes. The code of now is used up."""
    setup = second_factor.new_setup(user)
    app = App(setup.typed)
    _, codes = second_factor.set_up(user=user, sealed=setup.sealed, code=app.code)
    user.refresh_from_db()
    return app, codes


def token_of(invited: User) -> str:
    return links.invitation_link(invited).rpartition("/invitation/")[2].rstrip("/")


def mail_goes_out() -> list[EmailMessage]:
    """What a worker does, here and now; the mails that it has sent."""
    for pk in letters.due():
        letters.deliver(pk)
    return mail.outbox


def path_in(letter: EmailMessage) -> str:
    """Where the link in a mail leads."""
    match = re.search(r"http://127\.0\.0\.1:8000(/\S+)", str(letter.body))
    assert match
    return match[1]


def sealed_in(response: Any) -> str:
    match = re.search(r'name="sealed" value="([^"]+)"', response.content.decode())
    assert match
    return match[1]


def sign_in(client: Client, email: str, password: str = "kith-demo", **more: Any) -> Any:
    return client.post("/login/", {"username": email, "password": password}, **more)
