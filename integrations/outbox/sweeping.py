"""The relay's part in deliveries: workers are told what is due; where none comes, it delivers."""

from activities.reminders import clock
from contacts.relaying import HINT_LIVES, HINTS_AT_ONCE, Sweep
from integrations.outbox import claiming, gates, running


def new_sweep() -> Sweep:
    return Sweep(
        name="deliveries",
        batch=claiming.BATCH,
        due=_due,
        hint=_hint,
        work=lambda seconds: running.run(seconds=seconds),
    )


def _hint() -> None:
    from integrations.tasks import deliver_due

    deliver_due.apply_async(expires=HINT_LIVES)


def _due() -> tuple[int | None, int]:
    """What has waited longest of all that may leave, and how many wait, counted to a bound."""
    now = clock.now()
    rows = claiming.due(now).filter(gate__in=gates.open_gates(now)).order_by("next_at", "pk")
    ids = list(rows.values_list("pk", flat=True)[: HINTS_AT_ONCE * claiming.BATCH])
    return (ids[0] if ids else None), len(ids)
