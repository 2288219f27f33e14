"""Faults need PostgreSQL, redis-server and real processes; `make faults` runs them. The last line
says what was lost, repeated or out of order in all of them: a loss fails the run."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cast import Cast
from tests.faults.verdict import Verdict
from tests.integrations.outbox.target import Target, listening

VERDICTS: list[Verdict] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ready = os.environ.get("DATABASE_URL") and shutil.which("redis-server")
    for item in items:
        item.add_marker(pytest.mark.django_db(transaction=True))
        if not ready:
            reason = "NOT RUN: faults need DATABASE_URL and redis-server"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def cast(transactional_db: None, tmp_path: Path) -> Iterator[Cast]:
    """Redis runs; workers and relays are started as they are needed."""
    processes = Cast(tmp_path)
    try:
        processes.start_redis()
        yield processes
    finally:
        processes.end()


@pytest.fixture
def targets() -> Iterator[list[Target]]:
    """Ten receivers; most scenarios use the first."""
    with ExitStack() as stack:
        yield [stack.enter_context(listening()) for _ in range(10)]


@pytest.fixture
def told() -> Any:
    """Note a verdict, and fail where something was lost, repeated or out of order."""

    def note(verdict: Verdict) -> None:
        VERDICTS.append(verdict)
        print(f"\n{verdict}")
        assert (verdict.lost, verdict.repeated, verdict.inversions) == (0, 0, 0)

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for verdict in VERDICTS:
        terminalreporter.write_line(str(verdict))
    lost, repeated, inversions = (
        sum(getattr(verdict, name) for verdict in VERDICTS)
        for name in ("lost", "repeated", "inversions")
    )
    times = "; ".join(f"{verdict.name} {verdict.seconds:.1f} s" for verdict in VERDICTS)
    terminalreporter.write_line(
        f"TOTAL acknowledged changes {sum(v.edits for v in VERDICTS):,}, lost {lost}, repeated after "
        f"the target's own dedupe {repeated}, order inversions {inversions}. Converged: {times}"
    )
