"""The Merge Contacts prompt as its template shows it, whichever way it came about."""

from dataclasses import dataclass
from typing import Any

from contacts.fields import owner_names, shown
from contacts.merging.counts import combined
from contacts.merging.merge import EXISTING, NEW, OTHER, MergePlan, MergeRow, Side

STALE = "One of the contacts changed since this was shown. Check the result and merge again."
MOVED = "What merging updates elsewhere is not what was shown. Check it and merge again."


def what_changed(plan: MergePlan, shown: str | None) -> str:
    """Why the prompt must be shown again before its plan is done; "" when it is as it was shown.

    Another address that was chosen on the prompt may be the reason: it is told elsewhere.
    """
    if plan.digest == shown:
        return ""
    return MOVED if (shown or "").startswith(f"{plan.basis}-") else STALE


@dataclass(frozen=True)
class Head:
    """The head of one column, and what its cells are called where heads are not shown."""

    key: str
    title: str
    name: str
    public_id: str
    label: str


def prompt_context(plan: MergePlan) -> dict[str, Any]:
    """The plan for `contacts/_merge.html`: columns, rows, badges and counts."""
    owners = owner_names(
        text for row in plan.rows if row.field.name == "owner" for text in row.texts.values()
    )
    heads = [_head(side, plan) for side in plan.sides]
    return {
        "dialog_title": "Merge Contacts",
        "plan": plan,
        "heads": heads,
        "rows": [_shown_row(row, owners, heads) for row in plan.shown_rows],
        "counts": {name.lower(): plan.count(name) for name in ("Fill", "Replace", "Keep")},
        "combined": combined(plan.records),
    }


def _head(side: Side, plan: MergePlan) -> Head:
    name, public_id = (
        (side.contact.display_name, side.contact.public_id) if side.contact else ("", "")
    )
    if all(each.key != NEW for each in plan.sides):  # contacts selected in the list
        return Head(side.key, name, "", public_id, f"{name}, {public_id}")
    title, label = {
        EXISTING: ("Existing contact", "Existing"),
        OTHER: ("Existing contact 2", "Existing 2"),
        NEW: ("Your changes" if side.contact else "New contact", "Your change"),
    }[side.key]
    return Head(side.key, title, name, public_id, label)


def _shown_row(row: MergeRow, owners: dict[str, str], heads: list[Head]) -> dict[str, Any]:
    """The row for the template: each different value has one radio, on its first side."""
    first_with = {text: key for key, text in reversed(list(row.texts.items()))}
    return {
        "row": row,
        "name": f"choice_{row.field.name}",
        "sides": [
            {
                "key": head.key,
                "label": head.label,
                "text": shown(row.field, text, owners) if text else "",
                "pick": row.choosable and text and first_with[text] == head.key,
                "wins": row.choosable and text and text == row.result,
            }
            for head in heads
            for text in [row.texts[head.key]]
        ],
        "result": shown(row.field, row.result, owners) if row.result else "",
    }
