"""/v2/contact-lists: the searches that the account shares."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router

from contacts.api.authentication import AskedByKey
from contacts.api.lists import Listing, PageQuery, Place
from contacts.api.schemas import ContactListPage, problems
from contacts.models import ContactList
from contacts.objects import moment, user_id

router = Router(tags=["Contact lists"])


@router.get("", response={200: ContactListPage, **problems()}, operation_id="listContactLists")
def contact_list_list(request: AskedByKey, query: FromQuery[PageQuery]) -> HttpResponse:
    """The shared lists, newest first. A list is a saved search; private ones stay private."""
    rows = ContactList.objects.filter(shared=True)

    def place(cursor: str) -> Place | None:
        found = rows.filter(public_id=cursor.replace("\x00", "")).first()
        return Place(found.created_at, found.pk) if found else None

    def show(found: Sequence[ContactList]) -> list[dict[str, Any]]:
        return [_shown(row) for row in found]

    listing = Listing(rows, "created_at", place, lambda row: row.public_id, "contact list")
    return listing.answer(request, query, show)


def _shown(row: ContactList) -> dict[str, Any]:
    return {
        "object": "contact_list",
        "id": row.public_id,
        "name": row.name,
        "owner": user_id(row.owner_id),
        "query": row.query,
        "creation_time": moment(row.created_at),
        "last_updated_time": moment(row.updated_at),
    }
