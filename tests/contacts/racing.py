"""Several people at the same moment: threads with connections of their own, released together."""

import os
import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

#: How often each race is run; .ci/run has fewer, so that it stays within its minutes.
ROUNDS = range(int(os.environ.get("RACE_ROUNDS", "25")))


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls released together; each one's result, or the exception it raised."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[place] = call()
        except Exception as error:  # every kind is looked at by the test
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def of_type(results: list[Any], kind: type) -> int:
    return sum(isinstance(result, kind) for result in results)
