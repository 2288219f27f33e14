"""Settings, Other schedulers: connecting one, its secret, and what it has sent."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from activities.models import SchedulerConnection
from contacts import vault
from contacts.models import AuditEntry, User
from tests.activities.inbound.webhooks import SECRET, calcom, calendly, make_connection, post, take
from tests.contacts.pages import read, text_of
from tests.stored import everything_stored


def typed(by: User, **values: str) -> dict[str, str]:
    return {"kind": "calcom", "name": "Sales", "host": str(by.pk), "secret": "", **values}


def secret_of(connection: SchedulerConnection) -> str:
    return vault.unseal(connection.secret, purpose=SchedulerConnection.PURPOSE)


def test_calcoms_secret_is_made_shown_once_and_encrypted(
    as_admin: Client, admin_user: User
) -> None:
    answer = as_admin.post(reverse("scheduler_new"), typed(admin_user))
    shown = re.search("shown this once:</b> <code>(.*?)</code>", answer.content.decode())
    connection = SchedulerConnection.objects.get()
    assert shown and shown[1] == secret_of(connection) and answer["Cache-Control"].startswith("no-store")  # fmt: skip
    assert f"/hooks/{connection.address}/" in text_of(answer)
    again = as_admin.get(reverse("scheduler_detail", args=[connection.public_id]))
    assert shown[1] not in again.content.decode() and shown[1] not in everything_stored()
    assert AuditEntry.objects.filter(action="scheduler.connected").exists()


def test_calendlys_key_is_pasted_and_signs(as_admin: Client, admin_user: User) -> None:
    form = typed(admin_user, kind="calendly", secret=SECRET)
    answer = as_admin.post(reverse("scheduler_new"), form)
    connection = SchedulerConnection.objects.get()
    assert answer.status_code == 302 and SECRET not in everything_stored()
    assert SECRET not in as_admin.get(answer["Location"]).content.decode()
    take(connection, calendly())


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"kind": "outlook"}, "Choose a scheduler"),
        ({"name": " "}, "Enter a name"),
        ({"name": "x" * 121}, "Too long"),
        ({"host": "0"}, "Choose a host from the list"),
        ({"kind": "calendly", "secret": "short"}, "Paste the signing key"),
        ({"kind": "calendly", "secret": ""}, "Paste the signing key"),
    ],
)
def test_a_fault_stands_at_its_field_and_nothing_is_saved(
    as_admin: Client, admin_user: User, wrong: dict[str, str], fault: str
) -> None:
    answer = as_admin.post(reverse("scheduler_new"), typed(admin_user, **wrong))
    assert answer.status_code == 422 and fault in text_of(answer)
    assert not SchedulerConnection.objects.exists()
    if "name" in wrong:
        assert read(answer).values["name"] == wrong["name"]


def test_a_new_secret_takes_the_place_of_the_old_one(as_admin: Client, admin_user: User) -> None:
    connection = make_connection(admin_user)
    action = reverse("scheduler_action", args=[connection.public_id])
    answer = as_admin.post(action, {"do": "secret"})
    assert "shown this once" in text_of(answer)
    assert post(connection, calcom()).status_code == 401
    pasted = make_connection(admin_user, "calendly")
    action = reverse("scheduler_action", args=[pasted.public_id])
    refused = as_admin.post(action, {"do": "secret", "secret": "short"})
    assert refused.status_code == 422 and read(refused).values["secret"] == "short"
    as_admin.post(action, {"do": "secret", "secret": "another-signing-key"})
    pasted.refresh_from_db()
    assert secret_of(pasted) == "another-signing-key"


def test_closing_ends_it_and_opening_begins_again(as_admin: Client, admin_user: User) -> None:
    connection = make_connection(admin_user)
    action = reverse("scheduler_action", args=[connection.public_id])
    for do, status in (("close", 404), ("open", 200)):
        as_admin.post(action, {"do": do})
        assert post(connection, calcom()).status_code == status
    assert as_admin.post(action, {"do": "explode"}).status_code == 404


def test_the_page_tells_what_came_and_what_was_refused(as_admin: Client, admin_user: User) -> None:
    connection = make_connection(admin_user)
    take(connection, calcom(), calcom("BOOKING_CANCELLED", "unknown"))
    post(connection, calcom(), {})
    text = text_of(as_admin.get(reverse("scheduler_detail", args=[connection.public_id])))
    for words in ("BOOKING_CREATED", "Meeting booked", "has not come yet", "not signed"):
        assert words in text
    assert "Sales" in text_of(as_admin.get(reverse("scheduler_list")))


def test_the_secret_follows_the_key_of_the_installation(admin_user: User, settings: Any) -> None:
    connection = make_connection(admin_user)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "n" * 50
    assert vault.renew().renewed == 1
    settings.SECRET_KEY_FALLBACKS = []
    take(connection, calcom())


def test_other_schedulers_are_for_administrators(as_member: Client, admin_user: User) -> None:
    connection = make_connection(admin_user)
    detail = reverse("scheduler_detail", args=[connection.public_id])
    for url in (reverse("scheduler_list"), reverse("scheduler_new"), detail):
        assert as_member.get(url).status_code == 404
    action = reverse("scheduler_action", args=[connection.public_id])
    assert as_member.post(action, {"do": "close"}).status_code == 404
