"""The answers to a Save that could not simply be done; what was typed stays in each of them.

Invalid, changed by somebody else, an identifier of another contact one may see, or may not see.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpResponse
from django.utils import timezone

from contacts import history, probing
from contacts.conflicts import RecordGone, administrator_of_account, file_request
from contacts.fields import (
    IDENTIFIER_FIELDS,
    as_text,
    current_value,
    field_named,
    from_text,
    live_fields,
    owner_names,
    shown,
)
from contacts.forms import ContactForm, stored_text
from contacts.merging.merge import MergePlan, plan_merge
from contacts.models import Contact, Source
from contacts.planning import NOTHING, any_planner
from contacts.probing import Probe
from contacts.services import (
    EditConflict,
    Values,
    edits_of,
    holders_of,
    identifier_key,
    with_edits,
)
from contacts.views.merge_prompt import prompt_context
from contacts.views.requests import HtmxHttpRequest
from contacts.views.shell import BUSY, asks_for_rows, render_dialog, render_pane

Args = ParamSpec("Args")
View = Callable[Concatenate[HtmxHttpRequest, Args], HttpResponse]
ATTEMPTS = 3


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
    context = {"form": form, "contact": form.contact, "plan": NOTHING, **extra}
    context["plans"] = form.contact is not None and any_planner()
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
        base = from_text(field_named(name), change.old)
        if name not in disputed and form.values.get(name) == base:
            form.replace(name, current_value(contact, field_named(name)))
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
            "label": field_named(name).label,
            "theirs": shown(field_named(name), theirs, owners) or "Empty",
            "mine": shown(field_named(name), mine, owners) or "Empty",
            "typed": form.texts[name],
        }
        for name, (theirs, mine) in texts.items()
    ]


def unless_probing(
    request: HtmxHttpRequest,
    form: ContactForm,
    save: Callable[[Probe], HttpResponse],
    *,
    limited: Callable[[str], HttpResponse] | None = None,
) -> HttpResponse:
    """Save, unless this person's saves have met too many hidden contacts lately (429).

    A form that brings in no e-mail and no phone can meet none, so it is saved in any case.
    `limited` makes the page for the refusal; by default it is the form as it was sent.
    """
    if not brings_identifiers(form):
        return save(Probe(request.user, None))
    try:
        with probing.check(request.user) as probe:
            return save(probe)
    except probing.ProbingLimited as reached:
        told = too_many(reached)
        page = limited(told) if limited else show_form(request, form, status=429, notice=told)
        page["Retry-After"] = str(reached.seconds)
        return page


def brings_identifiers(form: ContactForm) -> bool:
    """Whether an e-mail or a mobile phone was typed that the contact does not have."""
    for name in IDENTIFIER_FIELDS:
        value = form.values.get(name)
        held = current_value(form.contact, field_named(name)) if form.contact else ""
        if value and value != held:
            return True
    return False


def too_many(reached: probing.ProbingLimited) -> str:
    until = timezone.localtime(reached.until)
    return (
        f"{probing.LIMIT} times within an hour, an email or a mobile phone that you saved belonged "
        "to a contact you do not have permission to view. Nothing was saved; what you typed is "
        f"kept. Emails and mobile phones can be saved again at {until:%H:%M} ({until:%Z}), "
        "everything else now."
    )


def answer_taken(
    request: HtmxHttpRequest, form: ContactForm, held: dict[str, int], probe: Probe
) -> HttpResponse:
    """An identifier belongs to others: the merge prompt, or that it cannot be saved."""
    holders = visible_holders(request, held)
    if len(holders) < len(held):
        return cannot_save(request, form, held, probe)
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
    context = {
        **prompt_context(plan),
        "taken": [shown(field_named(name), value, {}) for name, value in plan.taken.items()],
        "form": form,
        "contact": form.contact,
        "notice": notice,
    }
    again = asks_for_rows(request)
    status = 200 if again else 409
    return render_dialog(request, "contacts/_merge.html", context, status=status, in_place=again)


def cannot_save(
    request: HtmxHttpRequest, form: ContactForm, held: dict[str, int], probe: Probe
) -> HttpResponse:
    """Say nothing about the other record: not its name, id, owner nor any of its values."""
    seen = visible_holders(request, held)
    try:
        filed = file_request(
            user=request.user,
            contact=form.contact,
            typed=typed_by_person(form),
            holders=list(held.values()),
        )
    except RecordGone:
        raise LookAgain(form) from None
    probe.record()
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


def typed_by_person(form: ContactForm) -> dict[str, str]:
    """The fields that the person changed, or filled in, as they typed them; "" was cleared."""
    if form.contact is None:
        default = {"owner": str(form.user.pk)}
        return {n: text for n, text in form.texts.items() if text and text != default.get(n)}
    try:
        names = set(edits_of(form.contact, form.values, form.version))
    except EditConflict:  # somebody saved this very moment: everything that differs from that
        form_fields = {field.name: field for field in live_fields()}
        names = {n for n, f in form_fields.items() if form.texts[n] != stored_text(form.contact, f)}
    return {name: form.texts[name] for name in form.texts if name in names}
