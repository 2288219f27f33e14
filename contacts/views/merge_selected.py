"""Merge Contacts for two to ten contacts that were selected in the list."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from contacts.merging.counts import merged_text
from contacts.merging.merge import (
    FEWEST,
    MOST,
    MergeChanged,
    MergePlan,
    merge_contacts,
    plan_selected,
)
from contacts.models import Contact, PublicId
from contacts.retrying import Busy
from contacts.services import ContactGone
from contacts.signals import Actor
from contacts.views.merge_prompt import STALE, prompt_context, what_changed
from contacts.views.pane import BUSY, after_save
from contacts.views.requests import HtmxHttpRequest
from contacts.views.shell import asks_for_rows, render_dialog
from contacts.views.undo_links import undo_of_merge

OTHER_KEPT = "You chose another record to keep. Check the result and merge again."
HOW_MANY = f"Select {FEWEST} to {MOST} contacts in the list, then merge them. {{}} selected."
TWICE = "{} was selected twice. A contact cannot be merged with itself."
ALREADY = "{} was already merged into {}, which is selected too. Select the contacts again."
ELSEWHERE = "{} was merged into {} meanwhile. Select the contacts again."
GONE = (
    "One of these contacts does not exist, it was deleted, or your account does not show it to you."
)


class Refused(Exception):
    """These ids cannot be merged; the sentence tells why."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


@login_required
@require_http_methods(["GET", "POST"])
def contact_merge_selected(request: HtmxHttpRequest) -> HttpResponse:
    """GET `?ids=CTC-…,CTC-…` shows what merging would give, POST merges."""
    asked = request.POST if request.method == "POST" else request.GET
    ids = [each for each in ",".join(asked.getlist("ids")).split(",") if each.strip()]
    try:
        contacts = _selected(request, [each.strip() for each in ids])
    except Refused as refused:
        return _refuse(request, refused)
    keep = asked.get("keep", "")
    survivor = next((c for c in contacts if c.public_id == keep), contacts[0])
    shown = asked.get("survivor", survivor.public_id) == survivor.public_id
    # Another record to keep turns every value over: what was chosen before meant the other one.
    plan = plan_selected(
        contacts=[survivor, *(c for c in contacts if c != survivor)],
        choices={n.removeprefix("choice_"): str(v) for n, v in asked.items()} if shown else {},
    )
    if request.method == "GET" or "preview" in request.POST:
        return _show(request, contacts, plan)
    if not shown:
        return _show(request, contacts, plan, notice=OTHER_KEPT)
    if notice := what_changed(plan, request.POST.get("digest")):
        return _show(request, contacts, plan, notice=notice)
    return _merge(request, contacts, plan)


def _merge(request: HtmxHttpRequest, contacts: list[Contact], plan: MergePlan) -> HttpResponse:
    text = merged_text(plan.records)
    try:
        survivor = merge_contacts(plan=plan, actor=Actor(request.user))
    except (MergeChanged, ContactGone):
        return _show_again(request, contacts)
    except Busy:
        return _show(request, contacts, plan, notice=BUSY)
    return after_save(request, survivor, text, undo=undo_of_merge(request, survivor))


def _show_again(request: HtmxHttpRequest, contacts: list[Contact]) -> HttpResponse:
    """Somebody was quicker: the records as they are now, or why they cannot be merged any more."""
    try:
        contacts = _selected(request, [contact.public_id for contact in contacts])
    except Refused as refused:
        return _refuse(request, refused)
    return _show(request, contacts, plan_selected(contacts=contacts), notice=STALE)


def _selected(request: HtmxHttpRequest, ids: list[str]) -> list[Contact]:
    """The visible contacts with these ids, in this order. Raises Refused."""
    many = HOW_MANY.format(f"{len(ids):,} are" if len(ids) != 1 else "1 is")
    if len(ids) > MOST:
        raise Refused(many, 422)
    twice = [each for each in ids if ids.count(each) > 1]
    if twice:
        raise Refused(TWICE.format(twice[0]), 422)
    if len(ids) < FEWEST:
        raise Refused(many, 422)
    if any("\x00" in each for each in ids):
        raise Refused(GONE, 404)
    visible = Contact.objects.visible_to(request.user)
    found = {contact.public_id: contact for contact in visible.filter(public_id__in=ids)}
    for missing in (each for each in ids if each not in found):
        raise _why_missing(request, missing, found)
    return [found[each] for each in ids]


def _why_missing(request: HtmxHttpRequest, missing: str, found: dict[str, Contact]) -> Refused:
    """Merged into one that this person sees: said so. Anything else is as if it did not exist."""
    known = PublicId.objects.filter(pk=missing, state=PublicId.State.MERGED).first()
    if known is None:
        return Refused(GONE, 404)
    visible = Contact.objects.visible_to(request.user)
    survivor = visible.filter(public_id=known.survivor().value).first()
    if survivor is None:
        return Refused(GONE, 404)
    sentence = ALREADY if survivor.public_id in found else ELSEWHERE
    name = f"{survivor.display_name} ({survivor.public_id})"
    return Refused(sentence.format(missing, name), 409)


def _show(
    request: HtmxHttpRequest, contacts: list[Contact], plan: MergePlan, *, notice: str = ""
) -> HttpResponse:
    prompt = prompt_context(plan)
    context = {
        **prompt,
        "ids": ",".join(contact.public_id for contact in contacts),
        "keepers": contacts,
        "notice": notice,
        "refocus": "preview" in request.POST,
    }
    return render_dialog(
        request,
        "contacts/_merge.html",
        context,
        status=409 if notice else 200,
        in_place=asks_for_rows(request),
    )


def _refuse(request: HtmxHttpRequest, refused: Refused) -> HttpResponse:
    context = {"text": refused.text, "icon_name": "merge", "dialog_title": "Merge Contacts"}
    return render_dialog(request, "contacts/_refused.html", context, status=refused.status)
