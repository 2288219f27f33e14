"""Who may see and do what (product, section 1). Visibility itself is `Contact.objects.visible_to`."""

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from contacts.models import Account, User


class Role(Enum):
    """A role is the Django group of the same name, highest first."""

    OWNER = "Account Owner"
    ADMINISTRATOR = "Administrator"
    MANAGER = "Team Manager"
    MEMBER = "Member"

    @property
    def administers(self) -> bool:
        return self in {Role.OWNER, Role.ADMINISTRATOR}


def ensure_roles(app: str = "contacts") -> None:
    """Make the four groups, once. Called after every migrate, so a new database has them.

    Owners and administrators hold every permission of `app`: that is what opens Django's admin to
    them. What a person sees on the pages does not depend on permissions but on the role.
    """
    from django.contrib.auth.models import Group, Permission

    every = list(Permission.objects.filter(content_type__app_label=app))
    for role in Role:
        group, _ = Group.objects.get_or_create(name=role.value)
        if role.administers:
            group.permissions.add(*every)


def visible_condition(user: "User") -> Q | None:
    """The condition on a contact's owner under which `user` sees it; None means every contact.

    A deactivated user sees nothing. A team manager sees what the members of the managed teams own.
    """
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    if user.role.administers:
        return None
    if user.role is Role.MANAGER:
        return Q(owner__in=user.seen_owners)
    return Q(owner=user)


def sees_owners(user: "User", owners: Iterable[int]) -> bool:
    """Whether `user` sees the contacts of all these owners (by id): what `visible_condition` says,
    for a record that is not there at the moment."""
    if not user.is_active:
        return False
    if user.role.administers:
        return True
    seen = {user.pk}
    if user.role is Role.MANAGER:
        seen |= set(user.managed_teams.values_list("members", flat=True))
    return set(owners) <= seen


def may_administer(user: "User") -> bool:
    """Settings of the account, people, erasing and imports belong to owners and administrators."""
    return user.is_active and user.role.administers


may_import = may_administer


def may_manage(user: "User", person: "User") -> bool:
    """Whether `user` may change `person`: an Account Owner is changed by Account Owners only."""
    return may_administer(user) and (person.role is not Role.OWNER or user.role is Role.OWNER)


def assignable_roles(user: "User") -> list[Role]:
    """The roles that `user` may give to somebody; only Account Owners make Account Owners."""
    if not may_administer(user):
        return []
    return [role for role in Role if role is not Role.OWNER or user.role is Role.OWNER]


def owners_condition() -> Q:
    """Which users are Account Owners."""
    return Q(groups__name=Role.OWNER.value) | Q(is_superuser=True)


def may_delete(user: "User", account: "Account") -> bool:
    """Whether Delete is offered at all; which contacts it reaches is `visible_to`."""
    return user.is_active and (user.role.administers or account.members_may_delete)


def may_assign(user: "User") -> bool:
    """Whether there is anybody else whom `user` may make an owner; a member has only oneself."""
    return user.is_active and user.role is not Role.MEMBER


def assignable_owners(user: "User") -> Q:
    """Which users `user` may make the owner of a contact: those whose contacts they see."""
    if user.role.administers:
        return Q(is_active=True)
    if user.role is Role.MANAGER:
        return Q(is_active=True) & (Q(pk=user.pk) | Q(teams__managers=user))
    return Q(pk=user.pk)


def former_owners(user: "User") -> Q:
    """To whom `user` may give a contact back in an undo: as above, deactivated colleagues included.

    What somebody hands over from a colleague who has left, an undo hands back.
    """
    if user.role.administers:
        return Q()
    if user.role is Role.MANAGER:
        return Q(pk=user.pk) | Q(teams__managers=user)
    return Q(pk=user.pk)
