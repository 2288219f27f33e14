"""How the benchmarks take a figure and say it."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection


def say(what: str, figure: str, beside: str) -> None:
    """One line: the figure, and the reference of the same run that it is to be read beside."""
    print(f"\n{connection.vendor:<11} {what:<48} {figure:<30} beside {beside}", end="")


@contextmanager
def seconds() -> Iterator[Callable[[], float]]:
    start = time.perf_counter()
    end: list[float] = []
    yield lambda: (end[0] if end else time.perf_counter()) - start
    end.append(time.perf_counter())


def p50(times: Sequence[float]) -> float:
    return statistics.median(times)


def p95(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def both(times: Sequence[float]) -> str:
    """Milliseconds as "4.1 ms p50, 7.0 ms p95"."""
    return f"{p50(times):.1f} ms p50, {p95(times):.1f} ms p95"


def raw_rows_per_second(rows: int) -> float:
    """Five texts a row into a bare table: COPY on PostgreSQL, executemany on SQLite."""
    values = [
        (f"First{n}", f"Last{n}", f"p{n}@x.example", f"+1202{n:07}", "C") for n in range(rows)
    ]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bare (a text, b text, c text, d text, e text)")
        with seconds() as took:
            if connection.vendor == "postgresql":
                with cursor.copy("COPY bare FROM STDIN") as copy:
                    for value in values:
                        copy.write_row(value)
            else:
                cursor.executemany("INSERT INTO bare VALUES (%s, %s, %s, %s, %s)", values)
        figure = rows / took()
        cursor.execute("DROP TABLE bare")
    return figure
