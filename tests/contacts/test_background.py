"""Hints to workers while the broker is away: a save waits for it once, not each time."""

from typing import Any

import pytest

from contacts import background
from contacts.tasks import run_import


def test_a_broker_that_is_away_is_asked_again_after_a_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    now = [100.0]

    def refuse(pk: int, **_: Any) -> None:
        asked.append(pk)
        raise ConnectionError("the broker is away")

    monkeypatch.setattr(run_import, "delay", refuse)
    monkeypatch.setattr("contacts.background.time.monotonic", lambda: now[0])
    for pk, now[0] in ((1, 100.0), (2, 101.0), (3, 104.9), (4, 105.1)):
        background.hint(run_import, pk)
    assert asked == [1, 4]
