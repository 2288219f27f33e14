"""What holds whoever changes people: who may, and that an Account Owner remains."""

from django.contrib.auth.models import Group
from django.db.models import Q

from contacts.access import Role, assignable_roles, may_manage, owners_condition
from contacts.models import Account, User
from contacts.signals import Actor


class PersonGone(Exception):
    """Nobody has this id (any more)."""


class NotAllowed(Exception):
    """The role of who asks does not include this; nothing was changed."""


class LastOwner(Exception):
    """It would leave the account without an active Account Owner; nothing was changed."""


class OwnAccess(Exception):
    """It is about the actor's own access, which is not changed on this way."""


class EmailTaken(Exception):
    """Another person has this e-mail."""

    def __init__(self, person: User | None) -> None:
        super().__init__("email taken")
        self.person = person


def administrators() -> list[User]:
    """Who administers the account now: whom it tells of what is nobody's in particular."""
    roles = [role.value for role in Role if role.administers]
    named = Q(groups__name__in=roles) | owners_condition()
    return list(User.objects.filter(named, is_active=True).distinct().order_by("pk"))


def lock_person(person_id: int, actor: Actor) -> User:
    """The person, for a change by `actor`. Raises PersonGone, NotAllowed.

    One change of people at a time: "is another owner left" is a question about several rows.
    """
    lock_people(actor)
    person = User.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise PersonGone
    if actor.user is not None and not may_manage(_fresh(actor.user), person):
        raise NotAllowed
    return person


def lock_people(actor: Actor) -> None:
    """Wait for other changes of people. Raises NotAllowed for who does not administer (any more)."""
    Account.load()
    Account.objects.select_for_update().get(pk=1)
    if actor.user is not None and not assignable_roles(_fresh(actor.user)):
        raise NotAllowed


def give_role(person: User, role: Role, actor: Actor) -> None:
    """Make it the person's only role; what it opens in Django's admin follows. Raises NotAllowed."""
    if actor.user is not None and role not in assignable_roles(_fresh(actor.user)):
        raise NotAllowed
    names = [each.value for each in Role]
    person.groups.remove(*Group.objects.filter(name__in=names).exclude(name=role.value))
    person.groups.add(Group.objects.get(name=role.value))
    person.is_staff = role.administers
    person.is_superuser = person.is_superuser and role is Role.OWNER
    person.save(update_fields=["is_staff", "is_superuser"])
    person.__dict__.pop("role", None)


def require_another_owner(person: User) -> None:
    """Raises LastOwner when nobody else is an active Account Owner."""
    others = User.objects.filter(owners_condition(), is_active=True).exclude(pk=person.pk)
    if person.is_active and person.role is Role.OWNER and not others.exists():
        raise LastOwner


def _fresh(user: User) -> User:
    """The user as they are now: the role may have been taken since the request began."""
    return User.objects.get(pk=user.pk)
