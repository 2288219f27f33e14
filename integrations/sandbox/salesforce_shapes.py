"""The shapes of what the double of Salesforce says: fields, records, errors."""

import json
from collections.abc import Iterable
from typing import Any

from integrations.sandbox.double import Reply

Values = dict[str, Any]
#: name of a fault or error -> status, code, message
ERRORS: dict[str, tuple[int, str, str]] = {
    "400": (400, "JSON_PARSER_ERROR", "The HTTP entity body is required."),
    "400 converted": (400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead"),
    "400 lock": (
        400, "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access to this record or 1 records: 0031t00000aaaaAAAQ",
    ),
    "400 query": (400, "MALFORMED_QUERY", "unexpected token: {}"),
    "400 rule": (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "A mobile phone is needed."),
    "401": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    "403": (403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id"),
    "403 off": (403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner"),
    "403 limit": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "403 at once": (
        403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.",
    ),
    "404": (404, "NOT_FOUND", "The requested resource does not exist"),
    "404 deleted": (404, "ENTITY_IS_DELETED", "entity is deleted"),
    "405": (405, "METHOD_NOT_ALLOWED", "HTTP Method not allowed."),
    "406": (406, "NOT_ACCEPTABLE", "not acceptable"),
    "412": (412, "PRECONDITION_FAILED", "The requested resource was modified."),
    "500": (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    "503": (503, "SERVER_UNAVAILABLE", "Server Unavailable"),
}  # fmt: skip
WITH_FIELDS = {
    "CANNOT_UPDATE_CONVERTED_LEAD", "UNABLE_TO_LOCK_ROW", "ENTITY_IS_DELETED",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION", "INSUFFICIENT_ACCESS_OR_READONLY",
}  # fmt: skip
_PERSON = {
    "LastName": ("Last Name", "string"), "FirstName": ("First Name", "string"),
    "Salutation": ("Salutation", "picklist"), "Title": ("Title", "string"),
    "Email": ("Email", "email"), "Phone": ("Business Phone", "phone"),
    "MobilePhone": ("Mobile Phone", "phone"), "Description": ("Description", "textarea"),
}  # fmt: skip
_READ_ONLY = {
    "Id": ("Record ID", "id"), "IsDeleted": ("Deleted", "boolean"),
    "MasterRecordId": ("Master Record ID", "reference"), "CreatedDate": ("Created Date", "datetime"),
    "LastModifiedDate": ("Last Modified Date", "datetime"),
}  # fmt: skip
_PLACE = ("Street", "City", "State", "PostalCode", "Country")
_OWN: dict[str, dict[str, tuple[str, str]]] = {
    "Contact": {f"Mailing{each}": (f"Mailing {each}", "string") for each in _PLACE},
    "Lead": {**{each: (each, "string") for each in _PLACE}, "Company": ("Company", "string")},
}
_CUSTOM = {
    "Plan__c": ("Plan", "picklist"), "Interests__c": ("Interests", "multipicklist"),
    "Seats__c": ("Seats", "double"), "Renewal__c": ("Renewal", "date"),
    "Vip__c": ("VIP", "boolean"), "Nickname__c": ("Nickname", "string"),
}  # fmt: skip
_CHOICES = {
    "Salutation": ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof."), "Plan__c": ("Basic", "Premium"),
    "Interests__c": ("Golf", "Opera", "Tax"),
}  # fmt: skip
EVENT = {
    "Subject": ("Subject", "string"), "StartDateTime": ("Start", "datetime"),
    "EndDateTime": ("End", "datetime"), "Location": ("Location", "string"),
    "Description": ("Description", "textarea"), "WhoId": ("Name ID", "reference"),
}  # fmt: skip


#: A Person Account's contact -> its account: what is on both, under which names [vendor].
ON_ACCOUNT = {
    "LastName": "LastName", "FirstName": "FirstName", "Salutation": "Salutation", "Phone": "Phone",
    "Description": "Description", "Title": "PersonTitle", "Email": "PersonEmail",
    "MobilePhone": "PersonMobilePhone",
    **{f"Mailing{each}": f"PersonMailing{each}" for each in _PLACE},
    **{name: name.replace("__c", "__pc") for name in _CUSTOM},
}  # fmt: skip
PERSON = {
    "IsPersonAccount": ("Is Person Account", "boolean"), "AccountId": ("Account ID", "reference"),
}  # fmt: skip


def of_people() -> dict[str, Values]:
    """What contacts have besides in an org with Person Accounts; it cannot be written."""
    found = {name: one(name, *told) for name, told in PERSON.items()}
    return {
        name: {**each, "createable": False, "updateable": False} for name, each in found.items()
    }


def fields(kind: str) -> dict[str, Values]:
    """What an org of this size has: Salesforce's own fields, and six that its people have made."""
    if kind == "Account":
        known = fields("Contact")
        found = {there: {**known[here], "name": there} for here, there in ON_ACCOUNT.items()}
        found |= {name: one(name, *told) for name, told in _READ_ONLY.items()}
    elif kind == "Event":
        found = {name: one(name, *told) for name, told in {**EVENT, **_READ_ONLY}.items()}
    else:
        own = {**_PERSON, **_OWN[kind], **_READ_ONLY}
        found = {name: one(name, *told) for name, told in own.items()}
        found |= {name: one(name, *told, custom=True) for name, told in _CUSTOM.items()}
        if kind == "Lead":
            found["IsConverted"] = one("IsConverted", "Converted", "boolean")
            found["ConvertedContactId"] = one("ConvertedContactId", "Contact ID", "reference")
    for name in (*_READ_ONLY, "IsConverted", "ConvertedContactId"):
        if name in found:
            found[name] |= {"createable": False, "updateable": False}
    for name in ("LastName", "Company"):
        if name in found:
            found[name]["nillable"] = False
    return found


def one(name: str, label: str, kind: str = "string", *, custom: bool = False) -> Values:
    """A field as `describe` tells it."""
    return {
        "name": name, "label": label, "type": kind, "length": 80, "custom": custom,
        "createable": True, "updateable": True, "nillable": kind != "boolean",
        "defaultedOnCreate": kind == "boolean", "externalId": False, "unique": False,
        "picklistValues": [
            {"value": each, "label": each, "active": True, "defaultValue": False}
            for each in _CHOICES.get(name, ())
        ],
    }  # fmt: skip


def error(code: str, message: str, names: Iterable[str] | None = None) -> list[Values]:
    told: Values = {"message": message, "errorCode": code}
    return [told if names is None else {**told, "fields": list(names)}]


def failure(name: str, detail: str = "") -> Reply:
    """The error of that name."""
    status, code, message = ERRORS[name]
    return Reply(status, error(code, message.format(detail), [] if code in WITH_FIELDS else None))


def no_column(name: str, kind: str) -> Reply:
    message = (
        f"\nSELECT Id, {name}\n           ^\nERROR at Row:1:Column:12\nNo such column '{name}' on "
        f"entity '{kind}'. If you are attempting to use a custom field, be sure to append the '__c' "
        "after the custom field name."
    )
    return Reply(400, error("INVALID_FIELD", message))


def refused(names: list[str]) -> Reply:
    message = f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and verify that it is read/write for your profile or permission set."  # fmt: skip
    return Reply(400, error("INVALID_FIELD_FOR_INSERT_UPDATE", message, names))


def duplicates(kind: str, ids: list[str], *, allow: bool, key: str) -> Reply:
    """What a duplicate rule says; `allow`: it only warns."""
    words = "You're creating a duplicate record. We recommend you use an existing record instead."
    if not ids:
        return failure("400")
    rows = [
        {
            "additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100,
            "record": {
                "attributes": {"type": kind, "url": f"/services/data/v62.0/sobjects/{kind}/{pk}"},
                "Id": pk,
            },
        }
        for pk in ids
    ]  # fmt: skip
    match = {
        "entityType": kind, "errors": [], "matchEngine": "ExactMatchEngine", "matchRecords": rows,
        "rule": f"{kind}_Matching_Rule", "size": len(rows), "success": True,
    }  # fmt: skip
    result = {
        "allowSave": allow, "duplicateRule": f"{kind}s_DR", "duplicateRuleEntityType": kind,
        "errorMessage": words, "matchResults": [match],
    }  # fmt: skip
    return Reply(400, [{key: result, "errorCode": "DUPLICATES_DETECTED", "message": words}])


def fault(known: dict[str, Values], name: str, value: object) -> Reply | None:
    """What Salesforce has against a value."""
    row, text = known[name], "" if value is None else str(value)
    if row["type"] == "email" and text and ("@" not in text or " " in text):
        return Reply(400, error("INVALID_EMAIL_ADDRESS", f"{row['label']}: invalid email address: {text}", [name]))  # fmt: skip
    if len(text) > row["length"] and row["type"] in {"string", "email", "phone"}:
        message = f"{row['label']}: data value too large: {text} (max length={row['length']})"
        return Reply(400, error("STRING_TOO_LONG", message, [name]))
    options = {each["value"] for each in row["picklistValues"] if each["active"]}
    if row.get("restricted") and text and not set(text.split(";")) <= options:
        message = f"{row['label']}: bad value for restricted picklist field: {text}"
        return Reply(400, error("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [name]))
    return None


def of_item(reply: Reply, pk: str | None) -> Values:
    """A failure as a call for many tells it."""
    told = json.loads(json.dumps(reply.body))[0]
    return {
        "id": pk, "success": False,
        "errors": [{
            "statusCode": told["errorCode"], "message": told["message"],
            "fields": told.get("fields", []),
        }],
    }  # fmt: skip


def done(pk: str) -> Values:
    return {"id": pk, "success": True, "errors": []}
