"""Carrying out a bulk action: exactly the frozen rows, each once, whatever happens meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.access import Role
from contacts.bulk_actions import effects, running, starting
from contacts.bulk_actions.starting import forget_old_rows
from contacts.deleting import delete_contact
from contacts.models import (
    Account,
    AuditEntry,
    BulkAction,
    BulkRow,
    Contact,
    FieldChange,
    ImportRow,
    PublicId,
    User,
)
from contacts.services import update_contact
from contacts.signals import ContactChange, contacts_changed
from tests.contacts.bulk.doing import adds_up, begin, finish, people
from tests.contacts.imports.engine import bring_in
from tests.factories import NEW_ADDRESS, by, make_contact, make_team, make_user, merge
from tests.stored import everything_stored


@pytest.fixture(autouse=True)
def waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Actions are frozen by `begin` and wait there, as large ones do, until `finish`."""
    monkeypatch.setattr(starting, "SMALL", 0)
    monkeypatch.setattr(starting, "hint_after_commit", lambda *_: None)
    monkeypatch.setattr(running, "CHUNK", 4)


def outcomes(action: BulkAction) -> dict[str, str]:
    return dict(BulkRow.objects.filter(action=action).values_list("public_id", "outcome"))


def test_all_that_match_is_what_matched_at_the_start(member: User) -> None:
    frozen = people(member, 10, status="Qualified")
    action = begin(member, "status", "Disqualified", query="status=Qualified")
    late = make_contact(member, first_name="Late", status="Qualified")
    finish(action)  # each chunk makes its rows stop matching
    assert (action.done, action.total, adds_up(action)) == (10, 10, True)
    assert Contact.objects.filter(status="Disqualified").count() == len(frozen)
    late.refresh_from_db()
    assert late.status == "Qualified"


def test_a_large_selection_is_frozen_without_reading_it(
    member: User, django_assert_num_queries: Any
) -> None:
    people(member, 30)
    user = User.objects.get(pk=member.pk)
    with django_assert_num_queries(7):  # savepoints, role, action, rows, counts, audit
        action = begin(user, "status", "Qualified")
    assert action.total == BulkRow.objects.count() == 30


def test_rows_that_one_may_no_longer_see_are_refused_not_changed(
    member: User, stranger: User
) -> None:
    kept, given_away, deleted = people(member, 3)
    action = begin(member, "status", "Qualified")
    update_contact(contact_id=given_away.pk, actor=by(), values={"owner": stranger.pk})
    delete_contact(contact_id=deleted.pk, actor=by())
    finish(action)
    assert (action.done, action.refused, adds_up(action)) == (1, 2, True)
    assert outcomes(action)[kept.public_id] == "done"
    assert Contact.objects.get(pk=given_away.pk).status == ""


def test_deleting_a_contact_that_was_merged_away_spares_the_survivor(
    member: User, ada: Contact
) -> None:
    holder = make_contact(member, first_name="Holder", email=NEW_ADDRESS)
    action = begin(member, "delete", "", ada)
    survivor = merge(ada, holder)
    finish(action)
    assert (action.done, action.refused) == (0, 1)
    assert Contact.objects.filter(pk=survivor.pk).exists()


def test_a_bulk_delete_leaves_only_the_ids(admin_user: User) -> None:
    bring_in("Email,First Name,Company\na@example.com,Secret,Engines\n", admin_user)
    contact = Contact.objects.get()
    merge(make_contact(admin_user, first_name="Duplicate"), make_contact(admin_user, email=NEW_ADDRESS))  # fmt: skip
    action = finish(begin(admin_user, "delete"))
    assert action.done == 2 and not Contact.objects.exists()
    stored = everything_stored()
    for value in ("a@example.com", NEW_ADDRESS, "Secret", "Engines", "Duplicate"):
        assert value not in stored
    assert PublicId.objects.get(pk=contact.public_id).state == "deleted"
    assert ImportRow.objects.get().values == {}
    deleted = AuditEntry.objects.filter(action="contact.deleted", actor=admin_user)
    assert contact.public_id in deleted.values_list("object_id", flat=True)


def test_a_chunk_costs_the_same_however_many_rows_it_has(
    admin_user: User, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 500)
    Account.load()
    costs: dict[str, set[int]] = {"owner": set(), "status": set(), "delete": set()}
    for number in (1, 40):
        for kind, value in (("status", "Qualified"), ("owner", admin_user.pk), ("delete", "")):
            people(member, number)
            action = begin(admin_user, kind, value, query=f"owner={member.pk}")
            with CaptureQueriesContext(connection) as queries:
                finish(action)
            assert action.done >= number
            costs[kind].add(len(queries))
    assert all(len(seen) == 1 for seen in costs.values()), costs


