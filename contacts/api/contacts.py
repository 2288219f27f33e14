"""/v2/contacts: list, make, read, change, delete (api.md, Contact object)."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router

from contacts.api.answers import etag_of, json_answer
from contacts.api.authentication import AskedByKey
from contacts.api.bodies import ContactChanges, NewContact
from contacts.api.contact_values import values_of_changes, values_of_new
from contacts.api.errors import ApiError
from contacts.api.expanding import expand, paths_of
from contacts.api.finding import Gone, find_contact, living_contact, place_of_contact, taken
from contacts.api.idempotency import PARAMETER, idempotent
from contacts.api.lists import Listing, PageQuery, Query, time_field
from contacts.api.schemas import Contact as ContactSchema
from contacts.api.schemas import ContactPage, Deleted, DeletedContact, problems
from contacts.deleting import delete_contact
from contacts.fields import current_value, field_named
from contacts.forms import NOBODY, WHO
from contacts.identity import InvalidValue, parse_email
from contacts.models import Contact, Identifier
from contacts.models.contact import PLACE, ContactQuerySet
from contacts.objects import contact_object, deleted_object
from contacts.retrying import retrying
from contacts.services import (
    IdentifierTaken,
    Values,
    create_contact,
    lock_contact,
    update_contact,
)

router = Router(tags=["Contacts"])
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the contact as it was read; if it is another now, 412.",
    "schema": {"type": "string"},
}
STALE = "The contact has changed since it was read."


class OneQuery(Query):
    expand: str | None = None


class ContactQuery(PageQuery):
    email: str | None = None
    creation_time_gt: str | None = time_field("creation_time", "gt")
    creation_time_lt: str | None = time_field("creation_time", "lt")
    last_updated_time_gt: str | None = time_field("last_updated_time", "gt")
    last_updated_time_lt: str | None = time_field("last_updated_time", "lt")
    expand: str | None = None

    times: ClassVar = ("creation_time", "last_updated_time")


@router.get("", response={200: ContactPage, **problems()}, operation_id="listContacts")
def contact_list(request: AskedByKey, query: FromQuery[ContactQuery]) -> HttpResponse:
    """Every contact, newest first."""
    holder = request.auth
    paths = paths_of(query.expand, "contact", in_list=True)
    rows = query.within(
        holder.contacts, creation_time="creation_time", last_updated_time="last_updated_time"
    )
    if query.email is not None:
        rows = _with_email(rows, query.email)

    def show(found: Sequence[Contact]) -> list[dict[str, Any]]:
        objects = [contact_object(contact) for contact in found]
        expand(objects, "contact", paths, holder)
        return objects

    listing = Listing(
        rows=rows.annotate(listed=PLACE),
        column="listed",
        place_of=lambda cursor: place_of_contact(holder, cursor),
        public_id=lambda contact: contact.public_id,
        what="contact",
    )
    return listing.answer(request, query, show)


def _with_email(rows: ContactQuerySet, text: str) -> ContactQuerySet:
    """Whoever has this address now, however it is spelled."""
    try:
        key = parse_email(text).key
    except InvalidValue:
        return rows.none()
    held = Identifier.objects.filter(kind=Identifier.Kind.EMAIL, key=key, current=True)
    return rows.filter(pk__in=held.values("contact"))


@router.post(
    "",
    response={201: ContactSchema, **problems(409, 422)},
    operation_id="createContact",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def contact_create(request: AskedByKey, body: NewContact) -> HttpResponse:
    """Make a contact. One that exists already is neither changed nor merged."""
    values = values_of_new(body, request.auth)
    try:
        contact = create_contact(actor=request.auth.actor, values=values)
    except IdentifierTaken as error:
        raise already(error, values) from None
    return show_contact(contact, status=201)


def already(error: IdentifierTaken, values: Values, *, tell: bool = False) -> ApiError:
    """409, for the e-mail where both are taken."""
    field = next(name for name in ("email", "mobile_phone") if name in error.holders)
    existing = Contact.objects.filter(pk=error.holders[field]).values_list("public_id", flat=True)
    return taken(values[field], field, holder_id=existing.first() or "", tell=tell)


def show_contact(contact: Contact, *, status: int = 200) -> HttpResponse:
    shown = contact_object(contact)
    response = json_answer(shown, status=status)
    response["ETag"] = etag_of(shown)
    response.about = contact.public_id  # type: ignore[attr-defined]  # for contacts.api.idempotency
    return response


@router.get(
    "/{id}",
    response={200: ContactSchema | DeletedContact, **problems(404)},
    operation_id="getContact",
)
def contact_detail(request: AskedByKey, id: str, query: FromQuery[OneQuery]) -> HttpResponse:
    """The contact; of a merged one the survivor, of a deleted one only that it was deleted."""
    paths = paths_of(query.expand, "contact")
    try:
        contact = find_contact(request.auth, id)
    except Gone:
        return json_answer(deleted_object(id))
    if not paths:
        return show_contact(contact)
    shown = contact_object(contact)
    expand([shown], "contact", paths, request.auth)
    return json_answer(shown)


@router.patch(
    "/{id}",
    response={200: ContactSchema, **problems(404, 409, 412)},
    operation_id="updateContact",
    openapi_extra={"parameters": [IF_MATCH]},
)
def contact_update(
    request: AskedByKey, id: str, body: ContactChanges | None = None
) -> HttpResponse:
    """Change the fields that are sent, and no others."""
    values = values_of_changes(body)
    contact = living_contact(request.auth, id)
    return show_contact(_update(request, contact.pk, values))


@retrying
@transaction.atomic
def _update(request: AskedByKey, pk: int, values: Values) -> Contact:
    contact = _as_it_was_read(request, pk)
    still_somebody(contact, values)
    return update_contact(contact_id=pk, actor=request.auth.actor, values=values)


def still_somebody(contact: Contact, values: Values) -> None:
    """The rule of the form: a contact has a name, a company or an identifier. Raises ApiError."""
    after = (values.get(name, current_value(contact, field_named(name))) for name in WHO)
    if not any(after):
        raise ApiError(400, NOBODY, param=next(name for name in WHO if name in values))


def _as_it_was_read(request: AskedByKey, pk: int) -> Contact:
    """The contact, locked. Raises ApiError (412) when If-Match names another state of it."""
    contact = lock_contact(pk)
    wanted = request.headers.get("If-Match", "*").strip()
    if wanted != "*":
        tags = {tag.strip() for tag in wanted.split(",")}
        if etag_of(contact_object(contact)) not in tags:
            raise ApiError(412, STALE, param="If-Match")
    return contact


@router.delete(
    "/{id}",
    response={200: Deleted, **problems(404, 412)},
    operation_id="deleteContact",
    openapi_extra={"parameters": [IF_MATCH]},
)
def contact_delete(request: AskedByKey, id: str) -> HttpResponse:
    """Delete the contact for good; its activities stay. Deleting it again changes nothing."""
    try:
        contact = find_contact(request.auth, id)
    except Gone:
        return json_answer({"id": id, "deleted": True})
    return json_answer({"id": _delete(request, contact.pk), "deleted": True})


@retrying
@transaction.atomic
def _delete(request: AskedByKey, pk: int) -> str:
    contact = _as_it_was_read(request, pk)
    return delete_contact(contact_id=contact.pk, actor=request.auth.actor)
