"""What later apps add to the demo: processes, and the environment that points Kith at them.

They register from `AppConfig.ready`; `manage.py demo` asks when it starts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from contacts.supervisor import Child


@dataclass(frozen=True)
class Part:
    """Processes to run beside the others, and variables for all of them."""

    children: list[Child] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)


_parts: list[Callable[[], Part]] = []


def register(part: Callable[[], Part]) -> None:
    _parts.append(part)


def parts() -> list[Part]:
    """Asked once, when the demo starts."""
    return [part() for part in _parts]