def test_history_and_announcement_name_the_person_and_the_action(
    member: User, admin_user: User
) -> None:
    heard: list[list[ContactChange]] = []
    contacts_changed.connect(
        lambda changes, **_: heard.append(changes), weak=False, dispatch_uid="t"
    )
    try:
        contacts = people(member, 3)
        heard.clear()
        action = finish(begin(admin_user, "owner", admin_user.pk, *contacts))
    finally:
        contacts_changed.disconnect(dispatch_uid="t")
    [changes] = heard  # one batch, not one a contact
    assert {c.contact_id for c in changes} == {c.pk for c in contacts}
    assert {c.fields["owner"] for c in changes} == {(member.pk, admin_user.pk)}
    written = FieldChange.objects.filter(bulk=action)
    assert written.count() == 3
    assert {(w.actor, w.detail) for w in written} == {(admin_user, f"bulk action {action.pk}")}


def test_the_audit_has_counts_and_no_values(member: User) -> None:
    make_contact(member, first_name="Secret")
    action = finish(begin(member, "status", "Qualified"))
    entry = AuditEntry.objects.get(action="bulk.done")
    assert entry.object_id == str(action.pk) and entry.actor == member
    assert entry.detail == {"kind": "status", "total": 1, "done": 1, "unchanged": 0, "refused": 0}


# ------------------------------------------------------------ permission, chunk by chunk


def stop_after_first_chunk(monkeypatch: pytest.MonkeyPatch, happens: Any) -> None:
    """Let something happen between the first chunk and the second."""
    apply, calls = running.apply, []

    def applied(chunk: Any) -> None:
        apply(chunk)
        calls.append(chunk)
        if len(calls) == 1:
            happens()

    monkeypatch.setattr(running, "apply", applied)


