"""What a change makes happen elsewhere: shown before Save, the same afterwards, asked when it moved."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.test import Client

from contacts import planning
from contacts.models import Contact, User
from contacts.planning import Effect, Line
from contacts.services import update_contact
from contacts.signals import ContactChange, contacts_changed
from tests.contacts.pages import HTMX, read, save, text_of, typed_into, url_of
from tests.factories import by


class Letters:
    """Whoever changes address gets so many letters; one of them cannot be sent."""

    name, order = "letters", 10

    def __init__(self) -> None:
        self.waiting = 3

    def effects(self, changes: Sequence[ContactChange]) -> list[Effect]:
        moved = [change for change in changes if "email" in change.fields]
        return [
            Effect(self.name, change.contact_id, f"letter {n}", done=n > 0)
            for change in moved
            for n in range(self.waiting)
        ]

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        done = sum(effect.done for effect in effects)
        return [
            Line(f"send {done} letters"),
            Line("1 letter will NOT be sent", done=False, note="It has no stamp."),
        ]


@pytest.fixture
def letters() -> Iterator[Letters]:
    planner = Letters()
    planning.register(planner)
    yield planner
    planning.unregister(planner)


@pytest.fixture
def announced() -> Iterator[list[Any]]:
    heard: list[Any] = []

    def listen(plan: planning.Plan, **_: Any) -> None:
        heard.append(plan)

    contacts_changed.connect(listen)
    yield heard
    contacts_changed.disconnect(listen)


def impact(client: Client, contact: Contact, data: dict[str, str]) -> Any:
    return client.post(
        url_of("contact_impact", contact), data, headers={**HTMX, "HX-Target": "impact"}
    )


def test_the_panel_says_what_saving_will_do(
    as_member: Client, member: User, ada: Contact, letters: Letters
) -> None:
    told = text_of(impact(as_member, ada, typed_into(ada, member, email="a@example.org")))
    assert "Saving will:" in told and "send 2 letters" in told
    assert "1 letter will NOT be sentIt has no stamp." in told
    assert "Saving will: send 2 letters, 1 letter will NOT be sent." in told  # on narrow screens


@pytest.mark.parametrize("typed", [{"city": "London"}, {"email": "not an address"}])
def test_the_panel_is_silent_without_effects_and_leaves_invalid_fields_out(
    as_member: Client, member: User, ada: Contact, letters: Letters, typed: dict[str, str]
) -> None:
    answer = impact(as_member, ada, typed_into(ada, member, **typed))
    assert answer.status_code == 200 and "Saving will" not in text_of(answer)


def test_what_was_shown_is_what_listeners_are_told(
    as_member: Client, member: User, ada: Contact, letters: Letters, announced: list[Any]
) -> None:
    data = typed_into(ada, member, email="a@example.org")
    shown = read(impact(as_member, ada, data)).values["plan"]
    assert save(as_member, ada, {**data, "plan": shown}).status_code == 200
    assert [plan.digest for plan in announced] == [shown]
    assert len(announced[0].effects) == 3


def test_a_save_that_was_not_shown_is_shown_once_and_asked_again(
    as_member: Client, member: User, ada: Contact, letters: Letters
) -> None:
    data = typed_into(ada, member, email="a@example.org")
    asked = save(as_member, ada, data, htmx=False)
    assert asked.status_code == 412 and "send 2 letters" in text_of(asked)
    assert "Nothing was saved yet" in text_of(asked)
    again = {**data, "plan": read(asked).values["plan"]}
    assert read(asked).values["email"] == "a@example.org"
    assert save(as_member, ada, again, htmx=False).status_code == 302
    ada.refresh_from_db()
    assert ada.email == "a@example.org"


def test_a_plan_that_moved_meanwhile_is_shown_again(
    as_member: Client, member: User, ada: Contact, letters: Letters
) -> None:
    data = typed_into(ada, member, email="a@example.org")
    data["plan"] = read(impact(as_member, ada, data)).values["plan"]
    letters.waiting = 5
    answer = save(as_member, ada, data)
    assert answer.status_code == 412
    assert "has changed since it was shown" in text_of(answer)
    assert "send 4 letters" in text_of(answer)
    ada.refresh_from_db()
    assert (ada.email, ada.version) == ("ada@example.com", 1)


def test_a_change_without_a_page_is_planned_all_the_same(
    ada: Contact, letters: Letters, announced: list[Any]
) -> None:
    update_contact(contact_id=ada.pk, actor=by(), values={"email": "a@example.org"})
    assert len(announced[0].effects) == 3


def test_a_stranger_learns_nothing_from_the_panel(
    client: Client, stranger: User, ada: Contact, letters: Letters
) -> None:
    client.force_login(stranger)
    assert impact(client, ada, {"email": "a@example.org"}).status_code == 404


def test_without_planners_there_is_no_panel(
    as_member: Client, ada: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_planners", [])
    assert 'id="impact"' not in as_member.get(url_of("contact_edit", ada)).content.decode()
