"""The shapes of what the double of HubSpot says: records, properties, errors."""

import json
import uuid
from collections.abc import Iterable
from typing import Any

from integrations.sandbox.double import Reply

Values = dict[str, Any]
#: name of a fault or error -> status, category, message, further members
ERRORS: dict[str, tuple[int, str, str, Values]] = {
    "400": (400, "VALIDATION_ERROR", "Invalid input JSON", {}),
    "400 identities": (
        400, "VALIDATION_ERROR", "Cannot have more than 250 identities on a profile", {},
    ),
    "401": (
        401, "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you "
        "can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        {},
    ),
    "403": (
        403, "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call.", {},
    ),
    "404": (404, "OBJECT_NOT_FOUND", "Object not found.", {}),
    "405": (405, "VALIDATION_ERROR", "Method not allowed", {}),
    "409": (409, "CONFLICT", "Contact already exists.", {}),
    "423": (423, "LOCKED", "The resource is locked.", {}),
    "429 secondly": (
        429, "RATE_LIMITS", "You have reached your secondly limit.",
        {"errorType": "RATE_LIMIT", "policyName": "SECONDLY"},
    ),
    "429 ten secondly": (
        429, "RATE_LIMITS", "You have reached your ten_secondly_rolling limit.",
        {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"},
    ),
    "429 daily": (
        429, "RATE_LIMITS", "You have reached your daily limit.",
        {"errorType": "RATE_LIMIT", "policyName": "DAILY"},
    ),
    "429 after 7": (
        429, "RATE_LIMITS", "You have reached your ten_secondly_rolling limit.",
        {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"},
    ),
    "477": (477, "MIGRATION", "The account is being migrated.", {}),
    "500": (500, "INTERNAL_ERROR", "internal error", {}),
    "502": (502, "INTERNAL_ERROR", "bad gateway", {}),
    "503": (503, "INTERNAL_ERROR", "service unavailable", {}),
    "524": (524, "INTERNAL_ERROR", "a timeout occurred", {}),
}  # fmt: skip
AFTER = {"429 after 7": "7", "477": "24"}
_TEXTS = {
    "email": "Email", "firstname": "First Name", "lastname": "Last Name",
    "mobilephone": "Mobile Phone Number", "phone": "Phone Number", "company": "Company Name",
    "jobtitle": "Job Title", "salutation": "Salutation", "address": "Street Address",
    "city": "City", "state": "State/Region", "zip": "Postal Code", "country": "Country/Region",
    "hs_additional_emails": "Additional email addresses", "hs_merged_object_ids": "Merged record IDs",
    "lastmodifieddate": "Last Modified Date", "createdate": "Create Date",
    "hs_object_id": "Record ID",
}  # fmt: skip
_READ_ONLY = {"hs_additional_emails", "hs_merged_object_ids", "lastmodifieddate", "createdate", "hs_object_id"}  # fmt: skip
_OWN = (
    ("plan", "Plan", "enumeration", "select", ("basic", "premium")),
    ("interests", "Interests", "enumeration", "checkbox", ("golf", "opera", "tax")),
    ("seats", "Seats", "number", "number", ()),
    ("renewal", "Renewal", "date", "date", ()),
    ("vip", "VIP", "bool", "booleancheckbox", ("true", "false")),
    ("nickname", "Nickname", "string", "text", ()),
)


def properties() -> dict[str, Values]:
    """What an account of this size has: HubSpot's own, and six that its people have made."""
    named = {
        name: one(name, label, "string", "phonenumber" if "phone" in name else "text")
        for name, label in _TEXTS.items()
    }
    for name in _READ_ONLY:
        named[name]["modificationMetadata"]["readOnlyValue"] = True
    own = {row[0]: one(*row, custom=True) for row in _OWN}
    return {**named, **own}


def one(
    name: str, label: str, kind: str = "string", shown: str = "text",
    options: Iterable[str] = (), *, custom: bool = False,
) -> Values:  # fmt: skip
    """A property as HubSpot describes it."""
    return {
        "name": name, "label": label, "type": kind, "fieldType": shown, "description": "",
        "groupName": "contactinformation", "hubspotDefined": not custom, "calculated": False,
        "archived": False, "options": [
            {"value": each, "label": each.capitalize(), "hidden": False} for each in options
        ],
        "modificationMetadata": {
            "archivable": custom, "readOnlyDefinition": not custom, "readOnlyValue": False,
        },
    }  # fmt: skip


def fault(known: dict[str, Values], name: str, value: object) -> tuple[str, str] | None:
    """What HubSpot has against a value, by its code."""
    row = known.get(name)
    if row is None:
        return name, "PROPERTY_DOESNT_EXIST"
    if row["modificationMetadata"]["readOnlyValue"]:
        return name, "READ_ONLY_VALUE"
    text, allowed = str(value), {each["value"] for each in row["options"]}
    if name == "email" and text and ("@" not in text or " " in text):
        return name, "INVALID_EMAIL"
    if allowed and text and not set(text.split(";")) <= allowed:
        return name, "INVALID_OPTION"
    if row["type"] == "number" and text and not text.lstrip("-").replace(".", "", 1).isdigit():
        return name, "INVALID_INTEGER"
    return None


def shown(row: Values, names: Iterable[str]) -> Values:
    """A record with the properties that were asked for, and those that always come."""
    wanted = {*names, "createdate", "lastmodifieddate", "hs_object_id"}
    values = {name: value for name, value in row["properties"].items() if name in wanted}
    moments = {name: row[name] for name in ("createdAt", "updatedAt")}
    return {"id": row["id"], "properties": values, **moments, "archived": False}


def matches(values: Values, filters: Iterable[Values]) -> bool:
    """Whether a record is what all the filters of a group ask for."""
    return all(_matches(str(values.get(each["propertyName"], "")), each) for each in filters)


def _matches(stored: str, wanted: Values) -> bool:
    if wanted["operator"] == "EQ":
        return stored.lower() == str(wanted["value"]).lower()
    if wanted["operator"] == "GTE":
        return _millis(stored) >= _millis(str(wanted["value"]))
    raise NotImplementedError(wanted["operator"])


def _millis(text: str) -> float:
    from datetime import datetime

    return float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp() * 1000


def body(category: str, message: str, more: Values) -> Values:
    """HubSpot's envelope of an error."""
    return {
        "status": "error", "message": message, "correlationId": str(uuid.uuid4()),
        "category": category, **more,
    }  # fmt: skip


def failure(name: str, limit: int = 0) -> Reply:
    """The error of that name."""
    status, category, message, more = ERRORS[name]
    headers = {"Retry-After": AFTER[name]} if name in AFTER else {}
    if name == "429 ten secondly":
        headers = {
            "X-HubSpot-RateLimit-Max": str(limit), "X-HubSpot-RateLimit-Remaining": "0",
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        }  # fmt: skip
    return Reply(status, body(category, message, more), headers)


def taken(pk: str) -> Reply:
    return Reply(409, body("CONFLICT", f"Contact already exists. Existing ID: {pk}", {}))


def invalid(faults: Iterable[tuple[str, str]]) -> Reply:
    """Faults of values; HubSpot puts them into the message as JSON."""
    listed = [{"isValid": False, "message": f"{n} was refused", "error": c, "name": n} for n, c in faults]  # fmt: skip
    message = f"Property values were not valid: {json.dumps(listed)}"
    return Reply(400, body("VALIDATION_ERROR", message, {}))


def gone(ids: list[str]) -> Values:
    """The error of a batch for records that are not there."""
    found = {"category": "OBJECT_NOT_FOUND", "message": "Could not get some objects"}
    return {**found, "status": "error", "context": {"ids": ids}, "errors": [], "links": {}}


def of_item(told: Values, pk: str) -> Values:
    """The error of one record as a batch tells it."""
    kept = {name: told[name] for name in ("status", "message", "category")}
    return {**kept, "context": {"ids": [pk]}, "errors": [], "links": {}}


def batch(rows: list[Values], errors: list[Values], moment: str) -> Reply:
    """The answer of a batch call; 207 where some of it failed."""
    told: Values = {
        "status": "COMPLETE",
        "results": rows,
        "startedAt": moment,
        "completedAt": moment,
    }
    if errors:
        told |= {"numErrors": len(errors), "errors": errors}
    return Reply(207 if errors else 200, told)
