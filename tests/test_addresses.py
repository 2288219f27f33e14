"""Whatever stands in an address, the answer is no error page of the server."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

TEXT = re.compile(r"<(?:str|path):\w+>|<\w+>")


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Every address of ours that takes a text."""
    for each in resolver.url_patterns:
        here = before + str(each.pattern).lstrip("^")
        if isinstance(each, URLResolver):
            yield from addresses(each, here)
        elif isinstance(each, URLPattern) and TEXT.search(here) and not here.startswith("admin/"):
            yield "/" + re.sub(r"<\w+:\w+>", "1", TEXT.sub("X%00Y", here))


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_nul_in_an_address_is_an_unknown_address(as_admin: Client, method: str) -> None:
    known = sorted(set(addresses(get_resolver())))
    assert len(known) > 40
    wrong = {path: getattr(as_admin, method)(path).status_code for path in known}
    assert {path: status for path, status in wrong.items() if status >= 500 or status < 300} == {}
