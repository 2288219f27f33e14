"""Suggestions in the pane: accept, dismiss, all at once, and every way a Save can end."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts import planning
from contacts.merging.merge import merge_contacts, plan_merge
from contacts.models import Contact, FieldChange, Source, Suggestion, User
from contacts.planning import Effect, Line
from contacts.services import update_contact
from contacts.signals import Actor, ContactChange
from contacts.suggestions import suggest
from tests.contacts.pages import HTMX, read, text_of, url_of
from tests.factories import by, make_contact, typed

BOOKING = Actor(None, Source.BOOKING, "Tax review, BKNG-1")


def suggested(contact: Contact, **values: Any) -> list[Suggestion]:
    suggest(contact, values, BOOKING, timezone.now())
    return list(Suggestion.objects.filter(contact=contact).order_by("pk"))


def decide(client: Client, contact: Contact, *, htmx: bool = True, **data: Any) -> Any:
    data.setdefault("version", contact.version)
    return client.post(url_of("suggestion_decide", contact), data, headers=HTMX if htmx else {})


def pane(client: Client, contact: Contact) -> Any:
    return client.get(url_of("contact_detail", contact), headers=HTMX)


def test_the_pane_shows_both_values_and_where_the_other_comes_from(
    as_member: Client, ada: Contact
) -> None:
    suggested(ada, company="Other Ltd", mobile_phone="+12025550101")
    text = text_of(pane(as_member, ada))
    for words in ("Suggestions2", "Engines to Other Ltd", "+1 202-555-0101", "Tax review, BKNG-1"):
        assert words in text
    assert "Accept all" in text


@pytest.mark.parametrize("htmx", [True, False])
def test_accept_saves_the_value_and_history_says_why(
    as_member: Client, ada: Contact, htmx: bool
) -> None:
    row, other = suggested(ada, company="Other Ltd", city="Turin")
    answer = decide(as_member, ada, htmx=htmx, accept=row.token)
    assert answer.status_code == (200 if htmx else 302)
    ada.refresh_from_db()
    assert (ada.company, ada.city) == ("Other Ltd", "")
    change = FieldChange.objects.get(contact=ada, field="company", version=2)
    assert (change.source, change.detail) == ("person", "suggested by booking Tax review, BKNG-1")
    assert "Suggestions1" in text_of(pane(as_member, ada))


def test_accept_all_saves_the_newest_of_each_field_that_was_shown(
    as_member: Client, ada: Contact
) -> None:
    suggested(ada, company="Old Ltd", city="Turin")
    suggested(ada, company="New Ltd")
    values = read(pane(as_member, ada))
    shown = [row.token for row in Suggestion.objects.all()]
    suggested(ada, state="Later")
    assert values.values["version"] == "1"
    decide(as_member, ada, accept="all", shown=shown)
    ada.refresh_from_db()
    assert (ada.company, ada.city, ada.state) == ("New Ltd", "Turin", "")
    assert Suggestion.objects.filter(state="open").get().field == "state"


def test_dismiss_changes_nothing_on_the_contact(as_member: Client, ada: Contact) -> None:
    (row,) = suggested(ada, company="Other Ltd")
    assert decide(as_member, ada, dismiss=row.token).status_code == 200
    ada.refresh_from_db()
    row.refresh_from_db()
    assert (ada.company, ada.version, row.state) == ("Engines", 1, "dismissed")
    assert "Suggestions" not in text_of(pane(as_member, ada))


def test_a_value_of_another_contact_opens_the_merge_prompt(
    as_member: Client, ada: Contact, member: User
) -> None:
    make_contact(member, first_name="A.", mobile_phone="+12025550101")
    (row,) = suggested(ada, mobile_phone="+12025550101")
    answer = decide(as_member, ada, accept=row.token)
    assert answer.status_code == 409 and "Merge Contacts" in text_of(answer)
    row.refresh_from_db()
    assert row.state == "open"


def test_a_value_of_a_hidden_contact_cannot_be_saved_and_tells_nothing(
    as_member: Client, ada: Contact, stranger: User
) -> None:
    make_contact(stranger, first_name="Hidden", mobile_phone="+12025550101")
    (row,) = suggested(ada, mobile_phone="+12025550101")
    answer = decide(as_member, ada, accept=row.token)
    assert answer.status_code == 403 and "Cannot Save Contact" in text_of(answer)
    assert "Hidden" not in text_of(answer)


def test_a_field_that_somebody_else_changed_meanwhile_shows_both(
    as_member: Client, ada: Contact, admin_user: User
) -> None:
    (row,) = suggested(ada, company="Other Ltd")
    update_contact(contact_id=ada.pk, actor=by(admin_user), values={"company": "Third Ltd"})
    answer = decide(as_member, ada, accept=row.token)
    assert answer.status_code == 412
    assert "Third Ltd" in text_of(answer) and "Other Ltd" in answer.content.decode()


class Letters:
    """One letter goes to whoever changes the mobile phone."""

    name, order = "letters", 10

    def effects(self, changes: Sequence[ContactChange]) -> list[Effect]:
        moved = [change for change in changes if "mobile_phone" in change.fields]
        return [Effect(self.name, change.contact_id, "letter") for change in moved]

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        return [Line("send 1 letter")]


def test_a_value_that_reaches_further_is_saved_after_what_it_does_was_seen(
    as_member: Client, ada: Contact
) -> None:
    planner = Letters()
    planning.register(planner)
    try:
        (row,) = suggested(ada, mobile_phone="+12025550101")
        answer = decide(as_member, ada, accept=row.token)
        assert answer.status_code == 412 and "send 1 letter" in text_of(answer)
        saved = as_member.post(url_of("contact_edit", ada), read(answer).values, headers=HTMX)
    finally:
        planning.unregister(planner)
    ada.refresh_from_db()
    assert (saved.status_code, ada.mobile_phone) == (200, "+12025550101")
    assert "Suggestions" not in text_of(pane(as_member, ada))


def test_what_is_saved_by_now_is_no_longer_suggested(
    as_member: Client, ada: Contact, member: User
) -> None:
    suggested(ada, company="Other Ltd")
    update_contact(contact_id=ada.pk, actor=by(member), values={"company": "Other Ltd"})
    assert "Suggestions" not in text_of(pane(as_member, ada))


def test_a_stranger_decides_nothing(client: Client, ada: Contact, stranger: User) -> None:
    (row,) = suggested(ada, company="Other Ltd")
    client.force_login(stranger)
    assert decide(client, ada, accept=row.token).status_code == 404
    ada.refresh_from_db()
    assert ada.company == "Engines"


def test_a_suggestion_of_another_contact_is_not_accepted_through_this_one(
    as_member: Client, ada: Contact, stranger: User
) -> None:
    other = make_contact(stranger, company="Secret")
    (row,) = suggested(other, company="Other Ltd")
    for chosen in (row.token, str(row.pk), "all", "x", "\x00", "9" * 30):
        assert decide(as_member, ada, accept=chosen, shown=row.token).status_code == 200
    other.refresh_from_db()
    ada.refresh_from_db()
    assert (other.company, ada.company) == ("Secret", "Engines")


def test_a_merge_brings_the_suggestions_along_and_a_delete_ends_them(
    as_member: Client, ada: Contact, member: User
) -> None:
    holder = make_contact(member, first_name="A.", email="holder@example.com", company="Engines")
    suggested(ada, company="Other Ltd")
    suggested(holder, company="Other Ltd", city="Turin")
    values = typed(ada, email="holder@example.com")
    plan = plan_merge(holders={"email": holder}, edited=ada, values=values)
    merge_contacts(plan=plan, values=values, actor=by(member))
    assert "Suggestions2" in text_of(pane(as_member, holder))
    row = Suggestion.objects.filter(field="company").first()
    holder.refresh_from_db()
    assert row is not None
    decide(as_member, holder, dismiss=row.token)
    assert set(Suggestion.objects.filter(state="open").values_list("field", flat=True)) == {"city"}
    as_member.post(url_of("contact_delete", holder))
    assert not Suggestion.objects.exists()
