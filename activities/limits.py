"""Limits of the public pages, counted in the database so that every web process counts together."""

import ipaddress
import time
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from activities.models import RateCount

KEPT = timedelta(days=1)
SALT = "activities.limits"


class TooMany(Exception):
    """The limit is used up; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many requests")
        self.retry_after = retry_after


def count(what: str, who: str, *, limit: int, seconds: int) -> None:
    """Count one use of `what` by `who`, and raise TooMany beyond `limit` in a window of `seconds`.

    A limit of 0 is none. Counted outside the transaction of what it guards: a refused attempt counts.
    """
    if not limit:
        return
    now = int(time.time())
    window = now - now % seconds
    key = f"{what}:{who}"
    row = RateCount.objects.filter(key=key, window=window)
    if not row.update(count=F("count") + 1):
        try:
            with transaction.atomic():
                RateCount.objects.create(key=key, window=window, count=1)
        except IntegrityError:  # somebody else's was the first
            row.update(count=F("count") + 1)
    if row.values_list("count", flat=True).get() > limit:
        raise TooMany(window + seconds - now)


def sender_of(request: HttpRequest) -> str:
    """Who is asking, as a keyed digest: one IPv4 address, or the /64 that one IPv6 user has."""
    return salted_hmac(SALT, _network(client_address(request)), algorithm="sha256").hexdigest()[:32]


def client_address(request: HttpRequest) -> str:
    """The address that the request came from.

    Behind a proxy that is the last one it wrote down itself; what stands before it came with the
    request and may be made up.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_PROXY:
        forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
        address = forwarded.rpartition(",")[2].strip() or address
    return address


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address  # a unix socket has none
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


def forget_old() -> None:
    """Remove the counts of yesterday."""
    RateCount.objects.filter(window__lt=int(time.time() - KEPT.total_seconds())).delete()
