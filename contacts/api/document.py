"""What the OpenAPI document says of every endpoint, so that no endpoint has to say it."""

from typing import Any

REQUEST_ID = {
    "Request-Id": {
        "description": "Names this request in the log.",
        "required": True,
        "schema": {"type": "string", "pattern": "^req_[0-9a-f]{16,}$"},
    }
}
LINK = {
    "Link": {
        "description": 'Addresses of the pages beside this one: rel="next" and rel="previous".',
        "schema": {"type": "string"},
    }
}
ETAG = {"ETag": {"description": "Names this state of the contact.", "schema": {"type": "string"}}}
RETRY_AFTER = {
    "Retry-After": {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
}
#: What can be asked with the id that an answer has: {operation: (status, what it leads to)}.
LINKS = {
    "createContact": ("201", ("getContact", "updateContact", "deleteContact", "changeIdentifiers")),
    "updateContact": ("200", ("getContact", "deleteContact")),
    "mergeContacts": ("200", ("undoMerge",)),
    "scheduleBooking": (
        "200",
        ("getBooking", "cancelBooking", "requestReschedule", "reassignBooking"),
    ),
    "createWebhook": ("200", ("getWebhook", "deleteWebhook")),
    "createImport": ("201", ("getImport", "undoImport")),
}
BEARER = {"type": "http", "scheme": "bearer"}
METHODS = {"get", "post", "patch", "delete", "put"}


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with headers and the second way to send the key."""
    document["components"]["securitySchemes"]["Bearer"] = BEARER
    for methods in document["paths"].values():
        for method, said in methods.items():
            if method in METHODS:
                said["security"] = [*said.get("security", []), {"Bearer": []}]
                _headers(said)
                _body(said)
    return document


def _body(said: dict[str, Any]) -> None:
    """A body that may be left out is still an object, never the word null."""
    for content in said.get("requestBody", {}).get("content", {}).values():
        kinds = content["schema"].get("anyOf", [])
        if {"type": "null"} in kinds:
            [content["schema"]] = [kind for kind in kinds if kind != {"type": "null"}]


def _headers(said: dict[str, Any]) -> None:
    said["responses"] = {str(status): answer for status, answer in said["responses"].items()}
    for status, answer in said["responses"].items():
        answer["headers"] = dict(REQUEST_ID)
        if status == "429":
            answer["headers"] |= RETRY_AFTER
        elif status == "200" and said["operationId"].startswith("list"):
            answer["headers"] |= LINK
        if said["operationId"] in {"getContact", "createContact", "updateContact"}:
            answer["headers"] |= ETAG if status in {"200", "201"} else {}
    status, targets = LINKS.get(said["operationId"], ("", ()))
    if status:
        said["responses"][status]["links"] = {
            target: {"operationId": target, "parameters": {"id": "$response.body#/id"}}
            for target in targets
        }
