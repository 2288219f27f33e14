"""Which CRMs can be connected. HubSpot needs no client: an account's own token can be pasted."""

import re
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
#: An org's own address (My Domain) where its people do not sign in at the common one.
SALESFORCE_LOGIN = "https://login.salesforce.com"
SALESFORCE_PATH = "/services/data/v62.0"
#: Salesforce limits the calls of a day, which its answers tell of; this is how fast they are used up.
SALESFORCE_CALLS = 100
FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")


def crm_settings() -> dict[str, dict[str, Any]]:
    """By the connector's kind: addresses, limit, and the client where there is one, else "".

    Raises ImproperlyConfigured where only half a client is set, or an address cannot be one.
    """
    return {"hubspot": _hubspot(), "salesforce": _salesforce()}


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


def _salesforce() -> dict[str, Any]:
    login = url_of("SALESFORCE_LOGIN_URL", SALESFORCE_LOGIN)
    path = env_text("SALESFORCE_API_PATH") or SALESFORCE_PATH
    if not path.startswith("/"):
        raise ImproperlyConfigured(f"SALESFORCE_API_PATH begins with /, as {SALESFORCE_PATH} does")
    key_field = env_text("SALESFORCE_ID_FIELD")
    if key_field and not FIELD.fullmatch(key_field):
        raise ImproperlyConfigured("SALESFORCE_ID_FIELD is the name of a field, such as Kith_Id__c")
    calls = env_int("SALESFORCE_CALLS_PER_10_SECONDS", SALESFORCE_CALLS)
    if calls < 10:
        raise ImproperlyConfigured("SALESFORCE_CALLS_PER_10_SECONDS is at least 10")
    return {
        **(client_of("SALESFORCE") or {"client_id": "", "client_secret": ""}),
        "api": login,
        "authorize_url": f"{login}/services/oauth2/authorize",
        "token_url": f"{login}/services/oauth2/token",
        "path": path.rstrip("/"),
        "key_field": key_field,
        "calls": calls,
        "per_seconds": 10,
    }
