"""Rate limits: of the account a second, of an address in five minutes. 0 is no limit.

Counted in the database, so that every web process counts together. One statement a request; where
there are no limits, as in the embedded default, none.
"""

import time

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from contacts.api.errors import RATE_LIMIT, ApiError
from contacts.people.addresses import client_address

ADDRESS_SECONDS = 300
_COUNT = """
    INSERT INTO contacts_apicount (asker, "window", count) VALUES (%s, %s, 1)
    ON CONFLICT (asker, "window") DO UPDATE SET count = contacts_apicount.count + 1
    RETURNING count
"""


def count_address(request: HttpRequest) -> None:
    """Before the key is looked at, so that guessing keys is limited too. Raises ApiError."""
    if settings.API_PER_ADDRESS:
        who = salted_hmac("contacts.api.limits", client_address(request), algorithm="sha256")
        _count(f"address {who.hexdigest()[:32]}", settings.API_PER_ADDRESS, ADDRESS_SECONDS)


def count_account() -> None:
    """Every key counts towards the one account. Raises ApiError."""
    if settings.API_PER_SECOND:
        _count("account", settings.API_PER_SECOND, 1)


def _count(asker: str, limit: int, seconds: int) -> None:
    now = int(time.time())
    window = now - now % seconds
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [asker, window])
        if cursor.fetchone()[0] <= limit:
            return
    raise ApiError(
        429, "Request rate limit exceeded", kind=RATE_LIMIT, retry_after=window + seconds - now
    )
