"""/v2/bookings: list, read, and what a host can do (api.md, Bookings and booking calendars)."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router
from pydantic import Field

from activities.api.bodies import CancelRequest, ReassignRequest, RescheduleRequest
from activities.api.finding import bookings, find_booking, known, place_of_booking
from activities.api.schemas import Booking as BookingSchema
from activities.api.schemas import BookingPage
from activities.cleaning import lines
from activities.models import Meeting
from activities.models.meeting import MeetingQuerySet
from activities.objects import booking_object
from activities.services import MeetingGone, WrongState, cancel, mark_no_show, reassign
from activities.signals import Doer
from activities.slots import NotAvailable
from contacts.api.answers import json_answer
from contacts.api.authentication import AskedByKey
from contacts.api.errors import ApiError, bad, no_such
from contacts.api.expanding import expand, paths_of
from contacts.api.idempotency import PARAMETER, idempotent
from contacts.api.lists import Listing, PageQuery, Query, time_field
from contacts.api.schemas import problems
from contacts.api_keys import Holder
from contacts.identity import InvalidValue
from contacts.models import User
from contacts.objects import number_of
from contacts.public_ids import ends_of

router = Router(tags=["Bookings"])
MAX_REASON = 1000  # characters, as on the pages of host and guest
WRONG = "Cannot update booking status to {status}: '{id}'"
CANNOT_REASSIGN = "Cannot reassign booking: '{id}'"
NOT_FREE = "The new owner is not available at the time of the booking."
ITS_OWNER = "The booking has this owner already."


class OneBookingQuery(Query):
    expand: str | None = None


class BookingQuery(PageQuery):
    status: str | None = Field(None, description="Several are separated by commas.")
    owner: str | None = None
    contact: str | None = None
    host: str | None = None
    booking_calendar: str | None = None
    starting_time_gt: str | None = time_field("starting_time", "gt")
    starting_time_lt: str | None = time_field("starting_time", "lt")
    creation_time_gt: str | None = time_field("creation_time", "gt")
    creation_time_lt: str | None = time_field("creation_time", "lt")
    last_updated_time_gt: str | None = time_field("last_updated_time", "gt")
    last_updated_time_lt: str | None = time_field("last_updated_time", "lt")
    expand: str | None = None

    times: ClassVar = ("starting_time", "creation_time", "last_updated_time")


@router.get("", response={200: BookingPage, **problems()}, operation_id="listBookings")
def booking_list(request: AskedByKey, query: FromQuery[BookingQuery]) -> HttpResponse:
    """Every booking, newest first. `status` takes several, separated by commas."""
    holder = request.auth
    paths = paths_of(query.expand, "booking", in_list=True)
    rows = query.within(
        _filtered(bookings(holder), query), starting_time="starts_at",
        creation_time="creation_time", last_updated_time="last_updated_time",
    )  # fmt: skip

    def show(found: Sequence[Meeting]) -> list[dict[str, Any]]:
        objects = [booking_object(meeting) for meeting in found]
        expand(objects, "booking", paths, holder)
        return objects

    listing = Listing(
        rows=rows,
        column="creation_time",
        place_of=lambda cursor: place_of_booking(holder, cursor),
        public_id=lambda meeting: meeting.public_id,
        what="booking",
    )
    return listing.answer(request, query, show)


def _filtered(rows: MeetingQuerySet, query: BookingQuery) -> MeetingQuerySet:
    """An id that names nothing is nobody's: the list is empty. Raises ApiError for a status."""
    if query.status is not None:
        rows = rows.filter(status__in=_statuses(query.status))
    for host in (query.owner, query.host):
        if host is not None:
            rows = rows.filter(host=number_of("USR", host) or 0)
    if query.contact is not None:
        rows = _of_contact(rows, known(query.contact))
    if query.booking_calendar is not None:
        rows = rows.filter(calendar__public_id=known(query.booking_calendar))
    return rows


def _statuses(text: str) -> list[str]:
    asked = [part.strip() for part in text.split(",") if part.strip()]
    for each in asked:
        if each not in Meeting.Status.values:
            raise bad(f"Invalid status: '{each}'", "status")
    if not asked:
        raise bad("Invalid status: ''", "status")
    return asked


def _of_contact(rows: MeetingQuerySet, public_id: str) -> MeetingQuerySet:
    """Those of the contact that this id stands for today; of a deleted one, what it has left."""
    end, state = ends_of([public_id]).get(public_id, (public_id, ""))
    if state == "deleted":
        return rows.filter(contact=None, contact_public_id__in={public_id, end} - {""})
    return rows.filter(contact__public_id=end)


