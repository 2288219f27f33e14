"""What an answer of HubSpot other than 2xx means: one pure function (connectors.md, 6.3 and 6.4).

Its messages may repeat what was written, so addresses and numbers are taken out of the words.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from activities.ics import zone_named
from integrations import http
from integrations.connectors import crm
from integrations.connectors.base import (
    ConnectorError,
    PermanentError,
    PermissionMissing,
    ReconnectRequired,
    RetryableError,
    TargetGone,
)
from integrations.connectors.crm import AddressTaken, FieldsRefused, ValuesMissing

LOCKED, MIGRATING = 423, 477
LOCKED_FOR = 2.0  # seconds; the documentation names them
#: Seconds by policy; no Retry-After is promised.
WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
DAY = timedelta(days=1)
#: HubSpot's codes for a property that is gone or not ours to write.
REFUSED = {"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "READ_ONLY_PROPERTY"}
MISSING = {"REQUIRED_FIELD", "MISSING_REQUIRED_PROPERTY"}
EXISTING = re.compile(r"Existing ID:\s*(\d+)")
PRIVATE = re.compile(r"\S+@\S+|\+?\d[\d ().-]{6,}\d")


def error_of(answer: http.Answer, now: datetime, zone: str = "UTC") -> ConnectorError:
    """`zone` is the account's: the allowance of a day begins anew at its midnight."""
    told = answer.json()
    told = told if isinstance(told, dict) else {}
    words, status = _words(told, answer.status), answer.status
    if status == 401:
        return ReconnectRequired(words)
    if status == 403:
        return PermissionMissing(words)
    if status == 404:
        return TargetGone(crm.GONE)
    if status == 409:
        found = EXISTING.search(str(told.get("message")))
        return AddressTaken(words, found.group(1) if found else "")
    if status == LOCKED:
        return RetryableError(words, max(answer.retry_after, LOCKED_FOR))
    if status == 429:
        return RetryableError(words, max(answer.retry_after, _wait(told, now, zone)))
    if status in {408, 425, MIGRATING} or status >= 500 or 300 <= status < 400:
        return RetryableError(words, answer.retry_after)
    names = [name for name, code in _faults(told) if code in REFUSED]
    if names:
        return FieldsRefused(words, names)
    missing = [name for name, code in _faults(told) if code in MISSING and name]
    return ValuesMissing(words, missing) if missing else PermanentError(words)


def _wait(told: dict[str, Any], now: datetime, zone: str) -> float:
    policy = str(told.get("policyName"))
    if policy != "DAILY":
        return WAITS.get(policy, 0.0)
    here = now.astimezone(zone_named(zone))
    midnight = (here + DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    return float((midnight - here).total_seconds())


def _words(told: dict[str, Any], status: int) -> str:
    message = told.get("message")
    faults = sorted({f"{name}: {code}" for name, code in _faults(told) if name and code})
    if faults:
        message = "The property values were not valid: " + ", ".join(faults)
    if not isinstance(message, str) or not message:
        message = f"HTTP {status}"
    kept = EXISTING.search(message)
    said = message if kept else PRIVATE.sub("…", message)
    correlation = told.get("correlationId")
    known = f", {correlation[:36]}" if isinstance(correlation, str) and correlation else ""
    return f"{said[:300]} (HubSpot{known})"


def _faults(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Property and code of each fault: listed in `errors`, or as JSON within the message."""
    message = str(told.get("message"))
    start = message.find("[{")
    within: Any = []
    if start >= 0:
        try:
            within = json.loads(message[start:])
        except (ValueError, RecursionError):
            within = []
    listed = told.get("errors")
    for each in [*_items(listed), *_items(within)]:
        context = each.get("context")
        named = context.get("propertyName") if isinstance(context, dict) else None
        first = named[0] if isinstance(named, list) and named else None
        name = first or each.get("name") or each.get("in") or ""
        yield str(name)[:100], str(each.get("code") or each.get("error") or "")[:100]


def _items(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
