"""The HTTP API as a whole: every app's endpoints, what they can expand, and how errors are said."""

import logging

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from ninja import NinjaAPI, Router
from ninja.errors import HttpError, ValidationError

from activities.api import finding as activity_finding
from activities.api.bookings import router as bookings
from activities.api.calendars import router as calendars
from contacts.api import errors, people
from contacts.api.answers import json_answer
from contacts.api.authentication import ApiKey, AskedByKey
from contacts.api.contact_lists import router as contact_lists
from contacts.api.contacts import router as contacts
from contacts.api.expanding import register
from contacts.api.finding import contacts_by_id
from contacts.api.imports import router as imports
from contacts.api.merging import router as merging
from contacts.api.parsing import StrictParser, cause_of, of_body
from contacts.api.saying import of_validation
from contacts.api.schemas import Message, problems
from contacts.retrying import Busy
from contacts.services import ContactGone
from integrations.api.deliveries import router as deliveries
from integrations.api.webhooks import router as webhooks
from integrations.api.zapier import router as zapier

logger = logging.getLogger("kith.api")
BUSY = "Others are changing the same things right now. Try again in a moment."

register("contact", load=contacts_by_id, owner="user")
register("user", load=people.users_by_id, teams="team")
register("team", load=people.teams_by_id)
register(
    "booking", load=activity_finding.bookings_by_id, owner="user", contact="contact",
    conversation="conversation", booking_calendar="booking_calendar",
)  # fmt: skip
register("booking_calendar", load=activity_finding.calendars_by_id, owner="user")
register(
    "conversation", load=activity_finding.conversations_by_id, owner="user", contact="contact",
    booking="booking",
)  # fmt: skip

api = NinjaAPI(
    title="Kith",
    version="v2",
    description="Contacts, bookings and webhooks of one Kith account.",
    urls_namespace="api",
    openapi_url=None,  # contacts.api.document serves it
    docs_url=None,
    auth=ApiKey(),
    parser=StrictParser(),
)
api.add_router("", merging)  # /contacts/merge, before /contacts/{id}
api.add_router("/contacts", contacts)
api.add_router("/contact-lists", contact_lists)
api.add_router("/imports", imports)
api.add_router("/bookings", bookings)
api.add_router("/booking-calendars", calendars)
api.add_router("", people.router)
api.add_router("/webhooks", webhooks)
api.add_router("/deliveries", deliveries)
api.add_router("/zapier", zapier)


@api.get("/test", response={200: Message, **problems()}, tags=["Account"], operation_id="testKey")
def test(request: AskedByKey) -> HttpResponse:
    """Whether the key is valid, and of which account."""
    return json_answer({"message": f"The API key is valid for account: {request.auth.email}"})


@api.exception_handler(errors.ApiError)
def _said(request: HttpRequest, error: errors.ApiError) -> HttpResponse:
    return error.answer()


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return of_validation(error.errors).answer()


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    said = cause_of(error) or errors.ApiError(error.status_code, error.message)
    return said.answer()


@api.exception_handler(RequestDataTooBig)
@api.exception_handler(UnreadablePostError)
def _unread(request: HttpRequest, error: Exception) -> HttpResponse:
    return of_body(error).answer()


@api.exception_handler(Http404)
@api.exception_handler(ContactGone)
def _gone(request: HttpRequest, error: Exception) -> HttpResponse:
    match = request.resolver_match
    asked = str((match.kwargs if match else {}).get("id", ""))
    return errors.no_such("contact", asked).answer()


@api.exception_handler(Busy)
def _busy(request: HttpRequest, error: Busy) -> HttpResponse:
    return errors.ApiError(409, BUSY, retry_after=1).answer()


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("a request of the API failed", exc_info=error)
    return errors.failed().answer()


nowhere = Router()


@nowhere.api_operation(
    ["GET", "POST", "PUT", "PATCH", "DELETE"], "/{path:rest}", include_in_schema=False
)
def unknown(request: AskedByKey, rest: str) -> HttpResponse:
    """Whatever no endpoint has. Without a key it says nothing but that."""
    raise errors.unknown_address()


api.add_router("", nowhere)  # the last
