"""Short ways to make what tests need, through the same services as the product."""

import itertools
from typing import Any

from django.contrib.auth.models import Group

from contacts.access import Role
from contacts.fields import Field, current_value, field_of, live_fields
from contacts.merging.merge import merge_contacts, plan_merge
from contacts.models import Contact, Property, Source, Team, User
from contacts.services import create_contact
from contacts.signals import Actor

_numbers = itertools.count(1)
PASSWORD = "kith-demo"
NEW_ADDRESS = "a.lovelace@example.org"


def make_user(role: Role = Role.MEMBER, **fields: Any) -> User:
    """A colleague with a role; the e-mail is invented when none is given."""
    fields.setdefault("email", f"user{next(_numbers)}@example.com")
    fields.setdefault("is_staff", role.administers)
    user = User.objects.create_user(password=PASSWORD, **fields)
    user.groups.add(Group.objects.get(name=role.value))
    return user


def make_property(label: str, kind: str = "text", *options: str) -> Field:
    """A custom property, as the field it is."""
    name = label.lower().replace(" ", "_")
    return field_of(
        Property.objects.create(name=name, label=label, kind=kind, options=list(options))
    )


def make_team(*, manager: User, members: list[User]) -> Team:
    team = Team.objects.create(name=f"Team {next(_numbers)}")
    team.managers.add(manager)
    team.members.add(*members)
    return team


def by(user: User | None = None) -> Actor:
    return Actor(user=user, source=Source.PERSON)


def make_contact(owner: User, **values: Any) -> Contact:
    """A contact owned by `owner`, made by the service (history and identifiers included)."""
    times = {k: values.pop(k) for k in ("creation_time", "last_interacted_time") if k in values}
    values.setdefault("first_name", "Ada")
    return create_contact(actor=by(owner), values={"owner": owner.pk, **values}, **times)


def typed(contact: Contact, **values: Any) -> dict[str, Any]:
    """A whole form as a person leaves it: the contact's values, some of them changed."""
    fields = {field.name: current_value(contact, field) for field in live_fields()}
    return {**fields, **values}


def merge(edited: Contact, holder: Contact, choices: dict[str, str] | None = None) -> Contact:
    """Give `edited` the address of `holder` and confirm the prompt."""
    values = typed(edited, email=NEW_ADDRESS, status="Disqualified")
    plan = plan_merge(holders={"email": holder}, edited=edited, values=values, choices=choices)
    return merge_contacts(plan=plan, values=values, actor=by(edited.owner))
