"""GOOGLE_* and MICROSOFT_*: understood, or refused in words that name the variable."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.calendars import GOOGLE_URLS, MICROSOFT_URLS, calendar_settings

NAMES = (
    *GOOGLE_URLS, *MICROSOFT_URLS, "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "GOOGLE_SEND_UPDATES",
    "MICROSOFT_CLIENT_ID", "MICROSOFT_CLIENT_SECRET", "MICROSOFT_TENANT",
)  # fmt: skip
GOOGLE = {"GOOGLE_CLIENT_ID": "g", "GOOGLE_CLIENT_SECRET": "hush"}
MICROSOFT = {"MICROSOFT_CLIENT_ID": "m", "MICROSOFT_CLIENT_SECRET": "hush"}


def read(monkeypatch: pytest.MonkeyPatch, **values: str) -> dict[str, Any]:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return dict(calendar_settings())


def test_without_a_client_no_calendar_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch) == {"google_calendar": None, "microsoft_graph": None}


def test_a_client_is_all_that_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch, **GOOGLE, **MICROSOFT)
    assert found["google_calendar"]["token_url"] == "https://oauth2.googleapis.com/token"
    assert found["google_calendar"]["send_updates"] == "externalOnly"
    login = "https://login.microsoftonline.com/common/oauth2/v2.0"
    assert found["microsoft_graph"]["token_url"] == f"{login}/token"


def test_one_tenant_and_a_double_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"MICROSOFT_TENANT": "fernhill.example", "MICROSOFT_LOGIN_URL": "http://127.0.0.1:9/m/"}
    found = read(monkeypatch, **MICROSOFT, **more)["microsoft_graph"]
    assert found["authorize_url"] == "http://127.0.0.1:9/m/fernhill.example/oauth2/v2.0/authorize"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"GOOGLE_CLIENT_ID": "g"}, "GOOGLE_CLIENT_SECRET"),
        ({"MICROSOFT_CLIENT_SECRET": "hush"}, "MICROSOFT_CLIENT_ID"),
        ({**GOOGLE, "GOOGLE_SEND_UPDATES": "everybody"}, "GOOGLE_SEND_UPDATES"),
        ({**GOOGLE, "GOOGLE_CALENDAR_API": "http://example.com"}, "GOOGLE_CALENDAR_API"),
        ({**GOOGLE, "GOOGLE_TOKEN_URL": "x"}, "GOOGLE_TOKEN_URL"),
        ({**MICROSOFT, "MICROSOFT_TENANT": "a/b"}, "MICROSOFT_TENANT"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as told:
        read(monkeypatch, **values)
    assert named in str(told.value) and "hush" not in str(told.value)
