"""The pages under Settings; later apps register theirs from `AppConfig.ready`."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from contacts.access import may_administer
from contacts.conflicts import waiting
from contacts.listing import bounded_count
from contacts.models import User
from contacts.navigation import everybody


@dataclass(frozen=True)
class SettingsPage:
    """One tab. `order`: own profile 10, account 20, people 30, teams 40, properties 50, … audit 90.

    `count` says how many things on the page wait for somebody; it stands beside the label.
    """

    label: str
    url_name: str
    order: int
    shown_to: Callable[[User], bool] = may_administer
    count: Callable[[User], int] | None = None

    @property
    def url(self) -> str:
        return reverse(self.url_name)


_pages: list[SettingsPage] = []


def register(page: SettingsPage) -> None:
    _pages.append(page)
    _pages.sort(key=lambda known: known.order)


def pages_for(user: User) -> list[SettingsPage]:
    return [page for page in _pages if page.shown_to(user)]


register(SettingsPage("Profile", "profile", 10, shown_to=everybody))
register(SettingsPage("Your requests", "own_requests", 15, shown_to=everybody))
register(SettingsPage("Account", "account", 20))
register(SettingsPage("People", "people_list", 30))
register(SettingsPage("Teams", "team_list", 40))
register(SettingsPage("Properties", "property_list", 50))
register(SettingsPage("API keys", "api_key_list", 65))
register(SettingsPage("Requests", "request_list", 70, count=lambda _user: bounded_count(waiting())))
register(SettingsPage("Bulk actions and exports", "bulk_start", 75, shown_to=everybody))
register(SettingsPage("Erase personal data", "erase_start", 80))
register(SettingsPage("Audit", "audit_list", 90))
