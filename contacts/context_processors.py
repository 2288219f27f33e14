"""What every page of the app needs: the account, the navigation, what this person may do."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from contacts.access import may_delete, may_import
from contacts.lists import first_lists
from contacts.models import Account
from contacts.navigation import entries_for


def shell(request: HttpRequest) -> dict[str, Any]:
    """Nothing for the admin's pages, which have their own shell, nor for anonymous ones."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.path.startswith("/admin/"):
        return {}
    account = getattr(request, "account", None) or Account.load()
    entries = entries_for(user)
    return {
        "account": account,
        "navigation": entries,
        # For whole pages only: parts have no navigation.
        "navigation_counts": SimpleLazyObject(
            lambda: {entry.url_name: entry.count(user) for entry in entries if entry.count}
        ),
        "first_lists": SimpleLazyObject(lambda: first_lists(user)),  # for templates that show them
        "in_settings": request.path.startswith("/settings/"),
        "here": next((entry for entry in entries if request.path.startswith(entry.url)), None),
        "may_import": may_import(user),
        "may_delete": may_delete(user, account),
        "theme": user.theme,
        "single_keys_off": not user.single_keys,
    }
