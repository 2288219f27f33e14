"""In which networks of one's own an Exchange Server may stand, beside the internet."""

import ipaddress
from ipaddress import IPv4Network, IPv6Network

from django.core.exceptions import ImproperlyConfigured

from config.env import env_text

#: A server of ours or of the machine's host answers there, never Exchange.
NEVER = [ipaddress.ip_network(text) for text in ("127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/8", "::1/128", "fe80::/10")]  # fmt: skip


def exchange_networks() -> tuple[IPv4Network | IPv6Network, ...]:
    """Raises ImproperlyConfigured."""
    found = []
    for text in env_text("EXCHANGE_NETWORKS").replace(",", " ").split():
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            raise ImproperlyConfigured(
                f"EXCHANGE_NETWORKS holds {text!r}. Use networks like 10.1.0.0/16, with commas."
            ) from None
        if any(network.version == each.version and network.overlaps(each) for each in NEVER):
            raise ImproperlyConfigured(
                f"EXCHANGE_NETWORKS holds {text}, which has addresses of this machine itself."
            )
        found.append(network)
    return tuple(found)
