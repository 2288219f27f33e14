"""What merging and its undo make happen elsewhere: shown first, and done as it was shown."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts import planning
from contacts.models import Contact, User
from contacts.planning import Effect, Line
from contacts.signals import ContactChange, contacts_changed
from tests.contacts.pages import HTMX, read, save, text_of, typed_into, url_of
from tests.contacts.unmerge_tools import fold, merge_of
from tests.factories import make_contact


class Guests:
    """Whoever refused saves name is a guest: a stand-in for meetings, which have a contact, too."""

    name, order = "guests", 20

    def effects(self, changes: Sequence[ContactChange]) -> list[Effect]:
        return [
            Effect(self.name, change.contact_id, f"guest {request.pk}")
            for change in changes
            if "email" in change.fields or change.merged_pks
            for pk in (change.contact_id, *change.merged_pks)
            for request in Contact.objects.get(pk=pk).conflict_requests.all()
        ]

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        return [
            Line(f"update {len(effects)} guests"),
            Line("1 guest will NOT be updated", done=False, note="It is away."),
        ]


@pytest.fixture
def announced() -> Iterator[list[Any]]:
    """The plans that listeners got, with the guests' planner in place."""
    planner, heard = Guests(), []

    def listen(plan: planning.Plan, **_: Any) -> None:
        heard.append(plan)

    planning.register(planner)
    contacts_changed.connect(listen)
    yield heard
    contacts_changed.disconnect(listen)
    planning.unregister(planner)


@pytest.fixture
def holder(member: User) -> Contact:
    return make_contact(member, first_name="Holder", email="holder@example.com")


def add_guest(contact: Contact, user: User) -> None:
    number = contact.conflict_requests.count()
    contact.conflict_requests.create(reference=f"CR-{contact.pk}-{number}", requested_by=user)


def ask(client: Client, *contacts: Contact) -> Any:
    url = reverse("contact_merge_selected")
    return client.get(url, {"ids": ",".join(c.public_id for c in contacts)}, headers=HTMX)


def post(client: Client, url: str, data: dict[str, str]) -> Any:
    return client.post(url, data, headers=HTMX)


def test_the_prompt_says_what_merging_will_also_do_and_the_merge_does_that(
    as_member: Client, ada: Contact, holder: Contact, member: User, announced: list[Any]
) -> None:
    for contact in (ada, ada, holder):
        add_guest(contact, member)
    prompt = save(as_member, ada, typed_into(ada, member, email="holder@example.com"))
    text = text_of(prompt)
    assert "Merging will also update 3 guests, move identifiers and history" in text
    assert "1 guest will NOT be updated. It is away." in text
    done = post(as_member, url_of("contact_merge", ada), read(prompt).values)
    assert done.status_code == 200
    assert {effect.contact_id for effect in announced[-1].effects} == {holder.pk}
    assert announced[-1].digest == prompt.context["plan"].effects.digest


def test_a_merge_whose_effects_moved_is_shown_again(
    as_member: Client, ada: Contact, holder: Contact, member: User, announced: list[Any]
) -> None:
    prompt = ask(as_member, holder, ada)
    add_guest(ada, member)
    url = reverse("contact_merge_selected")
    again = post(as_member, url, read(prompt).values)
    assert again.status_code == 409
    assert "What merging updates elsewhere is not what was shown" in text_of(again)
    assert Contact.objects.count() == 2
    assert post(as_member, url, read(again).values).status_code == 200


def test_the_undo_says_what_it_will_also_do_and_does_that(
    as_member: Client, ada: Contact, holder: Contact, member: User, announced: list[Any]
) -> None:
    add_guest(ada, member)
    add_guest(holder, member)
    fold(holder, ada)
    url = url_of("merge_undo", holder, merge_of(holder).pk)
    page = as_member.get(url, headers=HTMX)
    assert "Undoing will also update 1 guests." in text_of(page)
    assert list(Contact.objects.all()) == [holder]  # it was only tried
    assert post(as_member, url, read(page).values).status_code == 200
    assert {effect.contact_id for effect in announced[-1].effects} == {ada.pk}
    assert announced[-1].digest == page.context["effects"].digest


def test_an_undo_whose_effects_moved_is_shown_again(
    as_member: Client, ada: Contact, holder: Contact, member: User, announced: list[Any]
) -> None:
    add_guest(ada, member)
    fold(holder, ada)
    url = url_of("merge_undo", holder, merge_of(holder).pk)
    data = {**read(as_member.get(url)).values, "effects": "another"}
    again = post(as_member, url, data)
    assert again.status_code == 409 and "Something changed since this was shown" in text_of(again)
    assert Contact.objects.count() == 1
    assert post(as_member, url, read(again).values).status_code == 200
