"""Deliveries of which nobody knows whether they arrived: the target is asked, soon and again.

A lost answer leaves a row *unknown*, and its next attempt may be half a day away by the schedule. A
Deliverer that reads back looks at its target before it writes, so trying again is the reading: where
the change is there, the row is settled as delivered and nothing is written. Such a reading is not
held against the schedule, for three days; then the schedule goes on to its end.
"""

import logging
from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Greatest

from activities.reminders import clock
from contacts.background import hint
from integrations import deliverers
from integrations.models import Delivery
from integrations.outbox.schedule import scaled

logger = logging.getLogger(__name__)
EVERY = 15 * 60.0  # seconds
SETTLES_BY_ITSELF = 60.0  # seconds; a try that is due before then needs no help
FOR = timedelta(days=3)
AT_ONCE = 500


def reconcile() -> int:
    """A step of the relay: have what is unknown read back now; how many."""
    from integrations.tasks import deliver_due

    now = clock.now()
    rows = Delivery.objects.filter(
        Q(next_at__gt=now + scaled(SETTLES_BY_ITSELF)),
        state=Delivery.State.UNKNOWN,
        lease_token="",
        created_at__gt=now - FOR,
        family__in=deliverers.that_read_back(),
    )
    ids = list(rows.order_by("next_at").values_list("pk", flat=True)[:AT_ONCE])
    # `rows` again: meanwhile somebody may have claimed one.
    number = rows.filter(pk__in=ids).update(
        next_at=now, attempts=Greatest(F("attempts") - 1, 0), priority=Delivery.Priority.BACKLOG
    )
    if number:
        logger.info("%s deliveries with a lost answer are read back", number)
        hint(deliver_due)
    return number


def step() -> None:
    reconcile()
