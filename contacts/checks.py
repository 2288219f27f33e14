"""What must hold before any process starts (Django's system checks; config.wsgi runs them too)."""

from collections.abc import Sequence
from typing import Any

import django
from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register

#: CVE-2026-77050 (memory by language codes), -84429 (quadratic parsing of headers) and -87890 are
#: open in earlier releases of 5.2.
OLDEST_DJANGO = (5, 2, 18)


@register(Tags.security)
def django_is_patched(
    app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[CheckMessage]:
    """Refuse a Django whose security fixes are missing."""
    if django.VERSION[:3] >= OLDEST_DJANGO:
        return []
    oldest = ".".join(map(str, OLDEST_DJANGO))
    return [
        Error(
            f"Django {django.get_version()} lacks security fixes; Kith needs {oldest} or newer.",
            hint="Install requirements.txt again.",
            id="kith.E001",
        )
    ]
