"""/v2/zapier: what Zapier asks for. Zaps subscribe to triggers, read samples, and find contacts."""

from typing import Any

from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router
from pydantic import BaseModel, Field

from contacts.api.answers import json_answer
from contacts.api.authentication import AskedByKey
from contacts.api.bodies import Body
from contacts.api.errors import ApiError, bad, no_such
from contacts.api.idempotency import PARAMETER, idempotent
from contacts.api.lists import Query
from contacts.api.schemas import Contact as ContactSchema
from contacts.api.schemas import DeletedContact, problems
from contacts.identity import InvalidValue, parse_email, parse_mobile
from contacts.models import Account
from contacts.objects import contact_object, moment
from integrations.zapier import hooks, samples
from integrations.zapier.triggers import TRIGGERS

router = Router(tags=["Zapier"])


class Connected(BaseModel):
    id: str = Field(description="Of the key.")
    label: str = Field(description="What Zapier calls the connection.")


class Subscribe(Body):
    """A Zap is turned on."""

    target_url: str = Field(description="An https address at hooks.zapier.com.")
    event: str = Field(description=f"One of {', '.join(TRIGGERS)}.")


class Subscribed(BaseModel):
    id: str = Field(description="Zapier sends it back to unsubscribe.")
    event: str
    creation_time: str


class Event(BaseModel):
    """What a Zap is told; a booking's and a conversation's stand beside their contact."""

    id: str = Field(description="New for each change.")
    event: str
    occurred_at: str
    contact: ContactSchema | DeletedContact | None
    previous: dict[str, Any] | None = Field(None, description="Values before the change.")
    moved_ids: list[str] | None = None
    booking: dict[str, Any] | None = None
    conversation: dict[str, Any] | None = None


class FindQuery(Query):
    email: str | None = None
    mobile_phone: str | None = None


@router.get("/me", response={200: Connected, **problems()}, operation_id="zapierTest")
def connected(request: AskedByKey) -> HttpResponse:
    """Whether the key is good, and what the connection is called."""
    label = f"{Account.load().name} ({request.auth.key.name})"
    return json_answer({"id": request.auth.key.public_id, "label": label})


@router.post(
    "/hooks",
    response={201: Subscribed, **problems(409, 422)},
    operation_id="zapierSubscribe",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def subscribe(request: AskedByKey, body: Subscribe) -> HttpResponse:
    """A Zap is turned on. The same address and event again are the same subscription."""
    try:
        hook = hooks.subscribe(holder=request.auth, event=body.event, target_url=body.target_url)
    except hooks.NotSubscribed as error:
        status = {"target_url": 422, "event": 400}.get(error.param, 409)
        raise ApiError(status, str(error), param=error.param) from None
    told = {"id": hook.public_id, "event": hook.event, "creation_time": moment(hook.creation_time)}
    return json_answer(told, status=201)


@router.delete(
    "/hooks/{id}", response={204: None, **problems(404)}, operation_id="zapierUnsubscribe"
)
def unsubscribe(request: AskedByKey, id: str) -> HttpResponse:
    """A Zap is turned off. One that has gone already is 404, which Zapier takes for done."""
    if not hooks.unsubscribe(holder=request.auth, public_id=id.replace("\x00", "")[:50]):
        raise no_such("subscription", id)
    return HttpResponse(status=204)


@router.get(
    "/hooks/samples/{event}",
    response={200: list[Event], **problems(404)},
    operation_id="zapierSamples",
)
def sample(request: AskedByKey, event: str) -> HttpResponse:
    """The newest events of a trigger, newest first: samples, and what is polled without hooks."""
    if event not in TRIGGERS:
        raise ApiError(404, f"No such trigger: '{event[:100]}'", param="event")
    return json_answer(samples.newest(event, request.auth))


@router.get(
    "/contacts", response={200: list[ContactSchema], **problems()}, operation_id="zapierFind"
)
def find(request: AskedByKey, query: FromQuery[FindQuery]) -> HttpResponse:
    """Find Contact: who has the e-mail, then who has the mobile phone; nobody is an empty list."""
    if not query.email and not query.mobile_phone:
        raise bad("At least one of 'email' or 'mobile_phone' is required.", "email")
    found = samples.find(
        request.auth,
        email_key=_key(query.email, "email"),
        mobile_key=_key(query.mobile_phone, "mobile_phone"),
    )
    return json_answer([contact_object(contact) for contact in found])


def _key(text: str | None, name: str) -> str:
    """As identifiers are compared. Raises ApiError."""
    if not text:
        return ""
    try:
        if name == "email":
            return parse_email(text).key
        return parse_mobile(text, Account.load().default_region)
    except InvalidValue:
        kind = "email" if name == "email" else "phone"
        raise bad(f"Invalid {kind} format: '{text[:200]}'", name) from None
