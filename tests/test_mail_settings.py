"""How mail leaves, read from the environment."""

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.mail import mail_settings

SENDER = {"DEFAULT_FROM_EMAIL": "Kith <kith@example.com>"}


def read(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, object]:
    for name in list(os.environ):
        if name.startswith(("EMAIL_", "DEFAULT_FROM")):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return mail_settings()


def test_without_any_variable_mails_are_files(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch) == {
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"
    }


@pytest.mark.parametrize(
    ("url", "host", "port", "starttls", "tls"),
    [
        ("smtp://mail.example.com", "mail.example.com", 25, False, False),
        ("smtp+tls://me:p%40ss@mail.example.com", "mail.example.com", 587, True, False),
        ("smtps://me:p%40ss@mail.example.com", "mail.example.com", 465, False, True),
        ("smtp://me:p%40ss@mail.example.com:2525/?tls=1", "mail.example.com", 2525, True, False),
    ],
)
def test_email_url_says_it_all(
    monkeypatch: pytest.MonkeyPatch, url: str, host: str, port: int, starttls: bool, tls: bool
) -> None:
    found = read(monkeypatch, EMAIL_URL=url, **SENDER)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == (host, port)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (starttls, tls)
    assert found["EMAIL_HOST_PASSWORD"] == ("p@ss" if "@ss" in url or "%40" in url else "")
    assert found["EMAIL_TIMEOUT"] == 10


def test_the_variables_one_by_one_do_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"EMAIL_HOST": "mail.example.com", "EMAIL_USE_TLS": "1", "EMAIL_HOST_USER": "me"}
    found = read(monkeypatch, **given, **SENDER)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_HOST_USER"]) == (
        "mail.example.com", 587, "me",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"EMAIL_URL": "smtp://h"}, "DEFAULT_FROM_EMAIL is not set"),
        ({"EMAIL_URL": "ftp://secret@h", **SENDER}, "EMAIL_URL cannot be read"),
        ({"EMAIL_URL": "smtp://u:secret@h:port", **SENDER}, "EMAIL_URL cannot be read"),
        ({"EMAIL_URL": "smtp://h", "EMAIL_HOST": "h", **SENDER}, "both set"),
        ({"EMAIL_HOST": "h", "EMAIL_USE_TLS": "1", "EMAIL_USE_SSL": "1", **SENDER}, "both 1"),
        ({"EMAIL_HOST": "h", "EMAIL_PORT": "x", **SENDER}, "EMAIL_PORT"),
    ],
)
def test_what_cannot_be_understood_is_named_without_the_password(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], named: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=named) as refused:
        read(monkeypatch, **environment)
    assert "secret" not in str(refused.value)
