"""The document is true: what it describes is accepted, and what comes back is as it describes."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from config.api_docs import document
from contacts.api.answers import compact
from contacts.models import PublicId, User
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
    make_contact(member, email="ada@example.com")
    moments = (request_started, request_finished)
    for moment in moments:
        moment.disconnect(close_old_connections)
    yield api
    for moment in moments:
        moment.connect(close_old_connections)


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


def test_what_an_answer_leads_to_can_be_asked(schema: Any, account: Api) -> None:
    """Contacts that were made are read, changed, given other addresses and deleted, in any order."""

    deleted = []

    class Machine(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            """Every series begins with the same account, or it could not be repeated."""
            self.numbers, self.series = itertools.count(), transaction.atomic()
            self.series.__enter__()

        def teardown(self) -> None:
            deleted.append(PublicId.objects.filter(state=PublicId.State.DELETED).count())
            transaction.set_rollback(True)
            self.series.__exit__(None, None, None)

        def before_call(self, case: Any) -> None:
            wrong_on_purpose = not case.meta.generation.mode.is_positive
            creating = case.operation.definition.raw["operationId"] == "createContact"
            if creating and not wrong_on_purpose:
                case.body = person(email=f"p{next(self.numbers)}@example.com")

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": {"API-Key": account.key}}

        def validate_response(self, response: Any, case: Any, **more: Any) -> None:
            case.validate_response(response, excluded_checks=BEYOND, **more)

    Machine.run(settings=settings(BOUNDED, stateful_step_count=8, phases=[Phase.generate]))
    assert sum(deleted) > 0


def test_the_document_is_served_to_anybody() -> None:
    told = Client().get("/v2/openapi.json")
    assert told["Content-Type"] == "application/json" and told["Request-Id"]
    assert told.json()["openapi"] == "3.1.0"
    assert told.json()["paths"].keys() >= {"/v2/contacts", "/v2/contacts/{id}", "/v2/users"}


def test_the_page_says_the_same_without_a_script() -> None:
    page = Client().get("/v2/docs")
    assert "<script" not in page.content.decode()
    for path, methods in document()["paths"].items():
        assert path in text_of(page)
        assert all(
            f'id="{said["operationId"]}"' in page.content.decode() for said in methods.values()
        )
    assert "default-src 'self'" in page["Content-Security-Policy"]
