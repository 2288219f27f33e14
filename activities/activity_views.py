"""What stands beside meetings on the Activities page: one view for each other kind of activity.

Each has an address of its own; `activities.registered` fills this in.
"""

from dataclasses import dataclass

from django.urls import reverse


@dataclass(frozen=True)
class ActivityView:
    """One tab. Orders: chats 20, forms 30; meetings come first."""

    label: str
    url_name: str
    order: int

    @property
    def url(self) -> str:
        return reverse(self.url_name)


_views: list[ActivityView] = []


def register(view: ActivityView) -> None:
    _views.append(view)
    _views.sort(key=lambda known: known.order)


def activity_views() -> list[ActivityView]:
    return list(_views)
