"""TWILIO_*: understood, or refused in words that name the variable and show no secret."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.sms import sms_settings

SID, SERVICE = "AC" + "a" * 32, "MG" + "b" * 32
GOOD = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": "hush", "TWILIO_FROM": "+12025550100"}
NAMES = (*GOOD, "TWILIO_MESSAGING_SERVICE_SID", "TWILIO_API")


def read(monkeypatch: pytest.MonkeyPatch, **changes: str) -> object:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**GOOD, **changes}.items():
        monkeypatch.setenv(name, value)
    return sms_settings()


def test_an_account_with_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch) == {
        "account_sid": SID, "auth_token": "hush", "number": "+12025550100", "service_sid": "",
        "api": "https://api.twilio.com",
    }  # fmt: skip


def test_nothing_set_means_no_text_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, **dict.fromkeys(GOOD, "")) is None


def test_a_double_on_this_machine_may_speak_http(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch, TWILIO_API="http://127.0.0.1:9000/")
    assert isinstance(found, dict) and found["api"] == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN"),
        ({"TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_FROM": ""}, "TWILIO_FROM"),
        ({"TWILIO_FROM": "2025550100"}, "TWILIO_FROM"),
        ({"TWILIO_MESSAGING_SERVICE_SID": SERVICE}, "TWILIO_FROM"),
        ({"TWILIO_FROM": "", "TWILIO_MESSAGING_SERVICE_SID": "x"}, "TWILIO_MESSAGING_SERVICE_SID"),
        ({"TWILIO_API": "http://api.twilio.com"}, "TWILIO_API"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], named: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=named) as refused:
        read(monkeypatch, **changes)
    assert "hush" not in str(refused.value)
