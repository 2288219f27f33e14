"""The rows of All Contacts.

Their template is rendered once a page, with marks where something of a contact goes, and then
filled in for each of them: rendering it fifty times took most of the time of the page.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import chain
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from contacts.models import Contact
from contacts.templatetags.kith import avatar_class

#: What a row says outside of its cells, by the name that the template knows it by.
_OWN: dict[str, Callable[[Contact], str]] = {
    "id": lambda contact: escape(contact.public_id),
    "name": lambda contact: escape(contact.display_name),
    "initials": lambda contact: escape(contact.initials),
    "avatar": avatar_class,
}
#: Nobody can type a mark, since it is another one in every process. It may stand in an address.
_SECRET = secrets.token_hex(8)
_MARK = re.compile(rf"{_SECRET}x(\d+)x")


def rows_of(
    contacts: Iterable[Contact],
    heads: Sequence[Mapping[str, Any]],
    *,
    open_id: str,
    render: Callable[[dict[str, Any]], str],
) -> SafeString:
    """The row of each contact under these heads, which hold a `column` each.

    `render` renders the row's template with what it is given: `id`, `name`, `initials`, `avatar`,
    `cells` (a `head` and its `html`), and whether this is the row of the contact that `is_open`.
    """
    listed = list(contacts)
    for head in heads:
        if head["column"].load is not None:
            head["column"].load(listed)
    own, fillers = _OWN.values(), [head["column"].cell for head in heads]
    marks = [f"{_SECRET}x{number}x" for number in range(len(own) + len(fillers))]
    cells = [{"head": h, "html": m} for h, m in zip(heads, marks[len(_OWN) :], strict=True)]
    given = {**dict(zip(_OWN, marks, strict=False)), "cells": cells}
    stencils: dict[bool, tuple[list[str], list[int]]] = {}
    written: list[str] = []
    for contact in listed:
        is_open = contact.public_id == open_id
        if is_open not in stencils:
            parts = _MARK.split(render({**given, "is_open": is_open}))
            stencils[is_open] = parts[::2], [int(number) for number in parts[1::2]]
        texts, slots = stencils[is_open]
        values = [fill(contact) for fill in own]
        values += (conditional_escape(fill(contact)) if fill else "" for fill in fillers)
        written += chain.from_iterable(zip(texts, (values[slot] for slot in slots), strict=False))
        written.append(texts[-1])
    return mark_safe("".join(written))
