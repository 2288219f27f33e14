"""How text messages leave: through Twilio, from the TWILIO_* variables."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import env_text

API = "https://api.twilio.com"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def sms_settings() -> dict[str, Any] | None:
    """Account, token, sender and address of the API; None where none of them is set.

    Raises ImproperlyConfigured where some are missing or cannot be what they should be.
    """
    account, token = env_text("TWILIO_ACCOUNT_SID"), env_text("TWILIO_AUTH_TOKEN")
    number, service = env_text("TWILIO_FROM"), env_text("TWILIO_MESSAGING_SERVICE_SID")
    if not any((account, token, number, service)):
        return None
    for name, value in {"TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": token}.items():
        if not value:
            raise ImproperlyConfigured(f"{name} is not set, and other TWILIO_* variables are.")
    if not re.fullmatch(r"AC[0-9a-fA-F]{32}", account):
        raise ImproperlyConfigured("TWILIO_ACCOUNT_SID is AC and 32 hexadecimal digits.")
    if bool(number) == bool(service):
        raise ImproperlyConfigured("Set one of TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID.")
    if number and not re.fullmatch(r"\+[1-9]\d{6,14}|\d{5,6}", number):
        raise ImproperlyConfigured("TWILIO_FROM is a number such as +12025550100, or a short code.")
    if service and not re.fullmatch(r"MG[0-9a-fA-F]{32}", service):
        raise ImproperlyConfigured("TWILIO_MESSAGING_SERVICE_SID is MG and 32 hexadecimal digits.")
    return {
        "account_sid": account,
        "auth_token": token,
        "number": number,
        "service_sid": service,
        "api": _api(env_text("TWILIO_API") or API),
    }


def _api(url: str) -> str:
    """The base address; plain http only to this machine, where a double may listen."""
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise ImproperlyConfigured(f"TWILIO_API begins with https://, for example {API}")
    return url.rstrip("/")
