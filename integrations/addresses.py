"""Where an address that somebody typed in may lead: to public hosts, by https, and nowhere else.

It is looked at twice: as a text when it is saved, and as the IP address of the connection each time
something is sent, which is then made to exactly that one. A name that leads somewhere else a moment
later leads nowhere.
"""

import ipaddress
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from django.conf import settings

from integrations.http import InvalidUrl, Url

MAX_LENGTH = 2000
NOT_PUBLIC = "it does not lead to a public address"
#: What `is_global` takes for public and is not, or is nobody's to call.
REFUSED = [
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
                 "224.0.0.0/3", "64:ff9b:1::/48", "fec0::/10", "ff00::/8", "5f00::/16")
]  # fmt: skip
NAT64 = ipaddress.ip_network("64:ff9b::/96")
COMPATIBLE = ipaddress.ip_network("::/96")
PRIVATE_ENDINGS = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa")


class Refused(ValueError):
    """The address may not be used; the message says why, and nothing about what is there."""


@dataclass(frozen=True)
class Place:
    """Host and port of an address that may be used."""

    host: str
    port: int
    loopback: bool = False
    within: tuple[IPv4Network | IPv6Network, ...] = ()  # networks of one's own that are allowed


def check_url(text: str) -> Place:
    """Look at the address itself; no name is looked up. Raises Refused."""
    return _checked(text, ())


def check_server(text: str) -> Place:
    """The same of a server that may stand in a network of one's own (EXCHANGE_NETWORKS)."""
    return _checked(text, settings.EXCHANGE_NETWORKS)


def _checked(text: str, within: tuple[IPv4Network | IPv6Network, ...]) -> Place:
    url = _parsed(text)
    host, port = url.raw_host.decode().rstrip(".").lower(), url.port
    numeric = _numeric(host)
    if settings.WEBHOOKS_TO_LOOPBACK and (
        host == "localhost" or (numeric is not None and numeric.is_loopback)
    ):
        return Place(host, port or (443 if url.scheme == "https" else 80), loopback=True)
    if url.scheme != "https":
        raise Refused("it must begin with https://")
    if port not in {None, 443}:
        raise Refused("only port 443 is used")
    if numeric is not None and not _is_allowed(numeric, within):
        raise Refused(NOT_PUBLIC)
    if numeric is None and not within and ("." not in host or host.endswith(PRIVATE_ENDINGS)):
        raise Refused(NOT_PUBLIC)
    return Place(host, 443, within=within)


def _parsed(text: str) -> Url:
    if len(text) > MAX_LENGTH:
        raise Refused(f"it has more than {MAX_LENGTH:,} characters")
    if any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in text):
        raise Refused("it has blanks or other characters that no address has")
    try:
        url = Url(text)
        _ = url.raw_host.decode("ascii"), url.port
    except (InvalidUrl, ValueError, UnicodeError):
        raise Refused("it is not an address") from None
    if url.scheme not in {"http", "https"}:
        raise Refused("it must begin with https://")
    if not url.raw_host or len(url.raw_host) > 253:
        raise Refused("it is not an address")
    if any(len(part) > 63 for part in url.raw_host.split(b".")):
        raise Refused("it is not an address")
    if url.userinfo or url.fragment or "@" in url.netloc.decode("ascii", "replace"):
        raise Refused("it may hold neither a name with a password nor a #")
    return url


def resolve(place: Place) -> str:
    """The IP address to connect to. Raises Refused where any of the name's is not public."""
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused(NOT_PUBLIC) from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    allowed = all(
        address.is_loopback if place.loopback else _is_allowed(address, place.within)
        for address in addresses
    )
    if not addresses or not allowed:
        raise Refused(NOT_PUBLIC)
    return str(addresses[0])


def _is_allowed(
    address: IPv4Address | IPv6Address, within: tuple[IPv4Network | IPv6Network, ...]
) -> bool:
    inner = _unwrapped(address)
    own = any(inner in network for network in within if network.version == inner.version)
    return own or is_public(address)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether anybody on the internet could reach it, whatever it is wrapped in."""
    inner = _unwrapped(address)
    if any(inner in network for network in REFUSED if network.version == inner.version):
        return False
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or inner.is_loopback)


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for: mapped, compatible, 6to4, NAT64, Teredo."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in NAT64 or (address in COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _numeric(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that the text is, in whatever notation the system understands."""
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except (OSError, UnicodeError):
        return None
    return ipaddress.ip_address(str(found[0][4][0]).partition("%")[0])
