"""A small client that reads everything while others write: none missed, none twice.

Synchronous, as the scripts of customers are: it asks for a page, keeps the ids, and goes on from the
last one or from the Link header, until there is no more.
"""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from contacts.deleting import delete_contact
from contacts.merging.merge import merge_contacts, plan_selected
from contacts.models import Contact, PublicId, User, new_public_id
from contacts.services import create_contact, update_contact
from tests.contacts.api.client import Api
from tests.factories import by

#: On PostgreSQL others write from threads of their own; SQLite would only let them wait.
MANY = 25_000 if connection.vendor == "postgresql" else 2_500
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)
Read = Callable[[Api], Iterator[list[str]]]


def by_cursor(api: Api) -> Iterator[list[str]]:
    after = ""
    while True:
        page = api.get(f"contacts?limit=100{after}").json()
        ids = [each["id"] for each in page["data"]]
        yield ids
        if not page["has_more"]:
            return
        after = f"&after={ids[-1]}"


def by_link(api: Api) -> Iterator[list[str]]:
    path = "contacts?limit=100"
    while path:
        answer = api.get(path)
        yield [each["id"] for each in answer.json()["data"]]
        following = re.search(r'<[^>]*/v2/([^>]*)>; rel="next"', answer.headers.get("Link", ""))
        path = following[1] if following else ""


def fill(owner: User, number: int) -> list[str]:
    """Many contacts, several of one moment each; their ids."""
    ids = [new_public_id() for _ in range(number)]
    PublicId.objects.bulk_create([PublicId(value=each) for each in ids], batch_size=2000)
    Contact.objects.bulk_create(
        [
            Contact(
                public_id=each,
                owner=owner,
                first_name=f"P{n}",
                creation_time=BEGAN + timedelta(seconds=n // 7),
            )
            for n, each in enumerate(ids)
        ],
        batch_size=2000,
    )
    return ids


class Others:
    """Make, change, delete and merge contacts until they are told to stop."""

    def __init__(self, owner: User, victims: list[str]) -> None:
        self.owner, self.victims = owner, victims  # the ids that may go
        self.gone: set[str] = set()
        self.written = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Others":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self.write()
        finally:
            connections.close_all()

    def write(self) -> None:
        """One of each. A merge folds the older into the younger one and the other way round by
        turns: whichever survives stays where it is."""
        actor, n = by(self.owner), self.written
        fresh = create_contact(
            actor=actor, values={"owner": self.owner.pk, "email": f"new{n}@example.com"}
        )
        if len(self.victims) > 3:
            first, older, younger = (self.victims.pop() for _ in range(3))
            survivor, duplicate = (older, younger) if n % 2 else (younger, older)
            self.gone |= {first, duplicate}
            delete_contact(contact_id=self._pk(first), actor=actor)
            pair = [Contact.objects.get(pk=self._pk(each)) for each in (survivor, duplicate)]
            merge_contacts(plan=plan_selected(contacts=pair), actor=actor)
            update_contact(contact_id=pair[0].pk, actor=actor, values={"city": f"City {n}"})
        update_contact(contact_id=fresh.pk, actor=actor, values={"city": "Turin"})
        self.written += 1

    @staticmethod
    def _pk(public_id: str) -> int:
        return Contact.objects.values_list("pk", flat=True).get(public_id=public_id)


@pytest.mark.parametrize("read", [by_cursor, by_link])
def test_everything_is_read_once_while_others_write(owner: User, read: Read) -> None:
    api, before = Api(owner), fill(owner, MANY)
    others = Others(owner, before[:: MANY // 300])
    seen: list[str] = []
    if connection.vendor == "postgresql":
        with others:
            for page in read(api):
                seen += page
    else:
        for page in read(api):
            seen += page
            others.write()
    assert others.written > 5
    assert set(before) - others.gone <= set(seen)
    assert len(seen) == len(set(seen))
