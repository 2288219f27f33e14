"""Whether the time of an answer tells what the answer does not: `make benchmark`, on PostgreSQL.

Each question is asked a few hundred times in every way whose answers must not differ, in random
order, and a permutation test says how often chance alone would bring the medians this far apart.
A p near 0 is a leak. What is compared is only what has the same answer:

* a refusal because of a hidden contact, by e-mail or by phone, whoever holds it and however;
* an address that is foreign, absent, deleted or merged away;
* a search for what only hidden contacts have, and for what nobody has.

An unused address is saved and a visible one opens the merge prompt: their answers differ anyway.
SAMPLES sets how often each way is asked, CONTACTS how many hidden contacts there are.
"""

import os
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from contacts.access import Role
from contacts.deleting import delete_contact
from contacts.models import Contact, HiddenHit, Identifier, PublicId, User, new_public_id
from contacts.probing import LIMIT
from contacts.search import derive
from contacts.services import update_contact
from tests.factories import NEW_ADDRESS, by, make_contact, make_team, make_user, merge

SAMPLES = int(os.environ.get("SAMPLES", "300"))
CONTACTS = int(os.environ.get("CONTACTS", "20000"))
PERMUTATIONS = 2000
#: Below this the difference is taken for real, and the test fails. A busy machine widens the
#: distributions and the gap between two medians, but all in the same way, so not the p.
CERTAIN = 0.0005
WARM_UP = 20

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="times PostgreSQL's work"),
]
Ask = Callable[[], Any]


@pytest.fixture
def member(db: None) -> User:
    return make_user(Role.MEMBER, first_name="Mia")


@pytest.fixture
def owner(db: None) -> User:
    """The colleague whose contacts are hidden."""
    return make_user(Role.MEMBER, first_name="Sten")


@pytest.fixture
def client(member: User) -> Client:
    return signed_in(member)


def signed_in(user: User) -> Client:
    client = Client(headers={"host": "localhost", "HX-Request": "true", "HX-Target": "pane"})
    client.force_login(user)
    return client


