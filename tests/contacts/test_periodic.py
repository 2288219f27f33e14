"""Steps that the relay repeats for the apps above."""

import logging
from collections.abc import Iterator

import pytest

from contacts import periodic
from contacts.management.commands.relay import Relay
from contacts.models import Heartbeat
from contacts.periodic import Rounds, Step


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two steps and a broken one between them; what ran, in order."""
    ran: list[str] = []

    def broken() -> None:
        raise ValueError("secret@example.com")

    steps = [
        Step("first", 5, lambda: ran.append("first")),
        Step("broken", 1, broken),
        Step("last", 1, lambda: ran.append("last")),
    ]
    monkeypatch.setattr(periodic, "_steps", steps)
    yield ran


def test_each_step_runs_when_its_time_has_come(done: list[str]) -> None:
    rounds = Rounds()
    for now in range(7):
        rounds.run(now)
    assert done.count("last") == 7 and done.count("first") == 2


def test_one_that_fails_is_told_once_without_its_data_and_holds_up_no_other(
    done: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    rounds = Rounds()
    with caplog.at_level(logging.WARNING):
        for now in range(3):
            rounds.run(now)
    assert [record.getMessage() for record in caplog.records] == [
        "step broken failed, and is tried again: ValueError"
    ]
    assert done.count("last") == 3


@pytest.mark.django_db
def test_the_relay_runs_the_steps(done: list[str]) -> None:
    Relay().look(0.0)
    assert done == ["first", "last"] and Heartbeat.objects.filter(name="relay").exists()
