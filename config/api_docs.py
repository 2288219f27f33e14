"""What the API says of itself: /v2/openapi.json, and /v2/docs, the same for people.

Both are made from the endpoints. Neither needs a key: they tell of no account.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from config.api import api
from contacts.api.answers import json_answer
from contacts.api.document import completed

METHODS = ("get", "post", "patch", "delete")
#: What a newcomer looks for first; the other sections follow in the order of the document.
FIRST = ("Account", "Contacts", "Merging")


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document. The endpoints do not change while a process runs."""
    return completed(dict(api.get_openapi_schema(path_prefix="v2/")))


@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    return json_answer(document())


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The document as a page, without a script."""
    told = document()
    context = {
        "info": told["info"],
        "groups": _groups(told),
        "schemas": [
            {"name": name, "fields": list(_fields(schema)), "text": schema.get("description", "")}
            for name, schema in sorted(told["components"]["schemas"].items())
        ],
        "base": request.build_absolute_uri("/v2"),
    }
    return render(request, "api/docs.html", context)


def _groups(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The endpoints by their tags."""
    groups: dict[str, list[dict[str, Any]]] = {tag: [] for tag in FIRST}
    for path, methods in told["paths"].items():
        for method in METHODS:
            if method in methods:
                tag = methods[method]["tags"][0]
                groups.setdefault(tag, []).append(_endpoint(method, path, methods[method]))
    return [{"name": tag, "id": slugify(tag), "endpoints": each} for tag, each in groups.items()]


def _endpoint(method: str, path: str, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": said["operationId"],
        "method": method.upper(),
        "path": path,
        "lead": said.get("description", "").split("\n\n")[0],
        "more": said.get("description", "").partition("\n\n")[2],
        "parameters": [
            {
                "name": each["name"],
                "where": each["in"],
                "type": _type(each["schema"]),
                "needed": each.get("required", False),
                "text": each.get("description", ""),
            }
            for each in said["parameters"]
        ],
        "bodies": [
            {"kind": kind, "type": _type(content["schema"])}
            for kind, content in said.get("requestBody", {}).get("content", {}).items()
        ],
        "answers": [
            {"status": status, "text": answer["description"], "type": _type_of_answer(answer)}
            for status, answer in said["responses"].items()
        ],
    }


def _type_of_answer(answer: dict[str, Any]) -> dict[str, str]:
    contents = list(answer.get("content", {}).values())
    return _type(contents[0]["schema"]) if contents else {"text": "", "link": ""}


def _fields(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    needed = schema.get("required", [])
    for name, each in schema.get("properties", {}).items():
        text = each.get("description", "")
        yield {"name": name, "needed": name in needed, "type": _type(each), "text": text}


def _type(schema: dict[str, Any]) -> dict[str, str]:
    """A type in words, and the schema that it is or is made of, for a link."""
    names = sorted(set(_names(schema)) - {"Problem"})
    return {"text": _words(schema), "link": names[0] if names else ""}


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for each in schema.values():
            yield from _names(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _names(each)


def _words(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return f"“{schema['const']}”"
    if "enum" in schema:
        return " or ".join(f"“{each}”" for each in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_words(each) for each in schema["anyOf"]))
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_words(schema.get('items', {}))}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
