"""Which CRMs can be connected. HubSpot needs no client: an account's own token can be pasted."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.calendars import client_of, url_of
from config.env import env_int, env_text

HUBSPOT_URLS = {
    "HUBSPOT_API": "https://api.hubapi.com",
    "HUBSPOT_APP": "https://app.hubspot.com",
    "HUBSPOT_AUTHORIZE_URL": "https://app.hubspot.com/oauth/authorize",
    "HUBSPOT_TOKEN_URL": "https://api.hubapi.com/oauth/v3/token",
}
HUBSPOT_OBJECTS = "/crm/v3/objects"
#: HubSpot lets the free plan's own apps make so many calls in ten seconds; larger plans more.
HUBSPOT_CALLS = 100


def crm_settings() -> dict[str, dict[str, Any]]:
    """By the connector's kind: addresses, limit, and the client where there is one, else "".

    Raises ImproperlyConfigured where only half a client is set, or an address cannot be one.
    """
    return {"hubspot": _hubspot()}


def _hubspot() -> dict[str, Any]:
    urls = {name: url_of(name, default) for name, default in HUBSPOT_URLS.items()}
    objects = env_text("HUBSPOT_OBJECTS_PATH") or HUBSPOT_OBJECTS
    if not objects.startswith("/"):
        raise ImproperlyConfigured(f"HUBSPOT_OBJECTS_PATH begins with /, as {HUBSPOT_OBJECTS} does")
    calls = env_int("HUBSPOT_CALLS_PER_10_SECONDS", HUBSPOT_CALLS)
    if calls < 10:
        raise ImproperlyConfigured("HUBSPOT_CALLS_PER_10_SECONDS is at least 10")
    return {
        **(client_of("HUBSPOT") or {"client_id": "", "client_secret": ""}),
        "api": urls["HUBSPOT_API"],
        "app": urls["HUBSPOT_APP"],
        "authorize_url": urls["HUBSPOT_AUTHORIZE_URL"],
        "token_url": urls["HUBSPOT_TOKEN_URL"],
        "objects": objects.rstrip("/"),
        "calls": calls,
        "per_seconds": 10,
    }
