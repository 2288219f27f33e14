"""Sections of the contact pane; later apps register theirs from `AppConfig.ready`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.http import HttpRequest

from contacts.fields import as_text, current_value, known_fields, shown
from contacts.models import Contact
from contacts.suggestions import open_suggestions

#: Sections before this order stand above the details of the contact, the others below.
DETAILS = 50


class Shown(NamedTuple):
    """A section that has something to show: its template finds `context` as `section`."""

    template: str
    context: dict[str, Any]


Show = Callable[[HttpRequest, Contact], Shown | None]


@dataclass(frozen=True)
class PaneSection:
    """One section. `show` says None where this contact, or this person, has nothing to see.

    Orders: suggestions 10; after the details upcoming meetings 60, connected records 70.
    """

    order: int
    show: Show


_sections: list[PaneSection] = []


def register(section: PaneSection) -> None:
    _sections.append(section)
    _sections.sort(key=lambda known: known.order)


def sections_for(request: HttpRequest, contact: Contact) -> dict[str, list[Shown]]:
    """The sections above and below the details, under the names that the pane's template uses."""
    places: dict[str, list[Shown]] = {"sections_above": [], "sections_below": []}
    for section in _sections:
        shown_section = section.show(request, contact)
        if shown_section is not None:
            place = "sections_above" if section.order < DETAILS else "sections_below"
            places[place].append(shown_section)
    return places


def _suggestions(request: HttpRequest, contact: Contact) -> Shown | None:
    rows = open_suggestions(contact)
    if not rows:
        return None
    fields = known_fields()
    lines = [
        {
            "row": row,
            "label": fields[row.field].label,
            "now": shown(fields[row.field], as_text(current_value(contact, fields[row.field])), {}),
            "value": shown(fields[row.field], row.value, {}),
        }
        for row in rows
    ]  # fmt: skip
    several = len({row.field for row in rows}) > 1
    return Shown("contacts/_suggestions.html", {"lines": lines, "several": several})


register(PaneSection(10, _suggestions))
