"""What every page of the app needs: the account, the navigation, what this person may do."""

from typing import Any

from django.http import HttpRequest

from contacts.access import may_delete, may_import
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
        "here": next((entry for entry in entries if request.path.startswith(entry.url)), None),
        "may_import": may_import(user),
        "may_delete": may_delete(user, account),
        "theme": user.theme,
    }
