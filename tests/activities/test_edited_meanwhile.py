"""Two administrators in the same settings: the second is told, and nothing that was typed is lost."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from activities.edited import EditedMeanwhile, save_edited
from activities.models import BookingCalendar, Chatbot, RoutingForm, SchedulerConnection
from activities.models.editable import Editable
from contacts.models import User
from tests.activities.bookings import make_calendar
from tests.activities.chats import make_bot
from tests.activities.routing.filling import make_form
from tests.contacts.pages import read, text_of

NOTICE = "Not saved: somebody else has saved this since you opened it."


def a_calendar(owner: User) -> tuple[Editable, str]:
    calendar = make_calendar(owner)
    return calendar, reverse("calendar_edit", args=[calendar.public_id])


def a_form(owner: User) -> tuple[Editable, str]:
    form = make_form(owner)
    return form, reverse("form_edit", args=[form.public_id])


def a_bot(owner: User) -> tuple[Editable, str]:
    bot = make_bot(owner)
    return bot, reverse("chatbot_edit", args=[bot.public_id])


Make = Callable[[User], tuple[Any, str]]
everything = pytest.mark.parametrize("make", [a_calendar, a_form, a_bot])


@everything
def test_the_second_to_save_is_told_and_keeps_what_they_typed(
    as_admin: Client, admin_user: User, make: Make
) -> None:
    row, url = make(admin_user)
    first, second = read(as_admin.get(url)).values, read(as_admin.get(url)).values
    assert as_admin.post(url, {**first, "name": "Hers"}).status_code == 302
    answer = as_admin.post(url, {**second, "name": "His"})
    assert answer.status_code == 409 and NOTICE in text_of(answer)
    again = read(answer).values
    row.refresh_from_db()
    assert (row.name, again["name"]) == ("Hers", "His")
    assert as_admin.post(url, again).status_code == 302
    row.refresh_from_db()
    assert row.name == "His"


@everything
def test_a_typing_error_in_between_does_not_hide_the_other_edit(
    as_admin: Client, admin_user: User, make: Make
) -> None:
    _, url = make(admin_user)
    first, second = read(as_admin.get(url)).values, read(as_admin.get(url)).values
    as_admin.post(url, {**first, "name": "Hers"})
    wrong = as_admin.post(url, {**second, "name": ""})
    assert wrong.status_code == 422
    assert as_admin.post(url, {**read(wrong).values, "name": "His"}).status_code == 409


def test_a_bot_that_is_archived_while_it_is_edited_stays_archived(
    as_admin: Client, admin_user: User
) -> None:
    bot = make_bot(admin_user)
    url = reverse("chatbot_edit", args=[bot.public_id])
    typed = read(as_admin.get(url)).values
    as_admin.post(reverse("chatbot_state", args=[bot.public_id]), {"do": "archive"})
    assert as_admin.post(url, {**typed, "name": "Renamed"}).status_code == 302
    bot.refresh_from_db()
    assert bot.archived_at is not None and bot.name == "Renamed"


def test_a_second_signing_key_does_not_replace_one_that_was_not_seen(
    as_admin: Client, admin_user: User
) -> None:
    made = SchedulerConnection.objects.create(
        kind="calendly", name="Calls", host=admin_user, secret="sealed"
    )
    page = as_admin.get(reverse("scheduler_detail", args=[made.public_id]))
    url = reverse("scheduler_action", args=[made.public_id])
    typed = {"do": "secret", "version": read(page).values["version"], "secret": "first-key-1234"}
    assert as_admin.post(url, typed).status_code == 302
    answer = as_admin.post(url, {**typed, "secret": "second-key-1234"})
    assert answer.status_code == 409 and NOTICE in text_of(answer)
    assert "second-key-1234" in answer.content.decode()


@pytest.mark.skipif("connection.vendor != 'postgresql'")
@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_wins(admin_user: User) -> None:
    calendar, barrier, told = make_calendar(admin_user), threading.Barrier(2), []

    def save(name: str) -> None:
        mine = BookingCalendar.objects.get(pk=calendar.pk)
        mine.name = name
        barrier.wait()
        try:
            save_edited(mine, ["name"], 1)
        except EditedMeanwhile:
            told.append(name)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(name,)) for name in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calendar.refresh_from_db()
    assert sorted([*told, calendar.name]) == ["One", "Two"] and calendar.version == 2


def test_every_kind_of_setting_is_counted() -> None:
    assert set(Editable.__subclasses__()) == {
        BookingCalendar, Chatbot, RoutingForm, SchedulerConnection,
    }  # fmt: skip
