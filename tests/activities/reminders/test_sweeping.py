"""Nothing that is due is forgotten, with a broker or without."""

from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from activities.models import BookingCalendar, Reminder
from activities.reminders import sending, sweeping
from activities.tasks import send_reminders, send_reminders_of
from tests.activities.bookings import make_meeting
from tests.activities.reminders.smtp_double import Journal


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("the broker is away")

    for task in (send_reminders, send_reminders_of):
        monkeypatch.setattr(task, "apply_async", refuse)


@pytest.mark.django_db
def test_a_confirmation_leaves_as_soon_as_the_booking_is_committed(
    calendar: BookingCalendar,
    smtp: Journal,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int] = []
    monkeypatch.setattr(send_reminders_of, "delay", told.append)
    with django_capture_on_commit_callbacks(execute=True):
        meeting = make_meeting(calendar)
    assert told == [meeting.pk] and smtp.taken == []


@pytest.mark.django_db
def test_without_a_broker_the_booking_stands_and_the_relay_sends(
    calendar: BookingCalendar,
    smtp: Journal,
    no_broker: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        make_meeting(calendar)
    assert smtp.taken == []
    sweeping.new_sweep().look()
    assert len(smtp.taken) == 1


@pytest.mark.django_db
def test_where_no_worker_comes_the_relay_sends_after_a_while(
    calendar: BookingCalendar, smtp: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints: list[float] = []
    monkeypatch.setattr(send_reminders, "apply_async", lambda expires: hints.append(expires))
    now = [0.0]
    monkeypatch.setattr("contacts.relaying.time.monotonic", lambda: now[0])
    make_meeting(calendar)
    sweep = sweeping.new_sweep()
    for now[0] in (0.0, 1.0, 9.0):
        sweep.look()
    assert smtp.taken == [] and len(hints) == 3
    now[0] = 11.0
    monkeypatch.setattr(sending, "FOR_SECONDS", 1.0)
    sweep.look()
    assert len(smtp.taken) == 1


@pytest.mark.django_db
def test_a_look_without_anything_due_hints_nobody(
    calendar: BookingCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints: list[float] = []
    monkeypatch.setattr(send_reminders, "apply_async", lambda expires: hints.append(expires))
    sweeping.new_sweep().look()
    assert hints == []


@pytest.mark.django_db
def test_a_worker_whose_claim_was_taken_over_writes_nothing(
    calendar: BookingCalendar, smtp: Journal
) -> None:
    make_meeting(calendar)
    (slow,) = sending.claim(25)
    Reminder.objects.filter(pk=slow.pk).update(lease_token="another's", state="sent", next_at=None)
    sending._send_all([slow])
    slow.refresh_from_db()
    assert (slow.state, slow.sent_to) == ("sent", "") and smtp.taken == []
