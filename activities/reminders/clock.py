"""What time it is for everything that is due: the database's, which all processes share.

A worker whose own clock is wrong sends nothing early and takes no lease too soon.
"""

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone


def now() -> datetime:
    """The time of the database server; of this machine where the database is a file on it."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


class Clock:
    """The database's time, asked for once and counted on from there: no jump of ours changes it."""

    def __init__(self) -> None:
        self._asked, self._at = now(), time.monotonic()

    def now(self) -> datetime:
        return self._asked + timedelta(seconds=time.monotonic() - self._at)
