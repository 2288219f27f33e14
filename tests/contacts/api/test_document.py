"""The document is true: what it describes is accepted, and what comes back is as it describes."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.db.models import QuerySet
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from activities.models import BookingCalendar, Meeting
from config.api_docs import document
from contacts.api.answers import compact
from contacts.models import AuditEntry, PublicId, User
from contacts.objects import moment
from integrations.models import Delivery
from tests.activities.bookings import make_calendar, make_meeting, soon
from tests.contacts.api.client import Api, person
from tests.contacts.pages import text_of
from tests.factories import make_contact, make_property

#: The same requests in every run.
BOUNDED: Any = settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

#: That whatever fits the document is accepted: an id may name nothing, and of zones, phones and dates
#: a schema knows only that they are texts.
BEYOND = [positive_data_acceptance]


@pytest.fixture(scope="session")
def schema() -> Any:
    """The document as it is served, and the application that it is of."""
    loaded = schemathesis.openapi.from_dict(
        json.loads(compact(document())), config=SchemathesisConfig(seed=1)
    )
    loaded.app, loaded.location = get_wsgi_application(), "/v2/openapi.json"
    return loaded


@pytest.fixture
def account(api: Api, member: User) -> Iterator[Api]:
    """The test's connection stays open between requests, as with Django's own test client."""
    make_property("Tier", "select", "Gold", "Silver")
    ada = make_contact(member, email="ada@example.com")
    make_meeting(make_calendar(member, ask_company="required"), email="ada@example.com")
    Delivery.objects.create(family="webhooks", target="x", gate="x", kind="y", contact_id=ada.pk)
    moments = (request_started, request_finished)
    for signal in moments:
        signal.disconnect(close_old_connections)
    yield api
    for signal in moments:
        signal.connect(close_old_connections)


OPERATIONS = {
    said["operationId"]: (path, method)
    for path, methods in document()["paths"].items()
    for method, said in methods.items()
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_endpoint_does_what_the_document_says(name: str, schema: Any, account: Api) -> None:
    path, method = OPERATIONS[name]
    operation = schema[path][method]

    @BOUNDED
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(headers={"API-Key": account.key}, excluded_checks=BEYOND)

    ask()


@dataclass(frozen=True)
class Series:
    """A family of endpoints, what to send where something is made, and how far it was brought."""

    paths: str
    made_by: str
    body: Callable[[int], dict[str, Any]]
    ended: Callable[[], QuerySet[Any]]


SERIES = {
    "contacts": Series(
        "^/v2/(contacts|merges|imports)",
        "createContact",
        lambda number: person(email=f"p{number}@example.com"),
        lambda: PublicId.objects.filter(state=PublicId.State.DELETED),
    ),
    "bookings": Series(
        "^/v2/book",
        "scheduleBooking",
        lambda number: {
            "start_time": moment(soon(days=5, hour=number % 24)),
            "guest_time_zone": "Europe/London",
            "booking_form": {"name": "Ada", "email": "a@example.com", "company": "Engines"},
        },
        lambda: Meeting.objects.filter(status="canceled"),
    ),
    "webhooks": Series(
        "^/v2/webhooks",
        "createWebhook",
        lambda number: {
            "name": f"Hook {number}", "url": "https://hooks.example.com/", "events": ["contact"],
        },
        lambda: AuditEntry.objects.filter(action="webhook.deleted"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("family", SERIES)
def test_what_an_answer_leads_to_can_be_asked(family: str, schema: Any, account: Api) -> None:
    """What was made is read, changed, and deleted or canceled, in any order."""

    ended, series = [], SERIES[family]
    calendar = BookingCalendar.objects.get().public_id

    class Machine(schema.include(path_regex=series.paths).as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            """Every series begins with the same account, or it could not be repeated."""
            self.numbers, self.series = itertools.count(), transaction.atomic()
            self.series.__enter__()

        def teardown(self) -> None:
            ended.append(series.ended().count())
            transaction.set_rollback(True)
            self.series.__exit__(None, None, None)

        def before_call(self, case: Any) -> None:
            wrong_on_purpose = not case.meta.generation.mode.is_positive
            making = case.operation.definition.raw["operationId"] == series.made_by
            if making and not wrong_on_purpose:
                case.body = series.body(next(self.numbers))
                if case.path_parameters:
                    case.path_parameters["id"] = calendar

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": {"API-Key": account.key}}

        def validate_response(self, response: Any, case: Any, **more: Any) -> None:
            case.validate_response(response, excluded_checks=BEYOND, **more)

    Machine.run(settings=settings(BOUNDED, stateful_step_count=8, phases=[Phase.generate]))
    assert sum(ended) > 0


def test_the_document_is_served_to_anybody() -> None:
    told = Client().get("/v2/openapi.json")
    assert told["Content-Type"] == "application/json" and told["Request-Id"]
    assert told.json()["openapi"] == "3.1.0"
    assert told.json()["paths"].keys() >= {
        "/v2/contacts", "/v2/contacts/{id}", "/v2/users", "/v2/bookings/{id}/no-show",
        "/v2/booking-calendars/{id}/schedule", "/v2/webhooks/{id}", "/v2/deliveries/{id}/retry",
    }  # fmt: skip


def test_the_page_says_the_same_without_a_script() -> None:
    page = Client().get("/v2/docs")
    assert "<script" not in page.content.decode()
    for path, methods in document()["paths"].items():
        assert path in text_of(page)
        assert all(
            f'id="{said["operationId"]}"' in page.content.decode() for said in methods.values()
        )
    assert "default-src 'self'" in page["Content-Security-Policy"]


def test_the_page_begins_with_contacts_and_says_beside_each_address_what_it_does() -> None:
    page = Client().get("/v2/docs")
    told, html = text_of(page), page.content.decode()
    assert told.index("GET /v2/contacts ") < told.index("POST /v2/contacts/merge")
    assert "/v2/contacts Make a contact." in told and "curl http://testserver/v2/contacts" in told
    assert "with <code>existing_id</code>" in html and "`" not in told
