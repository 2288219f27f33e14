"""Where Zapier listens."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import env_text
from config.sms import LOOPBACK

ZAPIER = "https://hooks.zapier.com"


def hooks_url() -> str:
    """Scheme, host and port; plain http only to this machine, where a double may listen.

    Raises ImproperlyConfigured.
    """
    url = (env_text("ZAPIER_HOOKS_URL") or ZAPIER).rstrip("/")
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or parts.query or not (parts.scheme == "https" or plain):
        raise ImproperlyConfigured(f"ZAPIER_HOOKS_URL begins with https://, for example {ZAPIER}")
    return url