@router.get("/{id}", response={200: BookingSchema, **problems(404)}, operation_id="getBooking")
def booking_detail(request: AskedByKey, id: str, query: FromQuery[OneBookingQuery]) -> HttpResponse:
    """One booking."""
    paths = paths_of(query.expand, "booking")
    shown = booking_object(find_booking(request.auth, id))
    expand([shown], "booking", paths, request.auth)
    return json_answer(shown)


@router.post(
    "/{id}/cancel",
    response={200: BookingSchema, **problems(404, 409, 422)},
    operation_id="cancelBooking",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def booking_cancel(request: AskedByKey, id: str, body: CancelRequest | None = None) -> HttpResponse:
    """Cancel a booking that has not ended. The guest is told as the calendar's messages say."""
    reason = _reason(*(body or CancelRequest.model_validate({})).why)
    said = WRONG.format(status="canceled", id=id)
    return _done(request, id, said, lambda pk, doer: cancel(
        meeting_id=pk, doer=doer, reason=reason
    ))  # fmt: skip


@router.post(
    "/{id}/request-reschedule",
    response={200: BookingSchema, **problems(404, 409, 422)},
    operation_id="requestReschedule",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def booking_request_reschedule(
    request: AskedByKey, id: str, body: RescheduleRequest | None = None
) -> HttpResponse:
    """Cancel a booking, and ask the guest to take another time."""
    reason = _reason(*(body or RescheduleRequest.model_validate({})).why)
    said = WRONG.format(status="canceled", id=id)
    return _done(request, id, said, lambda pk, doer: cancel(
        meeting_id=pk, doer=doer, reason=reason, ask_for_another=True
    ))  # fmt: skip


@router.post(
    "/{id}/reassign",
    response={200: BookingSchema, **problems(404, 409, 422)},
    operation_id="reassignBooking",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def booking_reassign(request: AskedByKey, id: str, body: ReassignRequest) -> HttpResponse:
    """Give a booking that has not begun to another user, who is free at its time."""
    meeting = find_booking(request.auth, id)
    name = "host" if body.owner is None and body.host is not None else "owner"
    host = _host(getattr(body, name), name)
    if host.pk == meeting.host_id:
        raise ApiError(409, ITS_OWNER, param=name)
    said = CANNOT_REASSIGN.format(id=id)
    try:
        return _done(request, id, said, lambda pk, doer: reassign(
            meeting_id=pk, host=host, doer=doer
        ))  # fmt: skip
    except NotAvailable:
        raise ApiError(409, NOT_FREE, param=name) from None


@router.post(
    "/{id}/no-show",
    response={200: BookingSchema, **problems(404, 409, 422)},
    operation_id="markNoShow",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def booking_no_show(request: AskedByKey, id: str) -> HttpResponse:
    """Note that the guest did not come, once the booking has begun."""
    said = WRONG.format(status="no_show", id=id)
    return _done(request, id, said, lambda pk, doer: mark_no_show(meeting_id=pk, doer=doer))


def _done(
    request: AskedByKey, id: str, refusal: str, work: Callable[[int, Doer], Meeting]
) -> HttpResponse:
    """The booking after it. Raises ApiError: 409 with `refusal` where its state does not allow it."""
    meeting = find_booking(request.auth, id)
    if meeting.in_trash:
        raise ApiError(409, refusal, param="id")
    try:
        work(meeting.pk, _doer(request.auth))
    except WrongState:
        raise ApiError(409, refusal, param="id") from None
    except MeetingGone:
        raise no_such("booking", id) from None
    shown = booking_object(find_booking(request.auth, id))
    response = json_answer(shown)
    response.about = shown["contact"] or ""  # type: ignore[attr-defined]  # for contacts.api.idempotency
    return response


def _doer(holder: Holder) -> Doer:
    return Doer(Meeting.By.USER, api_key=holder.key)


def _reason(name: str, text: str) -> str:
    try:
        return lines(text, MAX_REASON)
    except InvalidValue as fault:
        raise bad(f"Invalid value for {name}: {fault}", name) from None


def _host(public_id: str | None, name: str) -> User:
    if not public_id:
        raise bad("owner is required", "owner")
    pk = number_of("USR", public_id)
    found = User.objects.filter(pk=pk, is_active=True).first() if pk is not None else None
    if found is None:
        raise bad(f"Invalid owner: '{public_id}'", name)
    return found
