"""Possible duplicates: both contacts side by side, to be merged or told apart."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import F, Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from contacts.duplicates import dismiss, restore
from contacts.identity import format_phone
from contacts.listing import BAD_PAGE_LINK, bounded_count, shown_count
from contacts.models import Contact, PossibleDuplicate, User
from contacts.models.merge import PossibleDuplicateQuerySet
from contacts.paging import ColumnOrder, page_at
from contacts.signals import Actor
from contacts.views.lookup import MergedAway, find_contact
from contacts.views.requests import HtmxHttpRequest, wants_part
from contacts.views.shell import toast

ROWS = 20
#: The prompt for two chosen contacts: `?ids=` names the one that survives first.
MERGE_PATH = "/contacts/merge/"


@dataclass(frozen=True)
class Side:
    """One contact of a pair. `ids` keeps it, when the two are merged."""

    contact: Contact
    ids: str
    keep: bool  # the proposal: the one that was captured first

    @property
    def phones(self) -> str:
        return ", ".join(
            format_phone(phone)
            for phone in (self.contact.mobile_phone, self.contact.phone)
            if phone
        )


def sides_of(pair: PossibleDuplicate) -> tuple[Side, Side]:
    one, other = pair.first, pair.second
    keep_one = (one.creation_time, one.pk) <= (other.creation_time, other.pk)
    return (
        Side(one, f"{one.public_id},{other.public_id}", keep_one),
        Side(other, f"{other.public_id},{one.public_id}", not keep_one),
    )


@login_required
@require_safe
def duplicate_list(request: HtmxHttpRequest) -> HttpResponse:
    """The pairs of which this person sees both contacts, newest first."""
    dismissed = request.GET.get("show") == "dismissed"
    pairs, contact = _visible(request.user), None
    if wanted := request.GET.get("contact", ""):
        contact = _contact(request, wanted)
        pairs = pairs.filter(Q(first=contact) | Q(second=contact))
    page, understood = page_at(
        pairs.filter(dismissed_at__isnull=not dismissed),
        sort="-dismissed" if dismissed else "-found",
        order=ColumnOrder(F("dismissed_at" if dismissed else "found_at")),
        size=ROWS,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    query = "?" + "".join(
        f"{name}={value}&"
        for name, value in (
            ("show", "dismissed" if dismissed else ""),
            ("contact", contact.public_id if contact else ""),
        )
        if value
    )
    context = {
        "pairs": [(pair, sides_of(pair)) for pair in page.rows],
        "dismissed": dismissed,
        "contact": contact,
        "to_review": shown_count(bounded_count(pairs.filter(dismissed_at=None))),
        "merge_path": MERGE_PATH,
        "notice": "" if understood else BAD_PAGE_LINK,
        "previous_query": f"{query}before={page.previous}" if page.previous else "",
        "next_query": f"{query}after={page.next}" if page.next else "",
    }
    return render(request, "duplicates/list.html", context)


@login_required
@require_POST
def duplicate_dismiss(request: HtmxHttpRequest, first: str, second: str) -> HttpResponse:
    """Not a duplicate: remembered, and undone from the list of dismissed pairs."""
    pair = _find(request, first, second)
    dismiss(pair=pair, actor=Actor(request.user))
    return _answer(request, pair, "Not a duplicate: it will not be found again")


@login_required
@require_POST
def duplicate_restore(request: HtmxHttpRequest, first: str, second: str) -> HttpResponse:
    """Put a dismissed pair back among those to review."""
    pair = _find(request, first, second)
    restore(pair=pair, actor=Actor(request.user))
    return _answer(request, pair, "Back among the pairs to review")


def _answer(request: HtmxHttpRequest, pair: PossibleDuplicate, told: str) -> HttpResponse:
    pair.refresh_from_db(fields=["dismissed_at", "dismissed_by"])
    if wants_part(request):
        context = {"pair": pair, "sides": sides_of(pair), "merge_path": MERGE_PATH}
        return render(request, "duplicates/_decided.html", context)
    url = reverse("duplicate_list") + ("" if pair.dismissed_at else "?show=dismissed")
    return toast(request, HttpResponseRedirect(url), told)


def _visible(user: User) -> PossibleDuplicateQuerySet:
    return PossibleDuplicate.objects.visible_to(user).select_related(
        "first__owner", "second__owner", "dismissed_by"
    )


def _find(request: HtmxHttpRequest, first: str, second: str) -> PossibleDuplicate:
    """A pair of two visible contacts, by their ids. What is hidden is like what does not exist."""
    if "\x00" in first + second:
        raise Http404
    pairs = _visible(request.user)
    return get_object_or_404(pairs, first__public_id=first, second__public_id=second)


def _contact(request: HtmxHttpRequest, public_id: str) -> Contact:
    try:
        return find_contact(request, public_id)
    except MergedAway as merged:
        return merged.survivor
