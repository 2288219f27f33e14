"""The audit only grows, and shows when somebody went behind its back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from contacts import history
from contacts.management.commands.relay import Relay
from contacts.models import AuditEntry, AuditSeal, User
from contacts.sealing import Head, head, seal, verify
from tests.factories import by


@pytest.fixture
def chain(member: User) -> list[AuditEntry]:
    """Five sealed entries."""
    for n in range(5):
        history.audit(by(member), "contact.deleted", f"CTC-{n}", count=n, moved=["CTC-A", "ü"])
    assert seal() == 5
    connection.check_constraints()  # else PostgreSQL refuses TRUNCATE for its pending checks alone
    return list(AuditEntry.objects.order_by("pk"))


@contextmanager
def as_the_owner_of_the_database() -> Iterator[None]:
    """With the triggers away: what only somebody with the owner's rights can do."""
    guard = import_module("contacts.migrations.0005_queues")
    with connection.cursor() as cursor:
        for statement in guard.OFF[connection.vendor]:
            cursor.execute(statement)
        yield
        for statement in guard.ON[connection.vendor]:
            cursor.execute(statement)


def run(sql: str, *params: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


FORBIDDEN = [
    "UPDATE contacts_auditentry SET object_id = 'CTC-9'",
    "DELETE FROM contacts_auditentry",
    "UPDATE contacts_auditseal SET digest = 'x'",
    "DELETE FROM contacts_auditseal",
]
if connection.vendor == "sqlite":
    FORBIDDEN += [
        "INSERT OR REPLACE INTO contacts_auditentry SELECT * FROM contacts_auditentry LIMIT 1",
        "INSERT OR REPLACE INTO contacts_auditseal SELECT * FROM contacts_auditseal LIMIT 1",
    ]
else:
    FORBIDDEN += ["TRUNCATE contacts_auditentry CASCADE", "TRUNCATE contacts_auditseal"]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_database_refuses_to_change_the_audit(chain: list[AuditEntry], statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run(statement)
    assert verify().fault == "" and AuditEntry.objects.count() == 5


def test_querysets_cannot_change_it_either(chain: list[AuditEntry]) -> None:
    for attempt in (AuditEntry.objects.all().delete, lambda: AuditEntry.objects.update(detail={})):
        with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
            attempt()
    assert AuditEntry.objects.count() == 5


def test_who_did_something_is_never_deleted(chain: list[AuditEntry], member: User) -> None:
    with pytest.raises(ProtectedError):
        member.delete()


def test_an_entry_that_is_undone_leaves_no_gap_in_the_chain(
    chain: list[AuditEntry], member: User
) -> None:
    with transaction.atomic():
        history.audit(by(member), "contact.deleted", "CTC-undone")
        transaction.set_rollback(True)
    history.audit(by(member), "contact.deleted", "CTC-6")
    assert seal() == 1
    assert (head().position, verify().fault) == (6, "")


def test_an_entry_with_a_lower_number_that_commits_later_is_chained_later(
    chain: list[AuditEntry], member: User
) -> None:
    late, early = chain[-1].pk + 1, chain[-1].pk + 2
    for number in (early, late):
        entry = AuditEntry(pk=number, actor=member, source="person", action="contact.deleted")
        AuditEntry.objects.bulk_create([entry])
        assert seal() == 1
    assert AuditSeal.objects.get(pk=late).position == 7 and verify().fault == ""


def test_nothing_to_seal_is_nothing_done(chain: list[AuditEntry]) -> None:
    before = head()
    assert (seal(), head()) == (0, before)


@pytest.mark.parametrize(
    "change",
    [
        "actor_id = NULL",
        "object_id = 'CTC-9'",
        "action = 'x'",
        "source = 'api_key'",
        "detail = '{}'",
        "at = '2020-01-01 00:00:00+00:00'",
    ],
)
def test_the_check_names_the_entry_that_was_changed(chain: list[AuditEntry], change: str) -> None:
    with as_the_owner_of_the_database():
        run(f"UPDATE contacts_auditentry SET {change} WHERE id = %s", chain[2].pk)
    verdict = verify()
    assert verdict.fault.startswith(f"Entry {chain[2].pk} (position 3) was changed")
    assert verdict.head.position == 2


def remove(pk: int, *, with_seal: bool = True) -> None:
    if with_seal:
        run("DELETE FROM contacts_auditseal WHERE entry_id = %s", pk)
    run("DELETE FROM contacts_auditentry WHERE id = %s", pk)


def test_the_check_names_the_place_where_an_entry_was_removed(chain: list[AuditEntry]) -> None:
    with as_the_owner_of_the_database():
        remove(chain[2].pk)
    assert verify().fault.startswith("Position 3: the seal is missing")


def test_renumbering_after_a_removal_does_not_hide_it(chain: list[AuditEntry]) -> None:
    with as_the_owner_of_the_database():
        remove(chain[2].pk)
        for entry in chain[3:]:
            run(
                "UPDATE contacts_auditseal SET position = position - 1 WHERE entry_id = %s",
                entry.pk,
            )
    assert verify().fault.startswith(f"Entry {chain[3].pk} (position 3) was changed, or does not")


def test_an_entry_put_in_behind_the_triggers_is_named(chain: list[AuditEntry]) -> None:
    with as_the_owner_of_the_database():
        forged = AuditEntry.objects.create(source="person", action="contact.deleted")
    assert verify().fault.startswith(f"Entry {forged.pk} has no seal")


def test_only_a_noted_head_shows_that_the_end_was_cut_off(chain: list[AuditEntry]) -> None:
    noted = head()
    with as_the_owner_of_the_database():
        remove(chain[4].pk)
    assert verify().fault == ""
    assert "newest entries were removed" in verify(noted=(noted,)).fault


def test_only_a_noted_head_shows_that_everything_was_written_anew(
    chain: list[AuditEntry],
) -> None:
    noted = head()
    with as_the_owner_of_the_database():
        run("UPDATE contacts_auditentry SET object_id = 'CTC-9' WHERE id = %s", chain[0].pk)
        run("UPDATE contacts_auditseal SET position = NULL, digest = ''")
    seal()
    assert verify().fault == ""
    assert "the chain up to it was written anew" in verify(noted=(noted,)).fault


def test_the_command_says_that_all_is_well_and_gives_the_head(
    chain: list[AuditEntry], member: User, capsys: pytest.CaptureFixture[str]
) -> None:
    history.audit(by(member), "contact.deleted", "CTC-6")
    call_command("verify_audit", head=[str(Head(1, AuditSeal.objects.get(position=1).digest))])
    told = capsys.readouterr().out
    assert "The audit is intact: 5 entries in the chain." in told
    assert "1 newer entries wait" in told and re.search(r"5:[0-9a-f]{64}", told)


@pytest.mark.parametrize("text", ["", "5", "5:abc", "x:" + "0" * 64])
def test_the_command_refuses_what_is_no_head(db: None, text: str) -> None:
    with pytest.raises(CommandError, match="is not a head"):
        call_command("verify_audit", head=[text])


def test_the_command_fails_on_a_broken_audit(chain: list[AuditEntry]) -> None:
    with as_the_owner_of_the_database():
        run("UPDATE contacts_auditentry SET action = 'x' WHERE id = %s", chain[1].pk)
    with pytest.raises(CommandError, match=rf"Entry {chain[1].pk} .* Everything before it is int"):
        call_command("verify_audit")


def test_the_relay_seals_and_tells_the_head_once_a_day(
    member: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    history.audit(by(member), "contact.deleted", "CTC-1")
    relay = Relay()
    relay.seal_audit()
    relay.seal_audit()
    told = [r.getMessage() for r in caplog.records if "audit head" in r.getMessage()]
    assert told == [f"audit head {head()}"] and head().position == 1
