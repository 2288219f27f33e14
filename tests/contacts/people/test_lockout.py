"""Wrong passwords: slowed, locked, counted for known and unknown users alike."""

import logging
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from contacts.models import AuditEntry, SignInCounter, User
from contacts.people import attempts
from contacts.people.attempts import Kind, Slowed
from tests.contacts.pages import text_of
from tests.contacts.people.doubles import Clock, sign_in
from tests.factories import make_user

HERE, ELSEWHERE = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.2"}


def wrong(client: Client, email: str, times: int, **more: Any) -> Any:
    for _ in range(times):
        answer = sign_in(client, email, "not the password", **more)
    return answer


def test_after_five_wrong_passwords_the_right_one_has_to_wait(
    client: Client, member: User, clock: Clock
) -> None:
    assert wrong(client, member.email, 5).status_code == 422
    answer = sign_in(client, member.email)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "4")
    assert "Try again in 4 seconds" in text_of(answer)
    clock.forward(seconds=5)
    assert sign_in(client, member.email).status_code == 302


def test_after_ten_the_user_is_locked_for_15_minutes_from_that_address(
    client: Client, member: User, clock: Clock
) -> None:
    answer = wrong(client, member.email, 10)
    assert "Try again in 15 minutes" in text_of(answer)
    clock.forward(minutes=14)
    assert sign_in(client, member.email).status_code == 429
    clock.forward(minutes=1, seconds=1)
    assert sign_in(client, member.email).status_code == 302


def test_a_lock_is_not_prolonged_by_trying_on(client: Client, member: User, clock: Clock) -> None:
    wrong(client, member.email, 10)
    clock.forward(minutes=10)
    wrong(client, member.email, 20)
    clock.forward(minutes=5, seconds=1)
    assert sign_in(client, member.email).status_code == 302


def test_an_unknown_user_is_told_the_same_at_every_step(
    client: Client, member: User, clock: Clock
) -> None:
    told = []
    for email in (member.email, "nobody@kith.test"):
        answers = [wrong(client, email, 1, **HERE) for _ in range(12)]
        told.append([(a.status_code, text_of(a)) for a in answers])
        SignInCounter.objects.filter(scope="address").delete()
    assert told[0] == told[1]


def test_known_and_unknown_users_cost_the_same_queries(
    client: Client, member: User, stranger: User
) -> None:
    wrong(client, stranger.email, 1)
    counts = []
    for email in (member.email, "nobody@kith.test"):
        with CaptureQueriesContext(connection) as queries:
            wrong(client, email, 1)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_true_user_elsewhere_is_not_kept_out_for_long(
    client: Client, member: User, clock: Clock
) -> None:
    for number in range(60):
        wrong(client, member.email, 1, REMOTE_ADDR=f"198.51.100.{number}")
    assert "Too many" in text_of(sign_in(client, member.email, **HERE))
    clock.forward(minutes=5, seconds=1)
    assert sign_in(client, member.email, **HERE).status_code == 302


def test_where_the_user_has_signed_in_before_strangers_do_not_keep_them_out(
    client: Client, member: User, clock: Clock
) -> None:
    assert sign_in(client, member.email, **HERE).status_code == 302
    client.logout()
    for number in range(50):
        wrong(client, member.email, 2, REMOTE_ADDR=f"198.51.100.{number}")
    assert sign_in(client, member.email, **HERE).status_code == 302


def test_one_password_for_many_users_from_one_address_is_slowed(
    client: Client, clock: Clock, db: None
) -> None:
    people = [make_user() for _ in range(40)]
    statuses = [wrong(client, person.email, 1, **HERE).status_code for person in people]
    assert statuses.index(429) == 30 and set(statuses[30:]) == {429}
    assert wrong(client, people[39].email, 1, **ELSEWHERE).status_code == 422


def test_an_account_of_their_own_does_not_free_an_attackers_address(
    client: Client, member: User, clock: Clock
) -> None:
    sign_in(client, member.email, **HERE)
    client.logout()
    for number in range(30):
        wrong(client, f"user{number}@kith.test", 1, **HERE)
    assert sign_in(client, member.email, **HERE).status_code == 302
    client.logout()
    assert wrong(client, "another@kith.test", 1, **HERE).status_code == 429


