"""Two people at the same moment, on PostgreSQL, with connections of their own.

Never two contacts with one identifier, never a silently lost edit, never an unhandled error.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from contacts.deleting import delete_contact
from contacts.merging.merge import MergeChanged, merge_contacts, plan_merge
from contacts.models import Contact, FieldChange, Identifier, PublicId, User
from contacts.services import ContactGone, EditConflict, IdentifierTaken, update_contact
from tests.contacts.racing import ROUNDS, at_once, of_type
from tests.factories import by, make_contact, make_user, typed

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


def saving(contact: Contact, **values: Any) -> Callable[[], Contact]:
    """A Save of a form that was opened when the contact was new."""
    return lambda: update_contact(contact_id=contact.pk, actor=by(), values=values, base_version=1)


def deleting(pk: int) -> Callable[[], str]:
    return lambda: delete_contact(contact_id=pk, actor=by())


def test_the_same_address_saved_twice_at_once_makes_one_contact(owner: User) -> None:
    for n in ROUNDS:
        spellings = (f"Jos\u00e9{n}@Example.com", f"JOSE\u0301{n}@example.COM")
        results = at_once(*(lambda s=s: make_contact(owner, email=s) for s in spellings))
        assert (of_type(results, Contact), of_type(results, IdentifierTaken)) == (1, 1), results
    assert Contact.objects.count() == Identifier.objects.count() == len(ROUNDS)


def test_two_contacts_given_each_others_phone_and_address_never_share_one(owner: User) -> None:
    for n in ROUNDS:
        a, b = make_contact(owner), make_contact(owner)
        values = {"email": f"x{n}@example.com", "mobile_phone": f"+1202555{n:04d}"}
        results = at_once(saving(a, **values), saving(b, **values))
        assert (of_type(results, Contact), of_type(results, IdentifierTaken)) == (1, 1), results
        assert Identifier.objects.filter(contact__in=[a, b]).count() == 2


def merging(edited: Contact, holder: Contact) -> Callable[[], Any]:
    """A confirmed prompt: `edited` is given the address of `holder`."""
    values = typed(edited, email=holder.email)
    plan = plan_merge(holders={"email": holder}, edited=edited, values=values)
    return lambda: merge_contacts(plan=plan, values=values, actor=by())


def test_a_merged_into_b_while_b_is_merged_into_a_leaves_one_survivor(owner: User) -> None:
    for n in ROUNDS:
        a = make_contact(owner, email=f"a{n}@example.com")
        b = make_contact(owner, email=f"b{n}@example.com")
        results = at_once(merging(a, b), merging(b, a))
        assert of_type(results, Contact) == 1, results
        assert of_type(results, ContactGone) + of_type(results, MergeChanged) == 1, results
        survivor = Contact.objects.get(pk__in=[a.pk, b.pk])
        assert survivor.identifiers.count() == 2
        ids = PublicId.objects.filter(value__in=[a.public_id, b.public_id])
        assert {row.survivor().value for row in ids} == {survivor.public_id}


def test_an_edit_during_a_merge_is_kept_or_refused_but_never_lost(owner: User) -> None:
    for n in ROUNDS:
        a = make_contact(owner, email=f"a{n}@example.com")
        b = make_contact(owner, email=f"b{n}@example.com")
        edited, merged = at_once(saving(a, city="London"), merging(a, b))
        if isinstance(edited, Contact):  # the edit came first: the merge must have noticed it
            assert isinstance(merged, MergeChanged), merged
            assert Contact.objects.get(pk=a.pk).city == "London"
        else:
            assert isinstance(edited, ContactGone), edited
            assert isinstance(merged, Contact), merged


def test_an_edit_during_a_delete_is_kept_until_then_or_told_that_it_is_gone(owner: User) -> None:
    for n in ROUNDS:
        contact = make_contact(owner, email=f"a{n}@example.com")
        pk = contact.pk
        edited, deleted = at_once(
            saving(contact, city="London"),
            deleting(pk),
        )
        assert isinstance(edited, Contact | ContactGone), edited
        assert deleted == contact.public_id
    assert not Contact.objects.exists() and not FieldChange.objects.exists()


def test_two_edits_of_different_fields_at_once_are_both_kept(owner: User) -> None:
    for n in ROUNDS:
        contact = make_contact(owner, email=f"a{n}@example.com")
        results = at_once(
            saving(contact, email=f"b{n}@example.com"), saving(contact, city="London")
        )
        assert of_type(results, Contact) == 2, results
        contact.refresh_from_db()
        assert (contact.email, contact.city, contact.version) == (
            f"b{n}@example.com",
            "London",
            3,
        )


def test_two_edits_of_one_field_at_once_keep_one_and_ask_about_the_other(owner: User) -> None:
    for n in ROUNDS:
        contact = make_contact(owner, email=f"a{n}@example.com")
        results = at_once(saving(contact, city="London"), saving(contact, city="Turin"))
        assert (of_type(results, Contact), of_type(results, EditConflict)) == (1, 1), results


def signed_in(user: User) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return client


def test_two_people_who_save_the_same_address_at_once_get_a_page_each(owner: User) -> None:
    for n in ROUNDS:
        clients = [signed_in(owner), signed_in(owner)]
        form = {"first_name": "Ada", "email": f"page{n}@example.com", "owner": owner.pk}
        answers = at_once(*(posting(client, "/contacts/new/", form) for client in clients))
        assert sorted(answer.status_code for answer in answers) == [302, 409], answers
    assert Contact.objects.count() == len(ROUNDS)


def test_saving_merging_and_deleting_at_once_never_ends_in_an_error_page(owner: User) -> None:
    for n in ROUNDS:
        a = make_contact(owner, first_name="A", email=f"a{n}@example.com")
        b = make_contact(owner, first_name="B", email=f"b{n}@example.com")
        url = f"/contacts/{a.public_id}/"
        taken = {"first_name": "A", "email": b.email, "owner": owner.pk, "version": a.version}
        prompt = signed_in(owner).post(url + "edit/", taken)
        merge = {**taken, "digest": prompt.context["plan"].digest}
        edit = {**taken, "email": a.email, "city": "London"}
        answers = at_once(
            posting(signed_in(owner), url + "merge/", merge),
            posting(signed_in(owner), url + "edit/", edit),
            posting(signed_in(owner), f"/contacts/{b.public_id}/delete/", {}),
        )
        assert all(answer.status_code in {302, 404, 409, 412} for answer in answers), answers
        assert Identifier.objects.filter(key=a.email).count() <= 1


def posting(client: Client, url: str, form: dict[str, Any]) -> Callable[[], Any]:
    return lambda: client.post(url, form)
