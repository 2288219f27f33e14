"""The figures of the Overview page: contacts by source, duplicates prevented, imports.

Later apps add theirs through `register_prevented` and their own cards. Counting a million contacts
takes a moment, so what a person sees is up to five minutes old, and the page says of when.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.utils import timezone

from contacts.access import may_administer
from contacts.models import Contact, Import, Source, User
from contacts.plots import Plot, Series, stacked_areas, stacked_bars

MONTHS, WEEKS = 12, 12
KEPT_FOR = 5 * 60  # seconds
WIDE, NARROW = (640, 222), (326, 180)
#: Bottom to top; what is not named here is "Added by hand".
SOURCES = {
    "Booking page": (Source.BOOKING,),
    "Chatbot": (Source.CHATBOT,),
    "Routing form": (Source.FORM,),
    "CSV import": (Source.IMPORT,),
}
OTHERS = "API and manual"
EMAIL, MOBILE = "Matched on email", "Matched on mobile phone"

#: Given a day, answers (day, "email" or "mobile_phone", how many) of what was matched since.
Prevented = Callable[[date], Iterable[tuple[date, str, int]]]
_prevented: list[Prevented] = []


def register_prevented(counter: Prevented) -> None:
    _prevented.append(counter)


@dataclass(frozen=True)
class Figure:
    """A number with what it means."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Card:
    """A plot at both widths, the words for who cannot see it, and its numbers as a table."""

    title: str
    subtitle: str
    description: str
    heads: tuple[str, ...]  # of the table's columns, after the first
    series: tuple[Series, ...]
    wide: Plot
    narrow: Plot
    totals: bool  # the legend shows the last value (a total) or the sum


@dataclass(frozen=True)
class Overview:
    at: datetime
    figures: tuple[Figure, ...]
    cards: tuple[Card, ...]


def overview_of(user: User) -> Overview:
    """What this person may see, at most five minutes old."""
    key = f"overview-{user.pk}-{user.role.name}"
    known = cache.get(key)
    if isinstance(known, Overview):
        return known
    made = _make(user)
    cache.set(key, made, KEPT_FOR)
    return made


def _make(user: User) -> Overview:
    today = timezone.localdate()
    growth, card = _contacts_by_source(user, today)
    figures, cards = [growth], [card]
    if may_administer(user):
        prevented, bars = _duplicates_prevented(today)
        figures += [prevented, _imports(today)]
        cards.append(bars)
    return Overview(timezone.now(), tuple(figures), tuple(cards))


def _contacts_by_source(user: User, today: date) -> tuple[Figure, Card]:
    starts = _month_starts(today)
    ends = [*starts[1:], today + timedelta(days=1)]
    counted = {
        f"until_{n}": Count("pk", filter=Q(creation_time__lt=_midnight(end)))
        for n, end in enumerate(ends)
    }
    visible = Contact.objects.visible_to(user).order_by()
    rows: list[Any] = list(visible.values("source").annotate(**counted))
    sums = {row["source"]: [row[f"until_{n}"] for n in range(MONTHS)] for row in rows}
    series = _by_source(sums)
    months = tuple(f"{start:%b}" for start in starts)
    total = sum(one.last for one in series)
    before = sum(one.values[-2] for one in series)
    described = f"From {sum(one.values[0] for one in series):,} to {total:,} contacts."
    figure = Figure("Contacts", f"{total:,}", f"+{total - before:,} this month")
    heads = tuple(f"{start:%b %Y}" for start in starts)
    return figure, Card(
        "Contacts by source",
        "Total at the end of each month",
        described,
        heads,
        series,
        stacked_areas(months, series, width=WIDE[0], height=WIDE[1]),
        stacked_areas(months, series, width=NARROW[0], height=NARROW[1]),
        totals=True,
    )


def _by_source(sums: dict[str, list[int]]) -> tuple[Series, ...]:
    named = {source for sources in SOURCES.values() for source in sources}
    groups = {label: [sums.get(s, []) for s in sources] for label, sources in SOURCES.items()}
    groups[OTHERS] = [values for source, values in sums.items() if source not in named]
    series = []
    for label, lists in groups.items():
        values = tuple(sum(v[n] for v in lists if v) for n in range(MONTHS))
        if any(values) or label == OTHERS:
            series.append(Series(label, values))
    return tuple(series)


def _duplicates_prevented(today: date) -> tuple[Figure, Card]:
    monday = today - timedelta(days=today.weekday())
    weeks = [monday - timedelta(weeks=n) for n in reversed(range(WEEKS))]
    found = {"email": [0] * WEEKS, "mobile_phone": [0] * WEEKS}
    recent = 0
    for counter in (_by_imports, *_prevented):
        for day, matched_on, number in counter(weeks[0]):
            week = (day - weeks[0]).days // 7
            if 0 <= week < WEEKS and matched_on in found:
                found[matched_on][week] += number
                recent += number if (today - day).days < 30 else 0
    series = (Series(EMAIL, tuple(found["email"])), Series(MOBILE, tuple(found["mobile_phone"])))
    names = tuple(f"{week.day} {week:%b}" for week in weeks)
    figure = Figure("Duplicates prevented", f"{recent:,}", "last 30 days")
    return figure, Card(
        "Duplicates prevented",
        "Activities and imported rows joined to an existing contact, by week",
        f"{sum(one.total for one in series):,} in the last {WEEKS} weeks.",
        names,
        series,
        stacked_bars(names, series, width=440, height=WIDE[1]),
        stacked_bars(names, series, width=NARROW[0], height=NARROW[1]),
        totals=False,
    )


def _by_imports(since: date) -> Iterable[tuple[date, str, int]]:
    done = Import.objects.filter(finished_at__gte=_midnight(since))
    for finished, email, mobile in done.values_list(
        "finished_at", "matched_email", "matched_mobile"
    ):
        day = timezone.localtime(finished).date()
        yield day, "email", email
        yield day, "mobile_phone", mobile


def _imports(today: date) -> Figure:
    since = _midnight(today - timedelta(days=29))
    done = Import.objects.filter(finished_at__gte=since)
    sums = done.aggregate(files=Count("pk"), new=Sum("new"), updated=Sum("updated"))
    files = sums["files"]
    note = f"from {files:,} file{'' if files == 1 else 's'}, last 30 days"
    return Figure("Rows imported", f"{(sums['new'] or 0) + (sums['updated'] or 0):,}", note)


def _month_starts(today: date) -> list[date]:
    """The first days of this month and the eleven before it."""
    month = today.year * 12 + today.month - 1
    return [date(m // 12, m % 12 + 1, 1) for m in range(month - MONTHS + 1, month + 1)]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
