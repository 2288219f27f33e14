"""From which address a request comes, as far as that can be trusted."""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

_WITH_PORT = re.compile(r"^(?:(\d+\.\d+\.\d+\.\d+):\d+|\[([^\]]+)\](?::\d+)?)$")


def client_address(request: HttpRequest) -> str:
    """The client's IPv4 address or IPv6 network; "unknown" on a unix socket.

    Behind a proxy it is the last hop of X-Forwarded-For, which the proxy itself has written; what
    stands before it is what the client claims. An IPv6 client has a whole /64 to choose from.
    """
    hop = ""
    if settings.BEHIND_PROXY:
        hop = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    return _counted(hop) or _counted(request.META.get("REMOTE_ADDR", "")) or "unknown"


def _counted(text: str) -> str:
    match = _WITH_PORT.match(text)
    try:
        address = ipaddress.ip_address((match[1] or match[2]) if match else text)
    except ValueError:
        return ""
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.version == 6:
        return str(ipaddress.ip_network((address.packed, 64), strict=False))
    return str(address)
