"""Following a value that a merge wrote through the merges since then.

Merges are undone in any order. What an order means: afterwards everything is as if that merge had
never been, except for what people did since. So where the survivor was merged again later, what
the first merge wrote is followed to where it is now, and the later merges' notes are corrected on
the way: each of them can be undone afterwards, or not, and gives back what it would have without
the first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contacts.merging.records import RESULT
from contacts.models import Contact, Merge
from contacts.public_ids import ids_behind

MIN_MAX: dict[str, Callable[..., Any]] = {"creation_time": min, "last_interacted_time": max}


@dataclass(frozen=True)
class Layer:
    """One kind of what merges note: the fields' texts, or the other columns."""

    blank: Any
    before: Callable[[Merge, str], dict[str, Any]]  # of one record (public id)
    result: Callable[[Merge], dict[str, Any]]
    joined: Callable[[Merge, str, Any], Any]  # what the survivor gets, its own value aside


@dataclass(frozen=True)
class Trail:
    """Where a value that the merge wrote ends: on the record that holds it now, or before it."""

    wrote: Any
    back: Any  # what would stand there without the merge
    reached: bool  # False: somebody changed it between two merges


def _joined_text(merge: Merge, name: str, back: Any) -> Any:
    return back or merge.before[merge.survivor_id].get(name, "")


def _joined_column(merge: Merge, name: str, back: Any) -> Any:
    """The earliest or the latest time of all records, as the merge itself would have it."""
    if name not in MIN_MAX:
        return back
    records = [record for key, record in merge.records.items() if key != RESULT]
    texts = [text for record in records if (text := record["columns"].get(name))]
    return MIN_MAX[name](texts, key=datetime.fromisoformat, default=None)


FIELD_LAYER = Layer(
    blank="",
    before=lambda merge, record: merge.before[record],
    result=lambda merge: merge.result,
    joined=_joined_text,
)
COLUMN_LAYER = Layer(
    blank=None,
    before=lambda merge, record: merge.records[record]["columns"],
    result=lambda merge: merge.records[RESULT]["columns"],
    joined=_joined_column,
)


def follow(merge: Merge, later: list[Merge], layer: Layer, name: str, holder: str) -> Trail | None:
    """Follow what the merge wrote into `name` to the record `holder`, correcting `later` (merges
    since then, in order) in memory. None when nothing was written, or nothing of it arrived."""
    record = merge.survivor_id
    back = layer.before(merge, record).get(name, layer.blank)
    wrote = layer.result(merge).get(name, layer.blank)
    if back == wrote:
        return None
    for step in later:
        if record not in step.before:
            continue
        before, result = layer.before(step, record), layer.result(step)
        if before.get(name, layer.blank) != wrote:
            return Trail(wrote, back, False) if record == holder else None
        _put(before, name, back, layer)
        if record != step.survivor_id:
            own = layer.before(step, step.survivor_id).get(name, layer.blank)
            if own == wrote or result.get(name, layer.blank) != wrote:
                return None  # the later merge did not take it over
            record = step.survivor_id
            back = layer.joined(step, name, back)
        elif result.get(name, layer.blank) != wrote:
            return None  # what stands there is the later merge's
        elif name in MIN_MAX:
            back = layer.joined(step, name, back)
        _put(result, name, back, layer)
    return Trail(wrote, back, True)


def _put(values: dict[str, Any], name: str, value: Any, layer: Layer) -> None:
    """Blank texts are left out of a snapshot, as contacts.fields.snapshot leaves them out."""
    if layer is FIELD_LAYER and not value:
        values.pop(name, None)
    else:
        values[name] = value


def merges_behind(contact: Contact) -> list[Merge]:
    """The merges that this contact came out of, directly or through a chain, oldest first, the
    undone ones included."""
    ids = ids_behind(contact.public_id)
    return list(Merge.objects.filter(survivor__in=ids).order_by("pk"))
