"""/v2/deliveries: what was sent to other systems, and sending it again (api.md, marked +)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router
from pydantic import Field

from contacts.api.answers import json_answer
from contacts.api.authentication import AskedByKey
from contacts.api.errors import ApiError, bad, no_such
from contacts.api.idempotency import PARAMETER, idempotent
from contacts.api.lists import PageQuery, time_field
from contacts.api.people import numbered_listing
from contacts.api.schemas import problems
from contacts.api_keys import Holder
from contacts.models import Contact
from contacts.models.contact import is_public_id
from contacts.objects import moment, number_of, numbered
from contacts.public_ids import ends_of
from integrations.activity_systems import connections_behind, kind_of
from integrations.api.schemas import Delivery as DeliverySchema
from integrations.api.schemas import DeliveryPage
from integrations.models import Delivery, WebhookSubscription
from integrations.models.deliveries import DeliveryQuerySet
from integrations.outbox import again

router = Router(tags=["Deliveries"])
PREFIX = "DLV"
CANNOT = "Cannot retry delivery: '{id}'"


class DeliveryQuery(PageQuery):
    status: str | None = Field(None, description="Several are separated by commas.")
    contact: str | None = None
    webhook: str | None = None
    creation_time_gt: str | None = time_field("creation_time", "gt")
    creation_time_lt: str | None = time_field("creation_time", "lt")

    times: ClassVar = ("creation_time",)


@router.get("", response={200: DeliveryPage, **problems()}, operation_id="listDeliveries")
def delivery_list(request: AskedByKey, query: FromQuery[DeliveryQuery]) -> HttpResponse:
    """What was sent and what is to be, newest first; kept for 90 days. `status` takes several,
    separated by commas."""
    rows = query.within(_filtered(_seen(request.auth), query), creation_time="created_at")
    listing = numbered_listing(rows, PREFIX, "delivery")
    return listing.answer(request, query, lambda found: delivery_objects(found, request.auth))


def _seen(holder: Holder) -> DeliveryQuerySet:
    return Delivery.objects.visible_to(holder.user)


def _filtered(rows: DeliveryQuerySet, query: DeliveryQuery) -> DeliveryQuerySet:
    """An id that names nothing is nobody's: the list is empty. Raises ApiError for a status."""
    if query.status is not None:
        asked = [part.strip() for part in query.status.split(",")]
        for each in asked:
            if each not in Delivery.State.values:
                raise bad(f"Invalid status: '{each}'", "status")
        rows = rows.filter(state__in=asked)
    if query.contact is not None:
        rows = _of_contact(rows, query.contact)
    if query.webhook is not None:
        known = WebhookSubscription.objects.filter(public_id=query.webhook.replace("\x00", ""))
        rows = rows.filter(target__in=[row.target for row in known])
    return rows


def _of_contact(rows: DeliveryQuerySet, public_id: str) -> DeliveryQuerySet:
    """Those of the contact that this id stands for today; of a deleted one those under its id."""
    if not is_public_id(public_id):
        return rows.none()
    end, state = ends_of([public_id]).get(public_id, (public_id, ""))
    if state == "deleted":
        return rows.filter(contact_public_id__in=[public_id, end])
    return rows.filter(contact_id__in=Contact.objects.filter(public_id=end).values("pk"))


@router.post(
    "/{id}/retry",
    response={200: DeliverySchema, **problems(404, 409, 422)},
    operation_id="retryDelivery",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def delivery_retry(request: AskedByKey, id: str) -> HttpResponse:
    """Send it now, under the same id. What has arrived is sent once more as it was, for 30 days."""
    pk = number_of(PREFIX, id)
    row = _seen(request.auth).filter(pk=pk).first() if pk is not None else None
    if row is None:
        raise no_such("delivery", id)
    actor = request.auth.actor
    if again.may_be_replayed(row):
        number = again.replay(row, actor=actor)
    else:
        number = again.retry(_seen(request.auth).filter(pk=row.pk), actor=actor)
    if not number:
        raise ApiError(409, CANNOT.format(id=id), param="id")
    row.refresh_from_db()
    [shown] = delivery_objects([row], request.auth)
    response = json_answer(shown)
    response.about = shown["contact"] or ""  # type: ignore[attr-defined]  # for contacts.api.idempotency
    return response


def delivery_objects(rows: Sequence[Delivery], holder: Holder) -> list[dict[str, Any]]:
    """In three queries, whatever their number."""
    pks = {row.contact_id for row in rows if row.contact_id is not None}
    contacts = dict(holder.contacts.filter(pk__in=pks).values_list("pk", "public_id"))
    targets = {row.target for row in rows}
    hooks = {
        hook.target: hook.public_id
        for hook in WebhookSubscription.objects.all()
        if hook.target in targets
    }
    kinds = connections_behind({row.gate for row in rows})
    return [
        {
            "object": "delivery",
            "id": numbered(PREFIX, row.pk),
            "event_id": row.event_id or None,
            "type": row.kind,
            "system": kind_of(row.family, row.gate, kinds),
            "sent_to": row.sent_to or None,
            "webhook": hooks.get(row.target),
            "contact": contacts.get(row.contact_id or 0) or _contact_id(row),
            "status": row.state,
            "attempts": row.attempts,
            "response_status": row.last_status,
            "message": row.words or None,
            "creation_time": moment(row.created_at),
            "next_attempt_time": moment(_next_attempt(row)),
            "finished_time": moment(row.settled_at),
        }
        for row in rows
    ]


def _next_attempt(row: Delivery) -> datetime | None:
    """Of one in flight the row has when its claim ends."""
    return None if row.state == Delivery.State.IN_FLIGHT else row.next_at


def _contact_id(row: Delivery) -> str | None:
    """Of a conversation with nobody known the row has the conversation's."""
    return row.contact_public_id if is_public_id(row.contact_public_id) else None
