"""Following contact ids through merges, each question in one query whatever the chain's length."""

from collections.abc import Iterable

from django.db import connection
from django.db.models.expressions import RawSQL

from contacts.models import PublicId

_CHAIN = """
    WITH RECURSIVE chain(value, merged_into_id) AS (
        SELECT value, merged_into_id FROM contacts_publicid WHERE value = %s
        UNION
        SELECT next.value, next.merged_into_id
        FROM contacts_publicid next JOIN chain ON next.value = chain.merged_into_id
    ) SELECT value FROM chain
"""
_ENDS = """
    WITH RECURSIVE chain(first, value, merged_into_id, state) AS (
        SELECT value, value, merged_into_id, state FROM contacts_publicid WHERE value IN ({marks})
        UNION
        SELECT chain.first, next.value, next.merged_into_id, next.state
        FROM contacts_publicid next JOIN chain ON next.value = chain.merged_into_id
    ) SELECT first, value, state FROM chain WHERE merged_into_id IS NULL
"""


def leading_from(public_id: str) -> RawSQL:
    """The id itself and every id it was merged into: for `public_id__in`.

    A part of the query that looks for the contact, so that an id which does not exist, one that is
    hidden and one that was merged into something hidden are answered by the same single query.
    """
    return RawSQL(_CHAIN, [public_id])


def ends_of(public_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """What each known id stands for today: {id: (survivor's id, "live" or "deleted")}."""
    wanted = sorted(set(public_ids))
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_ENDS.format(marks=", ".join(["%s"] * len(wanted))), wanted)
        return {first: (value, state) for first, value, state in cursor.fetchall()}


def ids_behind(*public_ids: str) -> set[str]:
    """The ids and every id that was merged into them, directly or through a chain."""
    ids = layer = set(public_ids)
    while layer:
        layer = set(PublicId.objects.filter(merged_into__in=layer).values_list("value", flat=True))
        ids = ids | layer
    return ids
