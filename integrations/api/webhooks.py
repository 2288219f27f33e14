"""/v2/webhooks: who is told of events (api.md, Webhooks)."""

from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from contacts.api.answers import json_answer
from contacts.api.authentication import AskedByKey
from contacts.api.errors import ApiError, bad, no_such
from contacts.api.idempotency import PARAMETER, idempotent
from contacts.api.lists import Listing, PageQuery, Place
from contacts.api.schemas import Deleted, problems
from contacts.objects import moment
from integrations.api.schemas import NewWebhook, WebhookPage
from integrations.api.schemas import Webhook as WebhookSchema
from integrations.models import WebhookSubscription
from integrations.webhooks import events, subscriptions

router = Router(tags=["Webhooks"])
NAME_TAKEN = "A webhook subscription with this name already exists: '{name}'"
Events = Annotated[
    list[str] | None,
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "string", "enum": list(subscriptions.CHOICES)},
            "minItems": 1,
        }
    ),
]


class WebhookRequest(BaseModel):
    """Where which events go. A family, such as "booking", stands for all of its events."""

    model_config = ConfigDict(
        strict=True, extra="ignore", json_schema_extra={"required": ["name", "url", "events"]}
    )

    name: str | None = Field(None, description="Unique; at most 100 characters.")
    url: str | None = Field(None, description="A public address, by https.")
    events: Events = None


@router.post(
    "",
    response={200: NewWebhook, **problems(409, 422)},
    operation_id="createWebhook",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def webhook_create(request: AskedByKey, body: WebhookRequest) -> HttpResponse:
    """Subscribe to events. The secret that signs them is told in this answer, and never again."""
    for name in ("name", "url", "events"):
        if not getattr(body, name):
            raise bad(f"{name} is required", name)
    name, url, wanted = body.name or "", body.url or "", body.events or []
    for each in wanted:
        if each not in subscriptions.CHOICES:
            raise bad(f"Invalid event: '{each}'", "events")
    try:
        made, secret = subscriptions.create(
            name=name, url=url, wanted=wanted, actor=request.auth.actor
        )
    except subscriptions.BadSubscription as fault:
        raise _refusal(fault.errors, name) from None
    response = json_answer({**webhook_object(made), "secret": secret})
    response.secret = True  # type: ignore[attr-defined]  # for contacts.api.idempotency
    return response


def _refusal(errors: dict[str, str], name: str) -> ApiError:
    """In the words of api.md. What is wrong comes before what is taken."""
    for field in ("url", "events", "name"):
        if field in errors and errors[field] != subscriptions.TAKEN:
            words = errors[field].partition(": ")[2]
            return bad(f"Invalid value for {field}: {words}", field)
    if "name" in errors:
        return ApiError(409, NAME_TAKEN.format(name=" ".join(name.split())), param="name")
    return ApiError(409, errors[""])


@router.get("", response={200: WebhookPage, **problems()}, operation_id="listWebhooks")
def webhook_list(request: AskedByKey, query: FromQuery[PageQuery]) -> HttpResponse:
    """Every webhook, newest first."""
    rows = WebhookSubscription.objects.all()

    def place(cursor: str) -> Place | None:
        here = _named(cursor)
        return Place(here.creation_time, here.pk) if here is not None else None

    def show(found: Sequence[WebhookSubscription]) -> list[dict[str, Any]]:
        return [webhook_object(row) for row in found]

    listing = Listing(rows, "creation_time", place, lambda row: row.public_id, "webhook")
    return listing.answer(request, query, show)


@router.get("/{id}", response={200: WebhookSchema, **problems(404)}, operation_id="getWebhook")
def webhook_detail(request: AskedByKey, id: str) -> HttpResponse:
    """One webhook, without its secret."""
    return json_answer(webhook_object(_found(id)))


@router.delete("/{id}", response={200: Deleted, **problems(404)}, operation_id="deleteWebhook")
def webhook_delete(request: AskedByKey, id: str) -> HttpResponse:
    """End it; events that wait are not sent any more."""
    subscriptions.delete(subscription=_found(id), actor=request.auth.actor)
    return json_answer({"id": id, "deleted": True})


def webhook_object(row: WebhookSubscription) -> dict[str, Any]:
    """The subscription, without its secret."""
    return {
        "object": "webhook",
        "id": row.public_id,
        "api_version": events.API_VERSION,
        "name": row.name,
        "url": row.url,
        "events": row.events,
        "creation_time": moment(row.creation_time),
    }


def _named(public_id: str) -> WebhookSubscription | None:
    return WebhookSubscription.objects.filter(public_id=public_id.replace("\x00", "")).first()


def _found(public_id: str) -> WebhookSubscription:
    """Raises ApiError."""
    row = _named(public_id)
    if row is None:
        raise no_such("webhook", public_id)
    return row
