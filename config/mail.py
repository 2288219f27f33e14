"""How mail leaves: from EMAIL_URL, or from the usual variables one by one."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import env_bool, env_int, env_text

SMTP = "django.core.mail.backends.smtp.EmailBackend"
FILES = "django.core.mail.backends.filebased.EmailBackend"
#: scheme of EMAIL_URL -> (default port, STARTTLS, TLS from the start)
SCHEMES = {"smtp": (25, False, False), "smtp+tls": (587, True, False), "smtps": (465, False, True)}
TIMEOUT = 10  # seconds; a worker waits for a mail server, never a page


def mail_settings() -> dict[str, Any]:
    """Django's EMAIL_* settings. Without any variable mails are files (EMAIL_FILE_PATH).

    Raises ImproperlyConfigured for what cannot be understood.
    """
    url, host = env_text("EMAIL_URL"), env_text("EMAIL_HOST")
    if url and host:
        raise ImproperlyConfigured("EMAIL_URL and EMAIL_HOST are both set. Keep one of them.")
    if not url and not host:
        return {"EMAIL_BACKEND": FILES}
    if not env_text("DEFAULT_FROM_EMAIL"):
        raise ImproperlyConfigured(
            "DEFAULT_FROM_EMAIL is not set. Mails need a sender, for example Kith <kith@example.com>"
        )
    return {
        "EMAIL_BACKEND": SMTP,
        "EMAIL_TIMEOUT": TIMEOUT,
        **(_from_url(url) if url else _one_by_one(host)),
    }


def _from_url(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _not_understood() from None
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise _not_understood()
    default_port, starttls, tls = SCHEMES[parts.scheme]
    if parse_qs(parts.query).get("tls") in (["1"], ["true"]):
        starttls = not tls
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or (587 if starttls else default_port),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": starttls,
        "EMAIL_USE_SSL": tls,
    }


def _not_understood() -> ImproperlyConfigured:
    """Without the value: it holds a password."""
    return ImproperlyConfigured(
        "EMAIL_URL cannot be read. Use smtp+tls://user:password@mail.example.com:587 "
        "(smtps:// for TLS from the start, smtp:// for none)."
    )


def _one_by_one(host: str) -> dict[str, Any]:
    starttls, tls = env_bool("EMAIL_USE_TLS", False), env_bool("EMAIL_USE_SSL", False)
    if starttls and tls:
        raise ImproperlyConfigured("EMAIL_USE_TLS and EMAIL_USE_SSL are both 1. Keep one of them.")
    return {
        "EMAIL_HOST": host,
        "EMAIL_PORT": env_int("EMAIL_PORT", 465 if tls else 587 if starttls else 25),
        "EMAIL_HOST_USER": env_text("EMAIL_HOST_USER"),
        "EMAIL_HOST_PASSWORD": env_text("EMAIL_HOST_PASSWORD"),
        "EMAIL_USE_TLS": starttls,
        "EMAIL_USE_SSL": tls,
    }
