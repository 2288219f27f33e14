"""In whose time a day begins."""

import zoneinfo

from contacts.models import Account, User


def zone_of(user: User, account: Account) -> zoneinfo.ZoneInfo | None:
    """The person's own zone, else the account's; None, the server's, for one that does not exist."""
    try:
        return zoneinfo.ZoneInfo(user.time_zone or account.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
