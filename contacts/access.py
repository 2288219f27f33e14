"""Who may see and do what (product, section 1). Visibility itself is `Contact.objects.visible_to`."""

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


def ensure_roles() -> None:
    """Make the four groups, once. Called after every migrate, so a new database has them.

    Owners and administrators hold every permission of this app: that is what opens Django's admin
    to them. What a person sees on the pages does not depend on permissions but on the role.
    """
    from django.contrib.auth.models import Group, Permission

    every = list(Permission.objects.filter(content_type__app_label="contacts"))
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
        members = user.managed_teams.values("members")
        return Q(owner=user) | Q(owner__in=members)
    return Q(owner=user)


def may_import(user: "User") -> bool:
    """Imports, erasing and administration belong to owners and administrators."""
    return user.is_active and user.role.administers


def may_delete(user: "User", account: "Account") -> bool:
    """Whether Delete is offered at all; which contacts it reaches is `visible_to`."""
    return user.is_active and (user.role.administers or account.members_may_delete)


def assignable_owners(user: "User") -> Q:
    """Which users `user` may make the owner of a contact: those whose contacts they see."""
    if user.role.administers:
        return Q(is_active=True)
    if user.role is Role.MANAGER:
        return Q(is_active=True) & (Q(pk=user.pk) | Q(teams__managers=user))
    return Q(pk=user.pk)
