"""The answers to a Save that could not simply be done; what was typed stays in each of them.

Invalid, changed by somebody else, an identifier of another contact one may see, or may not see.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpResponse

from contacts import history
from contacts.conflicts import RecordGone, administrator_of_account, file_request
from contacts.fields import (
    BY_NAME,
    IDENTIFIER_FIELDS,
    as_text,
    current_value,
    from_text,
    owner_names,
    shown,
)
from contacts.forms import ContactForm
from contacts.merging import MergePlan, MergeRow, plan_merge
from contacts.models import Contact, Source
from contacts.services import (
    EditConflict,
    Values,
    holders_of,
    identifier_key,
    with_edits,
)
from contacts.views.pane import BUSY
from contacts.views.requests import HtmxHttpRequest
from contacts.views.shell import render_dialog, render_pane

Args = ParamSpec("Args")
View = Callable[Concatenate[HtmxHttpRequest, Args], HttpResponse]
ATTEMPTS = 3
SIDES = {"existing": "Existing", "other": "Existing 2", "new": "Your change"}


class LookAgain(Exception):
    """A record was changed, merged or deleted between finding and locking it.

    The same Save once more meets the records as they are now.
    """

    def __init__(self, form: ContactForm) -> None:
        super().__init__("look again")
        self.form = form


def looks_again(view: View[Args]) -> View[Args]:
    """Run the Save again on LookAgain; after three times say that others are busy with it."""

    @wraps(view)
    def persistent(
        request: HtmxHttpRequest, *args: Args.args, **kwargs: Args.kwargs
    ) -> HttpResponse:
        for attempt in range(ATTEMPTS):
            try:
                return view(request, *args, **kwargs)
            except LookAgain as changed:
                if attempt == ATTEMPTS - 1:
                    form = changed.form
        return show_form(request, form, status=409, notice=BUSY)

    return persistent


def show_form(
    request: HtmxHttpRequest, form: ContactForm, *, status: int = 200, **extra: Any
) -> HttpResponse:
    context = {"form": form, "contact": form.contact, **extra}
    if form.contact is not None:
        context["open_id"] = form.contact.public_id
    return render_pane(request, "contacts/_edit.html", context, status=status)


def answer_conflict(
    request: HtmxHttpRequest, form: ContactForm, contact: Contact, conflict: EditConflict
) -> HttpResponse:
    """Somebody else saved first: both values side by side, what was typed stays.

    Fields that only they changed show their value; the form now stands on their version.
    """
    try:
        contact.refresh_from_db()
    except Contact.DoesNotExist:
        raise LookAgain(form) from None
    disputed = {field.field for field in conflict.fields}
    for name, change in history.changed_since(contact, form.version).items():
        base = from_text(BY_NAME[name], change.old)
        if name not in disputed and form.values.get(name) == base:
            form.replace(name, current_value(contact, BY_NAME[name]))
    form.version = contact.version
    who = {str(field.by.actor or Source(field.by.source).label) for field in conflict.fields}
    return show_form(
        request,
        form,
        status=412,
        conflicts=_disputed(conflict, form),
        conflict_by=" and ".join(sorted(who)),
    )


def _disputed(conflict: EditConflict, form: ContactForm) -> list[dict[str, str]]:
    texts = {c.field: (as_text(c.theirs), as_text(c.mine)) for c in conflict.fields}
    owners = owner_names(text for text in texts.get("owner", ()))
    return [
        {
            "name": name,
            "label": BY_NAME[name].label,
            "theirs": shown(BY_NAME[name], theirs, owners) or "Empty",
            "mine": shown(BY_NAME[name], mine, owners) or "Empty",
            "typed": form.texts[name],
        }
        for name, (theirs, mine) in texts.items()
    ]


def answer_taken(request: HtmxHttpRequest, form: ContactForm, held: dict[str, int]) -> HttpResponse:
    """An identifier belongs to others: the merge prompt, or that it cannot be saved."""
    holders = visible_holders(request, held)
    if len(holders) < len(held):
        return cannot_save(request, form, held)
    try:
        values = entry_of(form)
    except EditConflict as conflict:
        assert form.contact is not None
        return answer_conflict(request, form, form.contact, conflict)
    return show_prompt(
        request, form, plan_merge(holders=holders, edited=form.contact, values=values)
    )


def entry_of(form: ContactForm) -> Values:
    """The new entry of the merge: what was typed, on what is saved now. Raises EditConflict."""
    if form.contact is None:
        return form.values
    return with_edits(form.contact, form.values, form.version)


def held_by_others(form: ContactForm) -> dict[str, int]:
    keys = {
        name: identifier_key(name, form.values[name])
        for name in IDENTIFIER_FIELDS
        if form.values.get(name)
    }
    return holders_of(keys, besides=form.contact.pk if form.contact else None)


def visible_holders(request: HtmxHttpRequest, held: dict[str, int]) -> dict[str, Contact]:
    seen = Contact.objects.visible_to(request.user).in_bulk(list(held.values()))
    return {name: seen[pk] for name, pk in held.items() if pk in seen}


def show_prompt(
    request: HtmxHttpRequest, form: ContactForm, plan: MergePlan, *, notice: str = ""
) -> HttpResponse:
    owners = owner_names(
        text
        for row in plan.rows
        if row.field.name == "owner"
        for text in (row.existing, row.other, row.new)
    )
    context = {
        "dialog_title": "Merge Contacts",
        "plan": plan,
        "taken": [shown(BY_NAME[name], value, {}) for name, value in plan.taken.items()],
        "rows": [_shown_row(row, owners, plan) for row in plan.shown_rows],
        "counts": {name.lower(): plan.count(name) for name in ("Fill", "Replace", "Keep")},
        "form": form,
        "contact": form.contact,
        "notice": notice,
    }
    return render_dialog(request, "contacts/_merge.html", context, status=409)


def _shown_row(row: MergeRow, owners: dict[str, str], plan: MergePlan) -> dict[str, Any]:
    """The row for the template: each different value has one radio, on its first side."""
    sides = {"existing": row.existing, "other": row.other, "new": row.new}
    first_with = {text: key for key, text in reversed(sides.items())}
    return {
        "row": row,
        "name": f"choice_{row.field.name}",
        "sides": [
            {
                "key": key,
                "label": SIDES[key],
                "text": shown(row.field, text, owners) if text else "",
                "pick": row.choosable and text and first_with[text] == key,
                "wins": row.choosable and text and text == row.result,
            }
            for key, text in sides.items()
            if key != "other" or plan.other is not None
        ],
        "result": shown(row.field, row.result, owners) if row.result else "",
    }


def cannot_save(request: HtmxHttpRequest, form: ContactForm, held: dict[str, int]) -> HttpResponse:
    """Say nothing about the other record: not its name, id, owner nor any of its values."""
    seen = visible_holders(request, held)
    typed = {name: form.texts[name] for name in form.texts if form.texts[name]}
    try:
        filed = file_request(
            user=request.user, contact=form.contact, typed=typed, holders=list(held.values())
        )
    except RecordGone:
        raise LookAgain(form) from None
    hidden = [name for name in IDENTIFIER_FIELDS if name in held and name not in seen]
    value = form.texts[(hidden or list(held))[0]].strip()
    context = {
        "dialog_title": "Cannot Save Contact",
        "value": value,
        "filed": filed,
        "administrator": administrator_of_account(),
        "form": form,
        "contact": form.contact,
    }
    return render_dialog(request, "contacts/_cannot_save.html", context, status=403)