def test_other_spellings_of_an_email_are_the_same_user(
    client: Client, clock: Clock, db: None
) -> None:
    user = make_user(email="silvia@kith.test")
    for email in ("SILVIA@kith.test", " silvia@kith.test ", "sılvia@kith.test", "ſilvia@kith.test"):
        wrong(client, email, 1)
    wrong(client, user.email, 1)
    assert sign_in(client, user.email).status_code == 429


def test_an_hour_without_a_try_is_forgotten(client: Client, member: User, clock: Clock) -> None:
    wrong(client, member.email, 4)
    clock.forward(hours=1, seconds=1)
    assert wrong(client, member.email, 4).status_code == 422
    assert sign_in(client, member.email).status_code == 302


def test_a_right_password_begins_the_count_anew(client: Client, member: User, clock: Clock) -> None:
    for _ in range(3):
        wrong(client, member.email, 4)
        assert sign_in(client, member.email).status_code == 302
        client.logout()


def test_many_guesses_at_the_same_moment_are_counted_before_they_are_checked(
    member: User, clock: Clock
) -> None:
    for _ in range(5):
        attempts.begin(Kind.PASSWORD, member.email, "192.0.2.1")  # none has been answered yet
    with pytest.raises(Slowed):
        attempts.begin(Kind.PASSWORD, member.email, "192.0.2.1")


def test_locks_are_logged_and_audited_without_personal_data(
    client: Client, member: User, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        wrong(client, member.email, 12, **HERE)
    told = [r.getMessage() for r in caplog.records if r.name.startswith("contacts")]
    assert f"password tries locked by pair, user {member.pk}" in told
    assert f"sign-in refused, user {member.pk}" in told
    assert not [line for line in told if "kith.test" in line or "192.0.2" in line]
    entries = AuditEntry.objects.values_list("action", "object_id", "detail")
    assert ("signin.locked", str(member.pk), {"kind": "password", "by": "pair"}) in entries
    assert not SignInCounter.objects.filter(key__contains="kith.test").exists()


def test_counters_that_count_no_longer_are_thrown_away(
    client: Client, member: User, stranger: User, clock: Clock
) -> None:
    wrong(client, stranger.email, 1)
    sign_in(client, member.email)
    clock.forward(days=3)
    attempts.prune()
    assert [row.scope for row in SignInCounter.objects.all()] == ["pair"]  # a known address
    clock.forward(days=30)
    attempts.prune()
    assert not SignInCounter.objects.exists()


# ------------------------------------------------------------------ the address


def test_a_made_up_forwarded_address_gives_no_new_tries(
    client: Client, member: User, clock: Clock
) -> None:
    for number in range(5):
        wrong(client, member.email, 1, headers={"X-Forwarded-For": f"203.0.113.{number}"})
    answer = sign_in(client, member.email, headers={"X-Forwarded-For": "203.0.113.99"})
    assert answer.status_code == 429


def test_behind_a_proxy_its_own_hop_counts(
    client: Client, member: User, clock: Clock, settings: Settings
) -> None:
    settings.BEHIND_PROXY = True
    for number in range(5):
        wrong(
            client, member.email, 1, headers={"X-Forwarded-For": f"203.0.113.{number}, 192.0.2.7"}
        )
    same = sign_in(client, member.email, headers={"X-Forwarded-For": "192.0.2.7:4711"})
    other = sign_in(client, member.email, headers={"X-Forwarded-For": "192.0.2.7, 192.0.2.8"})
    assert (same.status_code, other.status_code) == (429, 302)


def test_an_ipv6_client_is_counted_by_its_network(
    client: Client, member: User, clock: Clock
) -> None:
    for number in range(5):
        wrong(client, member.email, 1, REMOTE_ADDR=f"2001:db8:1:2::{number}")
    assert sign_in(client, member.email, REMOTE_ADDR="2001:db8:1:2:3::").status_code == 429
    assert sign_in(client, member.email, REMOTE_ADDR="2001:db8:1:3::").status_code == 302
