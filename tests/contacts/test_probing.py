"""How often one person's saves may meet contacts they are not allowed to see."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts import probing
from contacts.access import Role
from contacts.models import AuditEntry, ConflictRequest, Contact, HiddenHit, User
from contacts.probing import LIMIT, ProbingLimited
from tests.contacts.pages import HTMX, read, save, text_of, typed_into, url_of
from tests.contacts.test_races import at_once
from tests.factories import make_contact, make_user


@pytest.fixture
def hidden(stranger: User) -> list[Contact]:
    return [make_contact(stranger, email=f"h{n}@example.com") for n in range(3)]


def hit(user: User, times: int, *, ago: timedelta = timedelta(0)) -> None:
    for _ in range(times):
        with probing.check(user) as probe:
            probe.record()
    newest = HiddenHit.objects.filter(user=user).order_by("-pk")[:times]
    HiddenHit.objects.filter(pk__in=newest.values("pk")).update(at=timezone.now() - ago)


def probe(client: Client, ada: Contact, email: str, **more: str) -> Any:
    return save(client, ada, typed_into(ada, ada.owner, email=email, **more))


def test_the_twenty_first_save_is_not_tried_whoever_has_the_address(
    as_member: Client, ada: Contact, member: User, hidden: list[Contact]
) -> None:
    for n in range(LIMIT):
        assert probe(as_member, ada, f"h{n % 3}@example.com").status_code == 403
    make_contact(member, email="visible@example.com")
    answers = [
        probe(as_member, ada, email)
        for email in ("h1@example.com", "unused@example.com", "visible@example.com")
    ]
    assert [answer.status_code for answer in answers] == [429] * 3
    said = {re.sub(r"\S+@example.com", "…", text_of(answer)) for answer in answers}
    assert len(said) == 1
    ada.refresh_from_db()
    assert ada.email == "ada@example.com" and HiddenHit.objects.count() == LIMIT


@pytest.mark.parametrize("htmx", [True, False])
def test_the_refusal_keeps_what_was_typed_and_names_the_time(
    as_member: Client, ada: Contact, member: User, htmx: bool
) -> None:
    hit(member, LIMIT, ago=timedelta(minutes=45))
    data = typed_into(ada, member, email="new@example.com", company="Typed")
    response = save(as_member, ada, data, htmx=htmx)
    assert response.status_code == 429 and 890 <= int(response["Retry-After"]) <= 901
    again = timezone.localtime(timezone.now() + timedelta(minutes=15))
    told = text_of(response)
    assert any(f"saved again at {again - timedelta(minutes=m):%H:%M} (UTC)" in told for m in (0, 1))
    assert "Nothing was saved; what you typed is kept." in told
    typed = read(response).values
    assert (typed["email"], typed["company"]) == ("new@example.com", "Typed")


def test_other_fields_can_still_be_saved(as_member: Client, ada: Contact, member: User) -> None:
    hit(member, LIMIT)
    data = typed_into(ada, member, company="Analytical", email="")
    assert save(as_member, ada, data).status_code == 200
    ada.refresh_from_db()
    assert (ada.company, ada.email) == ("Analytical", "")


def test_every_way_to_bring_in_an_address_is_limited(
    as_member: Client, ada: Contact, member: User
) -> None:
    save(as_member, ada, typed_into(ada, member, email="second@example.com"))
    ada.refresh_from_db()
    hit(member, LIMIT)
    fresh = typed_into(None, member, first_name="New", mobile_phone="+12025550188")
    change = ada.history.filter(field="email", new="second@example.com").get()
    answers = [
        as_member.post(reverse("contact_new"), fresh, headers=HTMX),
        as_member.post(reverse("contact_new_merge"), fresh, headers=HTMX),
        as_member.post(url_of("contact_merge", ada), typed_into(ada, member, email="c@x.org")),
        as_member.post(url_of("field_restore", ada, change.pk), headers=HTMX),
    ]
    assert [answer.status_code for answer in answers] == [429] * 4
    assert all("Emails and mobile phones can be saved again at" in text_of(a) for a in answers)
    assert Contact.objects.count() == 1 and ada.email == "second@example.com"


def test_a_new_contact_without_an_address_is_not_limited(as_member: Client, member: User) -> None:
    hit(member, LIMIT)
    data = typed_into(None, member, first_name="New", phone="+12025550188")
    assert as_member.post(reverse("contact_new"), data, headers=HTMX).status_code == 200


def test_saves_that_meet_nothing_hidden_are_not_counted(
    as_member: Client, ada: Contact, member: User
) -> None:
    make_contact(member, email="mine@example.com")
    statuses = [
        probe(as_member, ada, email).status_code
        for email in ("bad", "mine@example.com", "new@example.com")
    ]
    assert statuses == [422, 409, 200] and not HiddenHit.objects.exists()


def test_a_phone_counts_like_an_address(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    make_contact(stranger, mobile_phone="+12025550199")
    data = typed_into(ada, member, mobile_phone="(202) 555-0199")
    assert save(as_member, ada, data).status_code == 403
    assert HiddenHit.objects.filter(user=member, confirmed=True).count() == 1


def test_the_hour_slides(member: User) -> None:
    hit(member, 1, ago=timedelta(minutes=59))
    hit(member, LIMIT - 1, ago=timedelta(minutes=10))
    with pytest.raises(ProbingLimited) as reached, probing.check(member):
        pass
    assert 50 <= reached.value.seconds <= 62
    HiddenHit.objects.filter(at__lt=timezone.now() - timedelta(minutes=58)).update(
        at=timezone.now() - timedelta(minutes=61)
    )
    with probing.check(member):
        pass


def test_one_persons_hits_do_not_limit_another(member: User, stranger: User) -> None:
    hit(member, LIMIT)
    with probing.check(stranger) as probe:
        probe.record()
    assert HiddenHit.objects.filter(user=stranger).count() == 1


def test_who_sees_everything_is_never_counted(admin_user: User) -> None:
    hit(admin_user, LIMIT + 5)
    assert not HiddenHit.objects.exists()


def test_a_save_that_breaks_gives_its_reservation_back(member: User) -> None:
    with pytest.raises(ZeroDivisionError), probing.check(member):
        raise ZeroDivisionError
    assert not HiddenHit.objects.exists()


def test_old_hits_are_forgotten(member: User) -> None:
    hit(member, 3, ago=timedelta(hours=25))
    hit(member, 1)
    assert HiddenHit.objects.filter(user=member).count() == 1


def test_reaching_the_limit_is_audited_once_without_a_value(
    as_member: Client, ada: Contact, member: User, hidden: list[Contact]
) -> None:
    for n in range(LIMIT + 3):
        probe(as_member, ada, f"h{n % 3}@example.com")
    entry = AuditEntry.objects.get(action="probing.limited")
    assert (entry.actor, entry.detail) == (member, {"hits": LIMIT, "minutes": 60})
    assert [alert.actor for alert in probing.alerts()] == [member]


def test_a_refused_save_files_only_what_was_changed(
    as_member: Client, ada: Contact, hidden: list[Contact]
) -> None:
    probe(as_member, ada, "h0@example.com", company="", job_title="Countess")
    filed = ConflictRequest.objects.get()
    assert filed.typed == {"email": "h0@example.com", "company": "", "job_title": "Countess"}
    data = typed_into(None, ada.owner, first_name="New", email="h1@example.com")
    as_member.post(reverse("contact_new"), data, headers=HTMX)
    assert ConflictRequest.objects.latest("pk").typed == {
        "first_name": "New",
        "email": "h1@example.com",
    }


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL")
def test_of_many_saves_at_the_same_moment_no_more_than_the_limit_are_told() -> None:
    user, owner = make_user(Role.MEMBER), make_user(Role.MEMBER)
    hit(user, LIMIT - 2)
    for n in range(8):
        make_contact(owner, email=f"h{n}@example.com")

    def saving(n: int) -> Callable[[], Any]:
        client = Client(headers={"host": "localhost"})
        client.force_login(user)
        data = {"first_name": "A", "email": f"h{n}@example.com", "owner": user.pk}
        return lambda: client.post("/contacts/new/", data)

    answers = at_once(*(saving(n) for n in range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [403, 403, 429, 429, 429, 429, 429, 429], answers
    assert HiddenHit.objects.filter(user=user, confirmed=True).count() == LIMIT
    assert AuditEntry.objects.filter(action="probing.limited").count() == 1
