"""The timeline as the pane shows it: one page, one group or all of them, and the ways on."""

from typing import Any

from django.urls import reverse

from contacts.listing import ListState
from contacts.models import Contact
from contacts.timeline.reading import ENTRIES, MANY, Place, chosen_group, timeline_of
from contacts.timeline.sources import groups
from contacts.views.requests import HtmxHttpRequest

WHOLE = "all"


def timeline_context(request: HtmxHttpRequest, contact: Contact) -> dict[str, Any]:
    """`activity=meetings` narrows it, `history=all` shows much at once, `upto` is an older page."""
    group = chosen_group(request.GET.get("activity", ""))
    wanted = request.GET.get("upto", "")
    place = Place.read(wanted) if wanted else None
    whole = request.GET.get("history") == WHOLE
    page = timeline_of(
        contact, request.user, group=group, place=place, size=MANY if whole else ENTRIES
    )

    def to(**params: str) -> str:
        return _address(request, contact, **params)

    offered = {"": "All", **groups()}
    return {
        "entries": page.entries,
        "narrowed": bool(group or place),
        "lost_place": bool(wanted) and place is None,
        "groups": [
            {"name": name, "label": label, "chosen": name == group, "query": to(activity=name)}
            for name, label in offered.items()
        ],
        "older_query": page.older and to(activity=group, history=WHOLE, upto=page.older),
        "whole_query": "" if whole or place else to(activity=group, history=WHOLE),
        "newest_query": to(activity=group) if place else "",
    }


def _address(request: HtmxHttpRequest, contact: Contact, **params: str) -> str:
    """The pane's address with these parameters behind those of the list."""
    query = ListState.from_request(request).params
    for name, value in params.items():
        if value:
            query[name] = value
    address = reverse("contact_detail", args=[contact.public_id])
    return f"{address}?{query.urlencode(safe=':')}" if query else address
