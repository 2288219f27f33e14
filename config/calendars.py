"""Which calendars colleagues can connect: those of vendors that have given us a client id."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import env_text
from config.sms import LOOPBACK

SEND_UPDATES = ("externalOnly", "all", "none")
GOOGLE_URLS = {
    "GOOGLE_CALENDAR_API": "https://www.googleapis.com/calendar/v3",
    "GOOGLE_AUTHORIZE_URL": "https://accounts.google.com/o/oauth2/v2/auth",
    "GOOGLE_TOKEN_URL": "https://oauth2.googleapis.com/token",
}
MICROSOFT_URLS = {
    "MICROSOFT_GRAPH_API": "https://graph.microsoft.com/v1.0",
    "MICROSOFT_LOGIN_URL": "https://login.microsoftonline.com",
}


def calendar_settings() -> dict[str, dict[str, Any] | None]:
    """By the connector's kind: client, addresses, options; None where no client id is set.

    Raises ImproperlyConfigured where only half is set, or an address cannot be one.
    """
    return {"google_calendar": _google(), "microsoft_graph": _microsoft()}


def _google() -> dict[str, Any] | None:
    client = client_of("GOOGLE")
    if client is None:
        return None
    send = env_text("GOOGLE_SEND_UPDATES") or SEND_UPDATES[0]
    if send not in SEND_UPDATES:
        raise ImproperlyConfigured(f"GOOGLE_SEND_UPDATES is one of {', '.join(SEND_UPDATES)}.")
    urls = {name: url_of(name, default) for name, default in GOOGLE_URLS.items()}
    return {
        **client,
        "api": urls["GOOGLE_CALENDAR_API"],
        "authorize_url": urls["GOOGLE_AUTHORIZE_URL"],
        "token_url": urls["GOOGLE_TOKEN_URL"],
        "send_updates": send,
    }


def _microsoft() -> dict[str, Any] | None:
    client = client_of("MICROSOFT")
    if client is None:
        return None
    tenant = env_text("MICROSOFT_TENANT") or "common"
    if not tenant.replace("-", "").replace(".", "").isalnum():
        raise ImproperlyConfigured("MICROSOFT_TENANT is a tenant's id or domain, or common.")
    urls = {name: url_of(name, default) for name, default in MICROSOFT_URLS.items()}
    login = f"{urls['MICROSOFT_LOGIN_URL']}/{tenant}/oauth2/v2.0"
    return {
        **client,
        "api": urls["MICROSOFT_GRAPH_API"],
        "authorize_url": f"{login}/authorize",
        "token_url": f"{login}/token",
    }


def client_of(vendor: str) -> dict[str, str] | None:
    names = (f"{vendor}_CLIENT_ID", f"{vendor}_CLIENT_SECRET")
    client, secret = (env_text(name) for name in names)
    if not client and not secret:
        return None
    for name, value in zip(names, (client, secret), strict=True):
        if not value:
            raise ImproperlyConfigured(f"{name} is not set, and the other {vendor}_ variable is.")
    return {"client_id": client, "client_secret": secret}


def url_of(name: str, default: str) -> str:
    """An address; plain http only to this machine, where a double may listen."""
    url = env_text(name) or default
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise ImproperlyConfigured(f"{name} begins with https://, for example {default}")
    return url.rstrip("/")
