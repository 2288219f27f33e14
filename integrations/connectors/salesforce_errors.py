"""What an answer of Salesforce other than 2xx means: one pure function (connectors.md, 7.3).

An error is a list of codes with words. The words may repeat what was written, so addresses and
numbers are taken out. A daily allowance rolls over 24 hours, and nothing says when it is free again.
"""

import re
from typing import Any

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
from integrations.connectors.crm import DuplicatesFound, FieldsRefused, ValuesMissing

A_WHILE, HOURS = 30.0, 2 * 3600.0  # seconds
TRY_AGAIN = {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT"}
GONE = {"NOT_FOUND", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"}
FIELDS = {"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"}
COLUMN = re.compile(r"No such column '([^']{1,100})'")
ID = re.compile(r"\b[0-9A-Za-z]{3}[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?\b")
PRIVATE = re.compile(r"\S+@\S+|\+?\d[\d ().-]{6,}\d")
USAGE = re.compile(r"api-usage=(\d{1,12})/(\d{1,12})")
LIMITED = "REQUEST_LIMIT_EXCEEDED"
CHANGED = "Somebody has changed the record in Salesforce since it was read. It is read again."
SEVERAL = "Salesforce has several records with this id of ours. Choose one."


class LeadConverted(PermanentError):
    """The lead has become a contact meanwhile: it cannot be written any more."""


def error_of(answer: http.Answer) -> ConnectorError:
    if answer.status == 300:
        told = answer.json()
        urls = told if isinstance(told, list) else []
        return DuplicatesFound(SEVERAL, [str(each).rpartition("/")[2] for each in urls])
    if answer.status == 412:
        return RetryableError(CHANGED, 1.0)
    errors = errors_in(answer.json())
    first = errors[0] if errors else {}
    return of_code(answer.status, first, answer.retry_after)


def of_code(status: int, told: dict[str, Any], retry_after: float = 0.0) -> ConnectorError:
    """What one error means, of an answer or of a record in a call for many."""
    code, words = code_of(told), _words(told, status)
    if status == 401:
        return ReconnectRequired(words)
    if code == LIMITED:
        at_once = "concurrent" in str(told.get("message")).lower()
        return RetryableError(words, A_WHILE if at_once else HOURS)
    if code in TRY_AGAIN or status in {406, 408, 420, 425, 429} or status >= 500:
        return RetryableError(words, retry_after)
    if code == "CANNOT_UPDATE_CONVERTED_LEAD":
        return LeadConverted(words)
    if code in {"DUPLICATES_DETECTED", "DUPLICATE_VALUE"}:
        return DuplicatesFound(words, duplicates_in(told))
    if status == 404 or code in GONE:
        return TargetGone(crm.GONE)
    if code in FIELDS:
        names = _names(told)
        return FieldsRefused(words, names) if names else PermissionMissing(words)
    if code == "REQUIRED_FIELD_MISSING" and (names := _names(told)):
        return ValuesMissing(words, names)
    return PermissionMissing(words) if status == 403 else PermanentError(words)


def errors_in(told: object) -> list[dict[str, Any]]:
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def code_of(told: dict[str, Any]) -> str:
    """Errors of a call for many call it `statusCode`."""
    return str(told.get("errorCode") or told.get("statusCode") or "")[:80]


def duplicates_in(told: dict[str, Any]) -> list[str]:
    """The ids of the records that the org's rule takes for the same. The live key is misspelt."""
    if code_of(told) == "DUPLICATE_VALUE":
        return ID.findall(str(told.get("message")).rpartition(":")[2])[:10]
    result = told.get("duplicateResut") or told.get("duplicateResult")
    results = result.get("matchResults") if isinstance(result, dict) else None
    found = []
    for match in errors_in(results):
        for row in errors_in(match.get("matchRecords")):
            record = row.get("record")
            if isinstance(record, dict) and isinstance(record.get("Id"), str):
                found.append(record["Id"])
    return list(dict.fromkeys(found))[:10]


def used_share(header: str) -> float:
    """How much of the day's calls are used, from Sforce-Limit-Info; 0 where it does not say."""
    found = USAGE.search(header)
    return int(found[1]) / int(found[2]) if found and int(found[2]) else 0.0


def _names(told: dict[str, Any]) -> list[str]:
    listed = told.get("fields")
    names = [str(each)[:100] for each in listed] if isinstance(listed, list) else []
    return names or COLUMN.findall(str(told.get("message")))[:20]


def _words(told: dict[str, Any], status: int) -> str:
    message, code = told.get("message"), code_of(told)
    if not isinstance(message, str) or not message:
        message = f"HTTP {status}"
    message = " ".join(message.split())  # the vendor draws the query with a caret below it
    if code == "MALFORMED_QUERY":
        message = "The query was not understood"
    said = PRIVATE.sub("…", message)[:300]
    return f"{said} (Salesforce{', ' + code if code else ''})"