def compare(what: str, ways: dict[str, Ask], status: int) -> None:
    """Ask in every way, print the medians, and fail where two of them certainly differ."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    order = [name for name in ways for _ in range(SAMPLES + WARM_UP)]
    random.shuffle(order)
    for name in order:
        HiddenHit.objects.all().delete()  # what is measured is not the limit
        start = time.perf_counter()
        answer = ways[name]()
        times[name].append(time.perf_counter() - start)
        assert answer.status_code == status, (name, answer.status_code)
    first, *others = ways
    kept = {name: values[WARM_UP:] for name, values in times.items()}
    print(f"\n{what}, {SAMPLES} each")
    print(f"  {first:<34} {median_ms(kept[first])}")
    for name in others:
        gap, p = permutation_test(kept[first], kept[name])
        print(f"  {name:<34} {median_ms(kept[name])}   gap {gap * 1e6:+7.0f} µs   p {p:.3f}")
        assert p > CERTAIN, f"{what}: {first} against {name}"


def median_ms(values: list[float]) -> str:
    return f"median {statistics.median(values) * 1000:7.3f} ms"


def permutation_test(one: list[float], other: list[float]) -> tuple[float, float]:
    """How far the medians are apart, and how often shuffled samples are at least as far."""
    gap = statistics.median(other) - statistics.median(one)
    both, chance = [*one, *other], random.Random(1)
    further = 0
    for _ in range(PERMUTATIONS):
        chance.shuffle(both)
        drawn = statistics.median(both[len(one) :]) - statistics.median(both[: len(one)])
        further += abs(drawn) >= abs(gap)
    return gap, (further + 1) / (PERMUTATIONS + 1)


def test_the_permutation_test_sees_a_difference_and_none() -> None:
    chance = random.Random(2)
    one, other = ([chance.gauss(5, 1) for _ in range(300)] for _ in range(2))
    assert permutation_test(one, other)[1] > 0.01
    assert permutation_test(one, [value + 0.5 for value in other])[1] < 0.001


def test_a_refused_save_takes_the_same_time_whoever_holds_what(
    client: Client, member: User, owner: User
) -> None:
    mine = make_contact(member, first_name="Ada", email="mine@example.com")
    email, phone = "held@example.com", "+12025550101"
    make_contact(owner, first_name="By e-mail", email=email)
    make_contact(owner, first_name="By phone", mobile_phone=phone)
    former = make_contact(owner, first_name="Formerly", email="former@example.com")
    update_contact(contact_id=former.pk, actor=by(), values={"email": ""})
    busy = make_contact(owner, first_name="Busy", email="busy@example.com")
    for n in range(200):
        update_contact(contact_id=busy.pk, actor=by(), values={"city": f"City {n}"})
    form = {"first_name": "Ada", "owner": str(member.pk), "version": str(mine.version)}
    numbers = iter(range(10**6))

    def save(email: str, phone: str) -> Ask:
        def ask() -> Any:
            typed = {"email": email, "mobile_phone": phone, "company": f"C{next(numbers)}"}
            return client.post(f"/contacts/{mine.public_id}/edit/", {**form, **typed})

        return ask

    free, unused = "+12025550199", "free@example.com"
    compare(
        "Cannot Save Contact, an email and a phone typed",
        {
            "the email is a hidden contact's": save(email, free),
            "the phone is": save(unused, phone),
            "both are": save(email, phone),
            "the email is a former one": save("former@example.com", free),
            "its contact has a long history": save("busy@example.com", free),
        },
        status=403,
    )


def test_over_the_limit_every_address_takes_the_same_time(
    client: Client, member: User, owner: User
) -> None:
    make_contact(owner, email="held@example.com")

    def save(email: str) -> Ask:
        def ask() -> Any:
            HiddenHit.objects.bulk_create([HiddenHit(user=member) for _ in range(LIMIT)])
            start = {"first_name": "A", "owner": str(member.pk), "email": email}
            return client.post("/contacts/new/", start)

        return ask

    compare(
        "Too many saves",
        {"held by a hidden contact": save("held@example.com"), "unused": save("free@example.com")},
        status=429,
    )


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MANAGER])
def test_an_id_takes_the_same_time_whether_it_is_foreign_or_was_never_given_out(
    owner: User, role: Role
) -> None:
    asker = make_user(role)
    make_team(manager=asker, members=[make_user()])
    fill(owner, 500)
    foreign = make_contact(owner, first_name="Foreign")
    merged = make_contact(owner).public_id
    merge(Contact.objects.get(public_id=merged), make_contact(owner, email=NEW_ADDRESS))
    deleted = delete_contact(contact_id=make_contact(owner).pk, actor=by())
    client = signed_in(asker)

    def get(public_id: str) -> Ask:
        return lambda: client.get(f"/contacts/{public_id}/")

    compare(
        f"404 for a {role.value.lower()}",
        {
            "never given out": lambda: client.get(f"/contacts/{new_public_id()}/"),
            "foreign": get(foreign.public_id),
            "merged into a foreign one": get(merged),
            "deleted": get(deleted),
        },
        status=404,
    )


def test_a_search_takes_the_same_time_whether_hidden_contacts_match_or_none(
    client: Client, member: User, owner: User
) -> None:
    fill(member, CONTACTS // 10, "mine")  # enough that the index over all would be worth it
    fill(owner, CONTACTS)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_contact")

    def search(text: str) -> Ask:
        return lambda: client.get("/contacts/", {"q": text}, headers={"HX-Target": "results"})

    compare(
        f"Search among {CONTACTS:,} hidden contacts",
        {
            "nobody has it": search("hidden99999@hidden.example"),
            "one hidden contact has it": search("hidden00123@hidden.example"),
            "a thousand have it": search("hidden01"),
        },
        status=200,
    )


def fill(owner: User, size: int, word: str = "hidden") -> None:
    """Contacts of `owner`, in bulk, with `word` and a number in their addresses."""
    made = [
        Contact(
            public_id=new_public_id(),
            owner=owner,
            first_name=f"Person {n}",
            email=f"{word}{n:05}@{word}.example",
        )
        for n in range(size)
    ]
    for contact in made:
        derive(contact)
    PublicId.objects.bulk_create([PublicId(value=c.public_id) for c in made], batch_size=2000)
    Contact.objects.bulk_create(made, batch_size=2000)
    Identifier.objects.bulk_create(
        [Identifier(kind="email", key=c.email, value=c.email, contact=c) for c in made],
        batch_size=2000,
    )
