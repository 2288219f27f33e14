"""The connector: what it asks of Twilio, and what Twilio's answers mean."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from activities import sms
from activities.sms import Accepted, SmsMessage
from integrations import http
from integrations.connectors.twilio import (
    TwilioAccount,
    TwilioSender,
    error_of,
    message_form,
    signature,
)
from integrations.sandbox.twilio import error
from tests.integrations.conftest import NUMBER, account_of
from tests.integrations.contract import CheckedTwilio
from tests.shared import SHARED, shared_file

HELLO = SmsMessage("+12025550101", "Hello! 👍", 7)
STATUS = "https://kith.example/hooks/twilio/status/{}/"
EXAMPLES = sorted(path.name for path in (SHARED / "contracts/examples").glob("twilio_error_*"))
MEANS = {20003: sms.NotConfigured, 20429: sms.Throttled, 21211: sms.Refused, 21610: sms.OptedOut, 21614: sms.Refused}  # fmt: skip


@pytest.fixture
def sender(network: CheckedTwilio) -> TwilioSender:
    return TwilioSender(TwilioAccount(**account_of(network.double)), status_url=STATUS)


def answer(status: int, body: object = None, **headers: str) -> http.Answer:
    return http.Answer(status, headers, json.dumps(body).encode())


def test_a_message_is_accepted_under_twilios_id(
    sender: TwilioSender, network: CheckedTwilio
) -> None:
    accepted = sender.send(HELLO)
    assert accepted.id == network.double.messages[0]["sid"]
    assert network.double.messages[0]["body"] == "Hello! 👍"
    assert network.double.messages[0]["callback"] == "https://kith.example/hooks/twilio/status/7/"


@pytest.mark.parametrize(
    ("account", "names"),
    [({"number": NUMBER}, {"From"}), ({"service_sid": "MG" + "a" * 32}, {"MessagingServiceSid"})],
)
def test_a_message_comes_from_the_number_or_the_service(account: Any, names: set[str]) -> None:
    form = message_form(TwilioAccount("AC", "t", "https://x", **account), HELLO, STATUS)
    assert set(form) == {"To", "Body", "StatusCallback"} | names


@pytest.mark.parametrize("name", EXAMPLES or ["twilio_error_20003.json"])
def test_each_error_that_twilio_documents_has_its_meaning(name: str) -> None:
    shown = json.loads(shared_file(f"contracts/examples/{name}").read_text())
    told = error_of(answer(shown["status"], shown["body"]))
    assert type(told) is MEANS[shown["body"]["code"]]
    assert str(told).startswith(shown["body"]["message"])


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21408, sms.NotConfigured), (400, 21606, sms.NotConfigured), (400, 21612, sms.NotConfigured),
        (400, 21617, sms.Refused), (404, 20404, sms.NotConfigured), (403, 0, sms.NotConfigured),
        (302, 0, sms.Refused), (408, 0, sms.Throttled), (503, 0, sms.Throttled),
        (500, 0, sms.Ambiguous), (502, 0, sms.Ambiguous), (504, 20500, sms.Ambiguous),
    ],
)  # fmt: skip
def test_other_answers_by_status_and_code(status: int, code: int, kind: type[sms.SmsError]) -> None:
    assert type(error_of(answer(status, {"code": code} if code else None))) is kind


def test_a_throttled_message_waits_as_long_as_twilio_says(
    sender: TwilioSender, network: CheckedTwilio
) -> None:
    network.double.fails = [20429]
    with pytest.raises(sms.Throttled) as told:
        sender.send(HELLO)
    assert told.value.retry_after == 7


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"code": "x", "message": null}'])
def test_an_answer_that_cannot_be_read_is_no_crash(body: bytes) -> None:
    assert isinstance(error_of(http.Answer(400, {}, body)), sms.Refused)


def test_a_lost_answer_is_ambiguous_and_no_connection_is_not(
    sender: TwilioSender, network: CheckedTwilio
) -> None:
    network.loses = 1
    with pytest.raises(sms.Ambiguous):
        sender.send(HELLO)
    network.away = True
    with pytest.raises(sms.NotNow):
        sender.send(HELLO)
    assert len(network.double.messages) == 1


def test_after_a_lost_answer_the_message_is_found(
    sender: TwilioSender, network: CheckedTwilio
) -> None:
    began = datetime.now(UTC)
    network.loses = 1
    with pytest.raises(sms.Ambiguous):
        sender.send(HELLO)
    other = SmsMessage(HELLO.to, "Another", 8)
    assert sender.find(HELLO, began) == Accepted(network.double.messages[0]["sid"])
    assert sender.find(other, began) is None
    assert sender.find(HELLO, began + timedelta(hours=1)) is None


def test_no_number_of_a_guest_gets_into_the_log(
    sender: TwilioSender, network: CheckedTwilio, caplog: pytest.LogCaptureFixture
) -> None:
    sender.send(HELLO)
    sender.find(HELLO, datetime.now(UTC))
    assert "2025550101" not in caplog.text and "httpx" not in caplog.text


def test_the_double_answers_with_twilios_envelope() -> None:
    for name in EXAMPLES:
        shown = json.loads(shared_file(f"contracts/examples/{name}").read_text())
        status, body = error(shown["body"]["code"], to="+1555")
        assert (status, body) == (shown["status"], shown["body"])


def test_a_signature_is_twilios() -> None:
    """The worked example of Twilio's own documentation and libraries."""
    form = {
        "CallSid": ["CA1234567890ABCDE"], "Caller": ["+14158675309"], "Digits": ["1234"],
        "From": ["+14158675309"], "To": ["+18005551212"],
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_way_out_follows_no_redirect_and_reads_no_endless_answer() -> None:
    asked = []

    def answer_with(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if request.url.path == "/long":
            return httpx.Response(200, content=b"x" * (http.LONGEST_ANSWER + 1))
        return httpx.Response(302, headers={"Location": "http://169.254.169.254/"})

    http.transport = httpx.MockTransport(answer_with)
    try:
        assert http.call("GET", "https://example.com/").status == 302
        with pytest.raises(http.AnswerLost):
            http.call("GET", "https://example.com/long")
    finally:
        http.transport = None
    assert asked == ["https://example.com/", "https://example.com/long"]


def test_no_example_is_overlooked() -> None:
    shown = {json.loads(path.read_text())["body"]["code"] for path in _error_files()}
    assert shown <= set(MEANS)


def _error_files() -> list[Path]:
    return [shared_file(f"contracts/examples/{name}") for name in EXAMPLES]
