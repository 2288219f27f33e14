"""The sample account of the demo: five colleagues, two teams, two thousand contacts.

The same every time (dates count back from today), and made in bulk.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from contacts import history
from contacts.access import Role
from contacts.conflicts import ask, file_request
from contacts.fields import current_value, forget_fields, is_blank, live_fields
from contacts.models import (
    Account,
    Contact,
    FieldChange,
    Identifier,
    PossibleDuplicate,
    PublicId,
    Source,
    Team,
    User,
)
from contacts.models.contact import BASE36
from contacts.property_keys import write_property_keys
from contacts.sample import names
from contacts.sample.imported import NEW, import_a_file
from contacts.sample.properties import fill_properties, make_properties
from contacts.search import derive
from contacts.services import identifier_key, update_contact
from contacts.signals import Actor

CONTACTS = 2000  # those of the imported file included
PASSWORD = "kith-demo"
PEOPLE = (
    ("owner@example.com", "Hanna", "Lindqvist", Role.OWNER),
    ("admin@example.com", "Aiko", "Tanaka", Role.ADMINISTRATOR),
    ("manager@example.com", "Sofia", "Marchetti", Role.MANAGER),
    ("member1@example.com", "Daniel", "Okafor", Role.MEMBER),
    ("member2@example.com", "Tom", "Reyes", Role.MEMBER),
)
SIGN_INS = [(email, role.value) for email, _, _, role in PEOPLE]
STATUSES = ("", "", "", "Qualified", "Marketing qualified", "Sales qualified", "Disqualified")


#: What later apps add to the sample account, registered from `AppConfig.ready`.
_additions: list[Callable[[], None]] = []


def add_to_sample(addition: Callable[[], None]) -> None:
    _additions.append(addition)


@transaction.atomic
def load_sample_account() -> None:
    """Fill an empty database. Raises ValueError when there is anything in it already."""
    if User.objects.exists() or Contact.objects.exists():
        raise ValueError("The sample account is only loaded into an empty database.")
    chance = random.Random(20)
    account = Account.load()
    account.name, account.default_region = "Fernhill Advisory", "US"
    account.save()
    make_properties()
    forget_fields()  # a bulk insert tells nobody
    people = _people()
    contacts = list(_contacts(chance, people, timezone.now()))
    PublicId.objects.bulk_create([PublicId(value=c.public_id) for c in contacts])
    Contact.objects.bulk_create(contacts, batch_size=500)
    Identifier.objects.bulk_create(list(_identifiers(contacts)), batch_size=500)
    write_property_keys(contact for contact in contacts if contact.custom)
    FieldChange.objects.bulk_create(list(_history(contacts)), batch_size=1000)
    _lived_in(contacts, people)
    import_a_file(chance, contacts, people[1])
    for addition in _additions:
        addition()


def _people() -> list[User]:
    password = make_password(PASSWORD)
    people = []
    for email, first, last, role in PEOPLE:
        user = User.objects.create(
            email=email, first_name=first, last_name=last, password=password,
            is_staff=role.administers,
        )  # fmt: skip
        user.groups.add(Group.objects.get(name=role.value))
        people.append(user)
    owner, _, manager, first_member, second_member = people
    tax = Team.objects.create(name="Tax advisory")
    tax.managers.add(manager)
    tax.members.add(manager, first_member)
    books = Team.objects.create(name="Bookkeeping")
    books.managers.add(owner)
    books.members.add(second_member)
    return people


def _contacts(chance: random.Random, people: list[User], now: datetime) -> Iterator[Contact]:
    numbers = _phone_numbers()
    seen: set[str] = set()
    for place in names.PLACES:
        for _ in range((CONTACTS - NEW) * place.share // 100):
            yield _contact(chance, place, people, now, numbers, seen)


def _contact(
    chance: random.Random,
    place: names.Place,
    people: list[User],
    now: datetime,
    numbers: dict[str, Iterator[str]],
    seen: set[str],
) -> Contact:
    first, last = chance.choice(place.first.split()), chance.choice(place.last.split())
    company = f"{chance.choice(names.COMPANY_FIRST)} {chance.choice(names.COMPANY_LAST)}"
    city, zone = chance.choice(place.cities)
    created = now - timedelta(days=chance.random() ** 2 * 720, minutes=chance.randrange(1440))
    met = created + (now - created) * chance.random() ** 0.4
    weights = (10, 15, 25, 25, 25)
    contact = Contact(
        public_id="CTC-" + "".join(chance.choice(BASE36) for _ in range(12)),
        first_name=first,
        last_name=last,
        email=_email(chance, first, last, company, seen) if chance.random() < 0.95 else "",
        mobile_phone=next(numbers[place.country], "") if chance.random() < 0.7 else "",
        company=company if chance.random() < 0.9 else "",
        job_title=chance.choice(names.JOBS) if chance.random() < 0.7 else "",
        company_size=chance.choice(names.SIZES) if chance.random() < 0.4 else "",
        city=city,
        country=place.country,
        post_code=_postal(chance, place.postal),
        timezone=zone,
        status=chance.choice(STATUSES),
        owner=chance.choices(people, weights)[0],
        has_consent=chance.random() < 0.3,
        creation_time=created,
        last_updated_time=created,
        last_interacted_time=met if chance.random() < 0.85 else None,
    )
    fill_properties(contact, chance, now.date())
    derive(contact)
    return contact


def _email(chance: random.Random, first: str, last: str, company: str, seen: set[str]) -> str:
    domain = _plain(company).replace(" ", "")
    style = chance.choice(("{f}.{l}", "{f}", "{i}{l}", "{f}{l}"))
    local = style.format(f=_plain(first), l=_plain(last), i=_plain(first)[0])
    for number in ("", *range(2, 1000)):
        email = f"{local}{number}@{domain}.example"
        if email not in seen:
            seen.add(email)
            return email
    raise AssertionError("more contacts than addresses")


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return re.sub(r"[^a-z ]", "", decomposed)


def _postal(chance: random.Random, pattern: str) -> str:
    letters = "ABCDEFGHJKLMNPRSTUWXYZ"
    return "".join(
        chance.choice("0123456789") if c == "#" else chance.choice(letters) if c == "@" else c
        for c in pattern
    )


def _phone_numbers() -> dict[str, Iterator[str]]:
    """Numbers that ring nowhere, each once, in an order that looks like none."""
    mixed = [n * 37 % 100 for n in range(100)]
    return {
        "United States": (f"+1{area}55501{n:02}" for n in mixed for area in names.US_AREAS),
        "United Kingdom": (f"+447700900{n * 37 % 1000:03}" for n in range(1000)),
        "France": (f"+3363998{n * 37 % 10000:04}" for n in range(10000)),
        "Australia": (f"+61491570{n * 37 % 1000:03}" for n in range(1000)),
        "Germany": iter(()),
    }


def _identifiers(contacts: list[Contact]) -> Iterator[Identifier]:
    for contact in contacts:
        for kind in ("email", "mobile_phone"):
            value = getattr(contact, kind)
            if value:
                key = identifier_key(kind, value)
                yield Identifier(
                    kind=kind, key=key, value=value, contact=contact, since=contact.creation_time
                )


def _history(contacts: list[Contact]) -> Iterator[FieldChange]:
    for contact in contacts:
        values = {field.name: current_value(contact, field) for field in live_fields()}
        changes = {name: (None, value) for name, value in values.items() if not is_blank(value)}
        actor = Actor(contact.owner, Source.PERSON)
        yield from history.field_changes(contact, changes, actor)


def _lived_in(contacts: list[Contact], people: list[User]) -> None:
    """A few edited contacts, one with a former address, a suspicion, and a request."""
    latest = sorted(contacts, key=lambda c: c.last_interacted_time or c.creation_time)[-6:]
    by = Actor(people[2], Source.PERSON)
    for number, contact in enumerate(latest):
        update_contact(contact_id=contact.pk, actor=by, values={"job_title": "Managing Partner"})
        if number % 2 and contact.email:
            local, _, domain = contact.email.partition("@")
            new = {"email": f"{local}.new@{domain}"}
            update_contact(contact_id=contact.pk, actor=Actor(people[3]), values=new)
    first, second = sorted(latest[:2], key=lambda c: c.pk)
    PossibleDuplicate.objects.create(
        first=first, second=second, reason="One imported row named both of them"
    )
    author, colleague = people[3], people[4]
    edited = next(c for c in contacts if c.owner_id == author.pk)
    holder = next(c for c in contacts if c.owner_id == colleague.pk and c.email)
    typed = {"email": holder.email, "job_title": "Head of Finance"}
    ask(file_request(user=author, contact=edited, typed=typed, holders=[holder.pk]))
