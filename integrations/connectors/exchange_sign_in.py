"""Where an Exchange Server is, and who signs in there; knows nothing of the extra `exchange`."""

from dataclasses import dataclass, field
from importlib.util import find_spec


@dataclass(frozen=True)
class Mailbox:
    """One mailbox on one server."""

    url: str  # of Exchange.asmx
    sign_in: str  # "basic" or "ntlm"
    address: str  # the mailbox's own
    user_name: str = field(repr=False)
    password: str = field(repr=False)


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("exchangelib") is not None