def test_a_person_who_is_deactivated_meanwhile_stops_it(
    member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(member, 10)
    action = begin(member, "status", "Qualified")
    stop_after_first_chunk(monkeypatch, lambda: User.objects.update(is_active=False))
    finish(action)
    assert (action.state, action.done, action.not_reached) == ("failed", 4, 6)
    assert action.error == effects.DEACTIVATED


def test_losing_the_right_to_delete_meanwhile_stops_it(
    member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(member, 10)
    action = begin(member, "delete")
    Account.load()
    stop_after_first_chunk(monkeypatch, lambda: Account.objects.update(members_may_delete=False))
    finish(action)
    assert (action.state, action.error, Contact.objects.count()) == ("failed", effects.NO_DELETE, 6)


def test_an_owner_who_leaves_meanwhile_gets_no_more(
    admin_user: User, member: User, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(member, 10)
    action = begin(admin_user, "owner", stranger.pk)
    stop_after_first_chunk(
        monkeypatch, lambda: User.objects.filter(pk=stranger.pk).update(is_active=False)
    )
    finish(action)
    assert action.state == "failed" and stranger.contacts.count() == 4


# ------------------------------------------------------------------- dying and stopping


def test_a_worker_that_dies_is_followed_by_one_that_does_no_row_twice(
    member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(member, 10)
    action = begin(member, "status", "Qualified")
    with monkeypatch.context() as dying:
        apply, calls = running.apply, []

        def dies_in_the_second(chunk: Any) -> None:
            calls.append(chunk)
            apply(chunk)
            if len(calls) == 2:
                raise SystemExit("kill -9")

        dying.setattr(running, "apply", dies_in_the_second)
        with pytest.raises(SystemExit):
            running.run(action.pk)
    running.run(action.pk)  # the claim of the dead worker still holds
    assert Contact.objects.filter(status="Qualified").count() == 4
    BulkAction.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    finish(action)
    assert (action.state, action.done, adds_up(action)) == ("done", 10, True)
    assert FieldChange.objects.filter(bulk=action).count() == 10
    assert set(Contact.objects.values_list("version", flat=True)) == {2}


def test_stopping_between_chunks_keeps_what_is_done(
    member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(member, 10)
    action = begin(member, "status", "Qualified")
    chunk = running._do_chunk

    def then_stopped(*args: Any) -> int | None:
        last = chunk(*args)
        running.stop(action.pk, by(member))
        return last

    monkeypatch.setattr(running, "_do_chunk", then_stopped)
    finish(action)
    assert (action.state, action.done, action.not_reached) == ("stopped", 4, 6)


def test_a_fault_ends_it_with_words_and_changes_nothing_more(
    member: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_chunk: Any) -> None:
        raise ValueError("a listener is broken")

    people(member, 2)
    action = begin(member, "status", "Qualified")
    monkeypatch.setattr(running, "apply", broken)
    finish(action)
    assert (action.state, action.error) == ("failed", running.FAULT)
    assert not Contact.objects.filter(status="Qualified").exists()
    assert "failed" in caplog.text


def test_a_database_that_is_away_leaves_it_to_the_relay(
    member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_chunk: Any) -> None:
        raise OperationalError("connection refused")

    people(member, 2)
    action = begin(member, "status", "Qualified")
    with monkeypatch.context() as outage:
        outage.setattr(running, "apply", away)
        with pytest.raises(OperationalError):
            running.run(action.pk)
    BulkAction.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert finish(action).done == 2


# -------------------------------------------------------------------------------- undo


def undo(action: BulkAction, user: User) -> BulkAction:
    return finish(starting.start_undo(action_id=action.pk, user=user))


def test_undo_gives_every_contact_back_to_whom_it_belonged(
    admin_user: User, member: User, stranger: User
) -> None:
    hers, his = people(member, 5), people(stranger, 5)
    action = finish(begin(admin_user, "owner", admin_user.pk))
    undone = undo(action, admin_user)
    assert (undone.done, undone.unchanged, undone.refused) == (10, 0, 0)
    assert {c.pk for c in member.contacts.all()} == {c.pk for c in hers}
    assert {c.pk for c in stranger.contacts.all()} == {c.pk for c in his}
    assert set(Contact.objects.values_list("version", flat=True)) == {3}


def test_undo_keeps_what_somebody_changed_since(member: User) -> None:
    contacts = people(member, 3, status="Qualified")
    already = make_contact(member, first_name="Already", status="Disqualified")
    action = finish(begin(member, "status", "Disqualified"))
    update_contact(contact_id=contacts[0].pk, actor=by(), values={"status": "Sales qualified"})
    undone = undo(action, member)
    assert (undone.done, undone.unchanged, undone.total) == (2, 1, 3)
    statuses = Contact.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["Sales qualified", "Qualified", "Qualified", "Disqualified"]
    assert already.history.filter(version__gt=1).count() == 0


def test_undo_is_written_in_the_history(member: User) -> None:
    [contact] = people(member, 1, status="Qualified")
    action = finish(begin(member, "status", "Disqualified"))
    undone = undo(action, member)
    change = contact.history.get(bulk=undone)
    assert (change.old, change.new) == ("Disqualified", "Qualified")
    assert change.detail == f"undo of bulk action {action.pk}"


def test_undo_leaves_contacts_alone_that_are_gone_or_out_of_sight(
    admin_user: User, member: User, stranger: User
) -> None:
    manager = make_user(Role.MANAGER)
    make_team(manager=manager, members=[member])
    deleted, merged, moved = people(member, 3)
    action = finish(begin(manager, "owner", manager.pk))
    delete_contact(contact_id=deleted.pk, actor=by())
    merged.refresh_from_db()
    survivor = merge(merged, make_contact(manager, email=NEW_ADDRESS))
    update_contact(contact_id=moved.pk, actor=by(), values={"owner": stranger.pk})
    undone = undo(action, manager)
    assert (undone.done, undone.refused) == (0, 3)
    survivor.refresh_from_db()
    assert survivor.owner == manager


def test_undo_does_not_give_a_contact_to_somebody_outside_the_team(member: User) -> None:
    manager = make_user(Role.MANAGER)
    team = make_team(manager=manager, members=[member])
    [contact] = people(member, 1)
    action = finish(begin(manager, "owner", manager.pk))
    team.members.clear()
    assert undo(action, manager).refused == 1
    contact.refresh_from_db()
    assert contact.owner == manager


def test_undo_gives_contacts_back_to_a_colleague_who_has_left(
    admin_user: User, member: User
) -> None:
    people(member, 2)
    User.objects.filter(pk=member.pk).update(is_active=False)
    action = finish(begin(admin_user, "owner", admin_user.pk))
    assert undo(action, admin_user).done == 2 and member.contacts.count() == 2


@pytest.mark.parametrize("why", ["delete", "undo", "twice", "running", "old"])
def test_what_cannot_be_undone_says_so(member: User, why: str) -> None:
    people(member, 2)
    action = begin(member, "delete" if why == "delete" else "status", "Qualified")
    if why != "running":
        finish(action)
    if why == "undo":
        action = undo(action, member)
    elif why == "twice":
        undo(action, member)
    elif why == "old":
        BulkAction.objects.update(finished_at=timezone.now() - timedelta(days=31))
    with pytest.raises(starting.CannotUndo):
        starting.start_undo(action_id=action.pk, user=member)


def test_a_stopped_undo_can_be_started_again(member: User) -> None:
    people(member, 6)
    action = finish(begin(member, "status", "Qualified"))
    first = starting.start_undo(action_id=action.pk, user=member)
    running.stop(first.pk, by(member))
    assert undo(action, member).done == 6


def test_rows_are_forgotten_when_the_undo_has_ended_and_the_counts_stay(member: User) -> None:
    people(member, 2)
    action = finish(begin(member, "status", "Qualified"))
    forget_old_rows()
    assert BulkRow.objects.count() == 2
    BulkAction.objects.update(finished_at=timezone.now() - timedelta(days=31))
    forget_old_rows()
    action.refresh_from_db()
    assert (BulkRow.objects.count(), action.done) == (0, 2)
