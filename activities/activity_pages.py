"""What the kinds of activity have in common on screen: their tabs, and the words of each page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from activities.listing import ActivityState
from contacts.exporting.rows import Column
from contacts.finding import bounded_count, shown_count
from contacts.models import User


@dataclass(frozen=True)
class Tab:
    """One tab of the Activities page. `in_place`: the list on screen is exchanged, not the page."""

    label: str
    url: str
    current: bool
    in_place: bool = False


@dataclass(frozen=True)
class Words:
    """What one page calls what it lists."""

    title: str
    thing: str  # "meeting"
    things: str
    listed: str  # "past meetings"
    search: str  # what stands in the empty search box
    searched: str  # what is searched besides the guests
    results: str  # the template of the list
    file: str  # how the name of an export begins


@dataclass(frozen=True)
class ExportFile:
    """What an export of a page writes: its columns, and how rows become texts."""

    columns: Sequence[Column]
    rows: Callable[[QuerySet[Any], User], Iterator[list[str]]]
    audited: str


def list_context(
    state: ActivityState, visible: QuerySet[Any], words: Words, *, here: str, export: str
) -> tuple[dict[str, Any], Sequence[Any]]:
    """What every list of activities shows around its rows, and the rows of the page."""
    page, found, notice = state.page(visible)
    total = bounded_count(state.in_tab(visible)) if state.filtered else found.count
    context = {
        "state": state,
        "words": words,
        "here": reverse(here),
        "export": reverse(export),
        "notices": [text for text in (*state.notices, notice) if text],
        "total_shown": shown_count(total),
        "matching": found.count,
        "matching_shown": shown_count(found.count),
        "chips": state.chips(),
        "pops": state.choices.pops(state.chosen),
        "presets": state.presets(),
        "previous_query": state.but(before=page.previous) if page.previous else "",
        "next_query": state.but(after=page.next) if page.next else "",
        "clear_filters": state.unfiltered,
        "clear_search": state.but(q=""),
    }
    return context, page.rows
