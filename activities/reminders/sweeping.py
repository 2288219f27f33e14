"""The relay's part in messages: workers are told that some are due; where none comes, it sends."""

from activities.reminders import sending
from activities.tasks import send_reminders
from contacts.relaying import HINT_LIVES, HINTS_AT_ONCE, Sweep


def new_sweep() -> Sweep:
    return Sweep(
        name="reminders",
        batch=sending.BATCH,
        due=lambda: sending.due(HINTS_AT_ONCE * sending.BATCH),
        hint=lambda: send_reminders.apply_async(expires=HINT_LIVES),
        work=lambda seconds: sending.run(seconds=seconds),
    )
