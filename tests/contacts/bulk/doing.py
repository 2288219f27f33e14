"""Sending the bulk form as a browser does, and starting actions as the page does."""

from collections.abc import Iterable
from typing import Any

from django.http import QueryDict
from django.test import Client

from contacts.bulk_actions import running
from contacts.bulk_actions.selecting import Selection
from contacts.bulk_actions.starting import start
from contacts.listing import ListState
from contacts.models import BulkAction, Contact, User
from tests.contacts.pages import read
from tests.factories import make_contact

Kind = BulkAction.Kind
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}


def people(owner: User, number: int, **values: Any) -> list[Contact]:
    return [make_contact(owner, first_name=f"Person {n}", **values) for n in range(number)]


def ids(contacts: Iterable[Contact]) -> list[str]:
    return [contact.public_id for contact in contacts]


def ask(client: Client, action: str, query: Any = "", *, htmx: Any = False, **form: Any) -> Any:
    """Press a button of the bar, or send its form with more in it."""
    headers = DIALOG if htmx else {}
    return client.post(f"/contacts/bulk/{query}", {"action": action, **form}, headers=headers)


def confirm(client: Client, asked: Any, query: str = "", *, htmx: bool = False) -> Any:
    """Press the button of the confirmation that was asked, with all that it carries."""
    assert asked.status_code == 200, asked.content.decode()
    form = read(asked).values | {"confirmed": asked.context["chosen"]}
    headers = DIALOG if htmx else {}
    return client.post(f"/contacts/bulk/{query}", form, headers=headers)


def selection(*contacts: Contact, query: str = "") -> Selection:
    """These contacts, or, without any, all that match the query."""
    state = ListState.from_query(QueryDict(query))
    return Selection(state, ids=tuple(ids(contacts)), everything=not contacts)


def begin(
    user: User, kind: str, value: object = "", *contacts: Contact, query: str = ""
) -> BulkAction:
    """An action on these contacts, or on all that match, begun as the page begins it."""
    return start(
        user=user, kind=Kind(kind), value=str(value), selection=selection(*contacts, query=query)
    )


def finish(action: BulkAction) -> BulkAction:
    """As the worker does."""
    running.run(action.pk)
    action.refresh_from_db()
    return action


def adds_up(action: BulkAction) -> bool:
    return action.total == action.done + action.unchanged + action.refused + action.not_reached
