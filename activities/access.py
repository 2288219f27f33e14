"""Who may see a meeting or a submission. Visibility itself is `objects.visible_to`."""

from typing import TYPE_CHECKING

from django.db.models import Q

from contacts.access import Role
from contacts.models import Contact

if TYPE_CHECKING:
    from contacts.models import User


def visible_condition(user: "User") -> Q | None:
    """The condition under which `user` sees a meeting; None means every one.

    As for contacts, by whose it is: the host's, or the owner's of its contact. The contacts are not
    joined, so that a page can still be read along the index of its order.
    """
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    if user.role.administers:
        return None
    contacts = Contact.objects.visible_to(user).order_by().values("pk")
    own = Q(host=user) | Q(contact__in=contacts)
    if user.role is Role.MANAGER:
        own |= Q(host__in=user.seen_owners)
    return own


def submission_condition(user: "User") -> Q | None:
    """The condition under which `user` sees what was sent in through a form; None is every one.

    By who sees its contact. What has no contact, or has lost it, is for administrators.
    """
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    if user.role.administers:
        return None
    return Q(contact__in=Contact.objects.visible_to(user).order_by().values("pk"))
