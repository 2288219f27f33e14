"""Countries with their calling codes, for a choice. Names come from the time zone database."""

import functools
from importlib import resources

import phonenumbers

#: Shorter or plainer than in the list, or not in it.
_NAMES = {
    "AC": "Ascension Island",
    "CZ": "Czechia",
    "GB": "United Kingdom",
    "KP": "North Korea",
    "KR": "South Korea",
    "TA": "Tristan da Cunha",
    "VG": "British Virgin Islands",
    "VI": "US Virgin Islands",
    "XK": "Kosovo",
}


@functools.cache
def region_choices() -> list[tuple[str, str]]:
    """Two letters and, for example, "United Kingdom (+44)", by name."""
    names = {**_listed(), **_NAMES}
    named = sorted((names.get(region, region), region) for region in phonenumbers.SUPPORTED_REGIONS)
    return [
        (region, f"{name} (+{phonenumbers.country_code_for_region(region)})")
        for name, region in named
    ]


@functools.lru_cache(maxsize=1024)
def calling(code: int, region: str) -> str:
    """What a calling code is to people: "United Kingdom (+44)", "+800" where it is no country's.

    Of several countries with the code it is `region`, else the main one.
    """
    if phonenumbers.country_code_for_region(region) != code:
        region = phonenumbers.region_code_for_country_code(code)
    return dict(region_choices()).get(region, f"+{code}")


def _listed() -> dict[str, str]:
    text = (resources.files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return dict(lines)
