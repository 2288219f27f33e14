"""The meetings that a host who is deactivated leaves behind, for the page that asks first."""

from django.urls import reverse

from activities.models import Meeting
from contacts.models import User
from contacts.people.leaving import LeftBehind


def meetings_left(host: User) -> LeftBehind | None:
    """Those ahead, with where they can be given to a colleague or canceled."""
    ahead = Meeting.objects.filter(host=host).upcoming().count()
    if not ahead:
        return None
    one = ahead == 1
    return LeftBehind(
        f"{ahead:,} upcoming meeting{'' if one else 's'}",
        f"{reverse('activity_list')}?host={host.pk}",
        f" {'stays' if one else 'stay'} with them: give {'it' if one else 'each'} to a colleague, "
        "or cancel it. Guests can no longer choose another time.",
    )
