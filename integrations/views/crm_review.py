"""Review: records of a CRM between which a person has to choose, side by side."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from contacts import history
from contacts.models import Contact
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from integrations.connectors.crm import RemoteField
from integrations.crm import accounts, conflicts, mapping, records, vendors
from integrations.crm.mapping import Rule
from integrations.models import Connection, CrmConflict, Delivery

SETTLED = "This has been decided meanwhile, or a later change took its place."
SURE = "Merging cannot be undone. Tick that you know it."


@login_required
@require_http_methods(["GET", "POST"])
def crm_review(request: HtmxHttpRequest, delivery_id: int) -> HttpResponse:
    """Whoever may edit the contact decides. POST writes the choice down; a worker carries it out."""
    delivery = get_object_or_404(Delivery.objects.visible_to(request.user), pk=delivery_id)
    conflict = conflicts.of_delivery(delivery)
    if conflict is None:
        return _settled(request, delivery)
    visible = Contact.objects.visible_to(request.user)
    get_object_or_404(visible, pk=conflict.contact_id)
    if request.method == "GET":
        return _page(request, conflict)
    choice, _, record = request.POST.get("choice", "").partition(" ")
    if choice == CrmConflict.Choice.MERGE and "sure" not in request.POST:
        return _page(request, conflict, SURE, status=422)
    vendor = vendors.vendor_of(conflict.connection)
    try:
        conflicts.choose(
            conflict, choice=choice, record=record, user=request.user, merges=vendor.merges
        )
    except conflicts.BadChoice as fault:
        return _page(request, conflict, str(fault), status=422)
    except conflicts.Settled:
        return _settled(request, delivery)
    messages.success(request, "Your choice is being carried out")
    return HttpResponseRedirect(reverse("sync_activity"))


@login_required
@require_POST
def crm_ask_again(request: HtmxHttpRequest, public_id: str, connection_id: int) -> HttpResponse:
    """Take back that a contact goes without a record: its next change looks for one."""
    visible = Contact.objects.visible_to(request.user)
    contact = get_object_or_404(visible, public_id=public_id)
    connection = get_object_or_404(Connection, pk=connection_id, vendor__in=vendors.CRMS)
    if records.is_left(connection, contact):
        records.forget(connection, contact)
        history.audit(Actor(request.user), "crm.asked_again", contact.public_id)
        messages.success(request, "The next change looks for a record again")
    return HttpResponseRedirect(reverse("contact_detail", args=[contact.public_id]))


def _settled(request: HtmxHttpRequest, delivery: Delivery) -> HttpResponse:
    if delivery.family != "crm":
        raise Http404
    status = 409 if request.method == "POST" else 200
    return render(request, "crm/settled.html", {"notice": SETTLED}, status=status)


@dataclass(frozen=True)
class Row:
    """One field: what we have, and what each record has."""

    label: str
    ours: str
    theirs: list[tuple[str, str]]  # the record's id, and its value


def _page(
    request: HtmxHttpRequest, conflict: CrmConflict, trouble: str = "", *, status: int = 200
) -> HttpResponse:
    vendor = vendors.vendor_of(conflict.connection)
    account = accounts.of(conflict.connection)
    found = [_shown(each, conflict) for each in conflict.records]
    context = {
        "conflict": conflict,
        "contact": conflict.contact,
        "vendor": vendor,
        "records": found,
        "rows": _rows(conflict, accounts.remotes_of(account), account.rules),
        "can_merge": vendor.merges and len(found) == 2 and not conflict.taken,
        "trouble": trouble,
        "chosen": request.POST.get("choice", ""),
    }
    return render(request, "crm/review.html", context, status=status)


def _shown(record: dict[str, Any], conflict: CrmConflict) -> dict[str, Any]:
    """A record with what may be done with it. An address of another scheme is no link."""
    url = record.get("url") or ""
    address = conflict.contact.email.lower()
    others = [each for each in conflict.records if each["id"] != record["id"]]
    return {
        **record,
        "keeps_address": any(address in each.get("emails", []) for each in others),
        "url": url if url.startswith(("https://", "http://")) else "",
        "linked": record["id"] == conflict.linked,
        "taken": record["id"] in conflict.taken,
    }


def _rows(
    conflict: CrmConflict, remotes: dict[str, RemoteField], stored: list[dict[str, Any]]
) -> list[Row]:
    rules: list[Rule] = mapping.usable(mapping.stored_rules(stored), remotes)
    rows = [
        Row(
            label=remotes[rule.remote].label,
            ours=mapping.said(conflict.contact, rule, remotes[rule.remote]),
            theirs=[(r["id"], r["values"].get(rule.remote, "")) for r in conflict.records],
        )
        for rule in rules
    ]
    further = [(r["id"], "; ".join(r.get("emails", [])[1:])) for r in conflict.records]
    rows.append(Row("Further addresses", "", further))
    return [row for row in rows if row.ours or any(value for _, value in row.theirs)]
