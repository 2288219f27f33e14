"""Bulk actions at the same moment as others, on PostgreSQL: no deadlock, nothing half done."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from contacts.access import Role
from contacts.bulk_actions import running, starting
from contacts.imports import running as imports
from contacts.models import BulkAction, Contact, FieldChange, Identifier, Import, User
from contacts.services import update_contact
from tests.contacts.bulk.doing import adds_up, begin
from tests.contacts.imports.engine import add_up, bring_in, plan
from tests.contacts.test_races import at_once
from tests.factories import by, make_user

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="races need PostgreSQL: set DATABASE_URL and REDIS_URL",
    ),
]
ROUNDS = range(8)
ROWS = 120
PEOPLE = "Email,First Name,Company\n" + "".join(f"p{n}@example.com,P{n},Old\n" for n in range(ROWS))


@pytest.fixture
def administrator() -> User:
    return make_user(Role.ADMINISTRATOR, first_name="Hanna")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "SMALL", 0)
    monkeypatch.setattr(starting, "hint_after_commit", lambda *_: None)
    monkeypatch.setattr(running, "CHUNK", 40)


def going(action: BulkAction) -> Callable[[], Any]:
    return lambda: running.run(action.pk)


def ended(*actions: BulkAction) -> bool:
    for action in actions:
        running.run(action.pk)  # where the others were in its way, as the relay does
        action.refresh_from_db()
    return all(action.state == "done" and adds_up(action) for action in actions)


def test_two_actions_over_the_same_contacts_both_end(administrator: User) -> None:
    bring_in(PEOPLE, administrator)
    other = make_user(Role.ADMINISTRATOR)
    for n in ROUNDS:
        owner = begin(administrator, "owner", (other if n % 2 else administrator).pk)
        status = begin(other, "status", "Qualified" if n % 2 else "Disqualified")
        results = at_once(going(owner), going(status))
        assert results == [None, None] and ended(owner, status)
        assert status.done == ROWS
    assert FieldChange.objects.filter(bulk__isnull=False, field="status").count() == ROWS * len(ROUNDS)  # fmt: skip


def test_an_import_of_the_same_contacts_at_the_same_time_loses_nothing(administrator: User) -> None:
    bring_in(PEOPLE, administrator)
    for n in ROUNDS:
        batch = plan(PEOPLE.replace(",Old", f",Company {n}"), administrator)
        Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
        action = begin(administrator, "status", "Qualified" if n % 2 else "Disqualified")
        results = at_once(going(action), lambda pk=batch.pk: imports.run(pk))  # type: ignore[misc]
        batch.refresh_from_db()
        assert results == [None, None] and ended(action) and action.done == ROWS
        assert batch.state == "done" and add_up(batch)
        # A row whose contact the action had changed first is reported, never overwritten blindly.
        renamed = Contact.objects.filter(company=f"Company {n}").count()
        assert renamed == batch.updated == ROWS - batch.refused


def test_deleting_while_the_same_people_are_imported_leaves_nobody_half(
    administrator: User,
) -> None:
    for _ in ROUNDS:
        bring_in(PEOPLE, administrator)
        batch = plan(PEOPLE.replace(",Old", ",New"), administrator)
        Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
        action = begin(administrator, "delete")
        results = at_once(going(action), lambda pk=batch.pk: imports.run(pk))  # type: ignore[misc]
        batch.refresh_from_db()
        assert results == [None, None] and ended(action) and action.done == ROWS
        assert batch.state == "done" and add_up(batch)
        assert Contact.objects.count() == Identifier.objects.count() == batch.new == 0


def test_an_edit_during_a_bulk_action_is_kept(administrator: User) -> None:
    bring_in(PEOPLE, administrator)
    contacts = list(Contact.objects.order_by("pk"))
    for n in ROUNDS:
        action = begin(administrator, "status", "Qualified" if n % 2 else "Disqualified")
        edited = contacts[n * 7]
        values = {"city": f"City {n}"}
        results = at_once(
            going(action),
            lambda pk=edited.pk, v=values: update_contact(contact_id=pk, actor=by(), values=v),  # type: ignore[misc]
        )
        assert isinstance(results[1], Contact) and ended(action)
        edited.refresh_from_db()
        assert edited.city == f"City {n}"
        assert edited.status == ("Qualified" if n % 2 else "Disqualified")


def test_two_clicks_on_undo_start_one(administrator: User) -> None:
    bring_in(PEOPLE, administrator)
    for n in ROUNDS:
        action = begin(administrator, "status", "Qualified" if n % 2 else "Disqualified")
        running.run(action.pk)
        click = lambda pk=action.pk: starting.start_undo(action_id=pk, user=administrator)  # noqa: E731
        results = at_once(click, click)
        kinds = sorted(type(result).__name__ for result in results)
        assert kinds == ["BulkAction", "CannotUndo"], results
        assert action.undos.count() == 1
        running.run(action.undos.get().pk)


def test_two_workers_on_one_action_do_each_row_once(administrator: User) -> None:
    bring_in(PEOPLE, administrator)
    for n in ROUNDS:
        action = begin(administrator, "status", "Qualified" if n % 2 else "Disqualified")
        at_once(*[going(action)] * 3)
        assert ended(action)
        assert FieldChange.objects.filter(bulk=action).count() == ROWS
