"""The time zones that a guest chooses from."""

import functools
import zoneinfo
from zoneinfo import ZoneInfo

from contacts.cleaning import clean
from contacts.fields import BY_NAME
from contacts.identity import InvalidValue

_AREAS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
)  # fmt: skip


@functools.cache
def zone_choices() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """(area, ((zone, city), …)) of every zone that is a place, and UTC."""
    cities: dict[str, list[tuple[str, str]]] = {area: [] for area in _AREAS}
    for name in sorted(zoneinfo.available_timezones()):
        area, _, city = name.partition("/")
        if area in cities and city:
            cities[area].append((name, city.replace("_", " ").replace("/", ", ")))
    groups = tuple((area, tuple(found)) for area, found in cities.items())
    return (*groups, ("Other", (("UTC", "UTC"),)))


def known_zone(name: str) -> ZoneInfo:
    """The zone of this name in any case. Raises InvalidValue for one that does not exist."""
    if not name.strip() or len(name) > 100:
        raise InvalidValue("Choose a time zone")
    found = clean(BY_NAME["timezone"], name, region="")
    if not found:  # of characters that nobody sees
        raise InvalidValue("Choose a time zone")
    return ZoneInfo(found)
