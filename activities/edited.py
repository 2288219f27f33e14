"""Settings that several administrators may edit at the same moment: nobody's edit is lost unseen.

A page carries the version of what it showed. Whoever saves after somebody else is told so, with what
they typed still there; the page they get back carries the new version, so saving once more is a
decision and not an accident. Publishing, closing and archiving are no edits: they write their own
columns, whatever else is being edited.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.http import QueryDict

from activities.models.editable import Editable


class EditedMeanwhile(Exception):
    """Somebody else has saved it since it was shown; nothing was written."""


def version_in(data: QueryDict) -> int | None:
    """The version that the page has shown; None for a page that carries none."""
    text = str(data.get("version", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@transaction.atomic
def save_edited(row: Editable, columns: Sequence[str], version: int | None) -> None:
    """Write these columns, if `row` is as it was shown. Raises EditedMeanwhile.

    The version is counted first, so that of two at the same moment the second one waits and loses.
    """
    mine = type(row)._default_manager.filter(pk=row.pk)
    if version is not None:
        mine = mine.filter(version=version)
    if not mine.update(version=F("version") + 1):
        raise EditedMeanwhile
    row.save(update_fields=list(columns))


def version_to_show(data: QueryDict, row: Editable | None, *, edited: bool) -> int | None:
    """What the page is to carry. One that comes back for another reason keeps what it had: whoever
    mends a typing error has not seen what somebody else has saved meanwhile."""
    if row is None:
        return None
    carried = version_in(data)
    if carried is not None and not edited:
        return carried
    return type(row)._default_manager.values_list("version", flat=True).get(pk=row.pk)
