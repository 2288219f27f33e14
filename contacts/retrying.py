"""Running a transaction again when the database says that two of them stood in each other's way."""

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

Args = ParamSpec("Args")
Result = TypeVar("Result")

ATTEMPTS = 4
#: SQLSTATE of PostgreSQL: serialization_failure, deadlock_detected, lock_not_available.
_PASSING = {"40001", "40P01", "55P03"}


class Busy(Exception):
    """The contact is being changed by others again and again. Nothing was saved; try again."""


class Stale(Exception):
    """A guarded update met another version than the one it read."""


def retrying(function: Callable[Args, Result]) -> Callable[Args, Result]:
    """Repeat a service whose transaction lost against another one. Raises Busy after four tries.

    It must wrap `transaction.atomic`, not be inside it: within an outer transaction nothing can be
    repeated, so there the error passes through.
    """

    @functools.wraps(function)
    def repeat(*args: Args.args, **kwargs: Args.kwargs) -> Result:
        for attempt in range(ATTEMPTS):
            try:
                return function(*args, **kwargs)
            except (OperationalError, Stale) as error:
                if connection.in_atomic_block or not _is_passing(error):
                    raise
                time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))
        raise Busy

    return repeat


def _is_passing(error: Exception) -> bool:
    if isinstance(error, Stale):
        return True
    state = getattr(error.__cause__, "sqlstate", None)
    return state in _PASSING or "database is locked" in str(error)
