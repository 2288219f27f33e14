"""Undo and merge against edits and each other at the same moment, on PostgreSQL.

Nothing is lost and nothing half done: each call does all of it, or says that something changed.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from contacts.merging.merge import MergeChanged, merge_contacts, plan_selected
from contacts.merging.undo import UnmergeChanged, undo_merge
from contacts.merging.undo_plan import CannotUndo
from contacts.models import Contact, FieldChange, Identifier, Merge, PublicId, User
from contacts.services import ContactGone, EditConflict, update_contact
from contacts.undoing import Undone, undo_save
from tests.contacts.racing import ROUNDS, at_once, of_type
from tests.contacts.unmerge_tools import edit, fold, merge_of, planned, suspect
from tests.factories import by, make_contact, make_user

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="races need PostgreSQL: set DATABASE_URL and REDIS_URL",
    ),
]


@pytest.fixture
def owner() -> User:
    return make_user()


@pytest.fixture(autouse=True)
def _close_threads_connections() -> Iterator[None]:
    yield
    connections.close_all()


def pair(owner: User, n: int) -> tuple[Contact, Contact]:
    return (
        make_contact(owner, first_name="S", email=f"s{n}@example.com"),
        make_contact(owner, first_name="D", email=f"d{n}@example.com", company="Engines"),
    )


def undoing(merge: Merge) -> Callable[[], Contact]:
    plan = planned(merge)
    return lambda: undo_merge(plan=plan, actor=by())


def merging(*contacts: Contact) -> Callable[[], Contact]:
    plan = plan_selected(contacts=[Contact.objects.get(pk=c.pk) for c in contacts])
    return lambda: merge_contacts(plan=plan, actor=by())


def saving(contact: Contact, **values: Any) -> Callable[[], Contact]:
    return lambda: update_contact(contact_id=contact.pk, actor=by(), values=values)


def test_an_edit_during_an_undo_is_kept_whoever_is_first(owner: User) -> None:
    for n in ROUNDS:
        survivor, duplicate = pair(owner, n)
        fold(survivor, duplicate)
        undone, edited = at_once(undoing(merge_of(survivor)), saving(survivor, city="London"))
        assert isinstance(edited, Contact), edited
        assert isinstance(undone, Contact | UnmergeChanged), undone
        assert Contact.objects.get(pk=survivor.pk).city == "London"
        there = Contact.objects.filter(pk=duplicate.pk).exists()
        assert there is isinstance(undone, Contact)


def test_a_merge_is_undone_once_by_two_people_at_once(owner: User) -> None:
    for n in ROUNDS:
        survivor, duplicate = pair(owner, n)
        fold(survivor, duplicate)
        results = at_once(undoing(merge_of(survivor)), undoing(merge_of(survivor)))
        assert of_type(results, Contact) == 1, results
        assert of_type(results, UnmergeChanged) + of_type(results, CannotUndo) == 1, results
        assert duplicate.history.filter(field="company").count() == 1
        assert Identifier.objects.filter(contact=duplicate).count() == 1


def test_an_undo_during_a_second_merge_leaves_one_of_both(owner: User) -> None:
    for n in ROUNDS:
        survivor, duplicate = pair(owner, n)
        third = make_contact(owner, first_name="T", email=f"t{n}@example.com")
        suspect(third, duplicate)
        suspect(survivor, duplicate)
        fold(survivor, duplicate)
        first = merge_of(survivor)
        undone, merged = at_once(undoing(first), merging(third, survivor))
        # Whoever came second met another record than the one it was shown.
        assert isinstance(undone, Contact | UnmergeChanged), undone
        assert isinstance(merged, Contact | MergeChanged | ContactGone), merged
        assert of_type([undone, merged], Contact) == 1, (undone, merged)
        assert Identifier.objects.filter(key__endswith=f"{n}@example.com").count() >= 3
        if isinstance(merged, Contact):
            undo_merge(plan=planned(first), actor=by())  # from where it is now
            assert Contact.objects.get(pk=duplicate.pk).company == "Engines"


def test_two_merges_of_a_chain_undone_at_once_come_apart_one_after_the_other(owner: User) -> None:
    for n in ROUNDS:
        survivor, duplicate = pair(owner, n)
        last = make_contact(owner, first_name="L", email=f"l{n}@example.com")
        fold(survivor, duplicate)
        fold(last, survivor)
        merges = [merge_of(survivor), merge_of(last)]
        results = at_once(*(undoing(merge) for merge in merges))
        assert of_type(results, Contact) == 1 and of_type(results, UnmergeChanged) == 1, results
        for merge in Merge.objects.filter(undone_at=None):
            undo_merge(plan=planned(merge), actor=by())
        emails = {
            c.email for c in Contact.objects.filter(pk__in=[survivor.pk, duplicate.pk, last.pk])
        }
        assert emails == {f"{letter}{n}@example.com" for letter in "sdl"}
        assert Identifier.objects.filter(contact=duplicate).count() == 1


def test_an_edit_during_a_merge_of_three_is_kept_or_told_that_it_is_gone(owner: User) -> None:
    for n in ROUNDS:
        cast = [make_contact(owner, email=f"{letter}{n}@example.com") for letter in "abc"]
        merged, *edits = at_once(
            merging(*cast), saving(cast[0], city="London"), saving(cast[2], state="Kent")
        )
        if isinstance(merged, Contact):
            assert isinstance(edits[1], ContactGone), edits
            assert Identifier.objects.filter(contact=cast[0]).count() == 3
        else:
            assert isinstance(merged, MergeChanged), merged
            assert Contact.objects.filter(pk__in=[c.pk for c in cast]).count() == 3
        for contact, saved, value in ((cast[0], edits[0], "city"), (cast[2], edits[1], "state")):
            if isinstance(saved, Contact):
                assert getattr(Contact.objects.get(pk=contact.pk), value)


def test_merges_of_three_in_circles_leave_one_survivor(owner: User) -> None:
    for n in ROUNDS:
        a, b, c = (make_contact(owner, email=f"{letter}{n}@example.com") for letter in "abc")
        results = at_once(merging(a, b, c), merging(b, c, a), merging(c, a, b))
        assert of_type(results, Contact) == 1, results
        assert of_type(results, ContactGone) + of_type(results, MergeChanged) == 2, results
        ids = PublicId.objects.filter(value__in=[x.public_id for x in (a, b, c)])
        assert len({row.survivor().value for row in ids}) == 1


def test_a_save_undone_during_an_edit_of_the_same_field_never_overwrites_it(owner: User) -> None:
    for n in ROUNDS:
        contact = make_contact(owner, email=f"u{n}@example.com", city="Oslo")
        version = edit(contact, owner, city="London", company="Engines").version

        def undo(pk: int = contact.pk, version: int = version) -> Undone:
            return undo_save(contact_id=pk, version=version, user=owner)

        def overwrite(pk: int = contact.pk, version: int = version) -> Contact:
            values = {"city": "Turin"}
            return update_contact(contact_id=pk, actor=by(), values=values, base_version=version)

        undone, edited = at_once(undo, overwrite)
        assert isinstance(undone, Undone), undone
        contact.refresh_from_db()
        assert contact.company == ""
        if isinstance(edited, Contact):
            assert contact.city == "Turin" and "city" in undone.plan.changed_since
        else:
            assert isinstance(edited, EditConflict) and contact.city == "Oslo"
    assert not FieldChange.objects.filter(new="Turin", old="Oslo").exists()


def test_pages_that_undo_merge_and_edit_at_once_never_end_in_an_error_page(owner: User) -> None:
    for n in ROUNDS:
        survivor, duplicate = pair(owner, n)
        third = make_contact(owner, first_name="T", email=f"t{n}@example.com")
        fold(survivor, duplicate)
        url = reverse("merge_undo", args=[survivor.public_id, merge_of(survivor).pk])
        page = signed_in(owner).get(url)
        ids = f"{third.public_id},{survivor.public_id}"
        prompt = signed_in(owner).get("/contacts/merge/", {"ids": ids})
        survivor.refresh_from_db()
        form = {"first_name": "S", "email": survivor.email, "owner": owner.pk, "city": "London"}
        digests = {"digest": page.context["plan"].digest, "effects": page.context["effects"].digest}
        answers = at_once(
            posting(signed_in(owner), url, digests),
            posting(
                signed_in(owner),
                "/contacts/merge/",
                {"ids": ids, "digest": prompt.context["plan"].digest},
            ),
            posting(
                signed_in(owner),
                f"/contacts/{survivor.public_id}/edit/",
                {**form, "version": survivor.version},
            ),
        )
        codes = [getattr(answer, "status_code", answer) for answer in answers]
        assert all(code in {302, 404, 409, 410, 412} for code in codes), codes


def signed_in(user: User) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return client


def posting(client: Client, url: str, form: dict[str, Any]) -> Callable[[], Any]:
    return lambda: client.post(url, form)
