"""Text messages through Twilio: POST Messages.json, and nothing else that costs money.

There is no key that would make a second call harmless. After a lost answer the messages to the
number are listed first; the status callback, which carries the reminder's id in its address, tells
of a message whose answer was lost, too.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from activities.sms import (
    Accepted,
    Ambiguous,
    NotConfigured,
    NotNow,
    OptedOut,
    Refused,
    SmsError,
    SmsMessage,
    Throttled,
)
from integrations import http

SETUP = (
    "Set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, and TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID, "
    "and start Kith again."
)
REPLIES = "At Twilio, set {} as the address for incoming messages, so that STOP is heard here, too."
NOT_REACHED = "Twilio could not be reached."
LOST = "The connection to Twilio broke before its answer came."
SKEW = timedelta(minutes=5)  # between our clock and theirs
LISTED = 50  # messages looked through after a lost answer

STOPPED = {21610}
#: Our number or account may not send there: a matter of settings, not of the guest's number.
MISCONFIGURED = {20003, 20404, 21212, 21408, 21603, 21606, 21612, 21701, 21703}
BUSY = {20429, 14107, 21611}
#: Error codes that only a status callback tells of.
FATES = {
    30003: "the phone is off or cannot be reached",
    30004: "the message is blocked",
    30005: "the number is unknown",
    30006: "a landline, or a carrier that cannot be reached",
    30007: "the carrier filtered it as unwanted",
}


@dataclass(frozen=True)
class TwilioAccount:
    """From whom messages come. Exactly one of `number` and `service_sid` is set."""

    account_sid: str
    auth_token: str
    api: str
    number: str = ""
    service_sid: str = ""

    @property
    def identity(self) -> str:
        return self.service_sid or self.number

    @property
    def messages_url(self) -> str:
        return f"{self.api}/2010-04-01/Accounts/{self.account_sid}/Messages.json"


class TwilioSender:
    """An SmsSender. `status_url` is formatted with the reminder's id; replies go to `replies_url`."""

    def __init__(self, account: TwilioAccount, *, status_url: str, replies_url: str = "") -> None:
        self.account = account
        self.identity = account.identity
        self.status_url = status_url
        self.replies_hint = REPLIES.format(replies_url)

    def send(self, message: SmsMessage) -> Accepted:
        form = message_form(self.account, message, self.status_url)
        answer = self._call("POST", form=form)
        if not 200 <= answer.status < 300:
            raise error_of(answer)
        told = answer.json()
        return Accepted(str(told.get("sid") or "") if isinstance(told, dict) else "")

    def find(self, message: SmsMessage, since: datetime) -> Accepted | None:
        day = (since - SKEW).astimezone(UTC).date().isoformat()
        query = {"To": message.to, "DateSent>": day, "PageSize": str(LISTED)}
        try:
            answer = self._call("GET", query=query)
        except Ambiguous:
            raise NotNow(LOST) from None
        if answer.status != 200:
            raise NotNow(str(error_of(answer)))
        return matching(answer.json(), message, since)

    def _call(self, method: str, **parts: Mapping[str, str]) -> http.Answer:
        account = self.account
        sign_in = (account.account_sid, account.auth_token)
        try:
            return http.call(method, account.messages_url, sign_in=sign_in, **parts)  # type: ignore[arg-type]
        except http.NotReached:
            raise NotNow(NOT_REACHED) from None
        except http.AnswerLost:
            raise Ambiguous(LOST) from None


def message_form(account: TwilioAccount, message: SmsMessage, status_url: str) -> dict[str, str]:
    """The form of a new message."""
    sender = (
        {"MessagingServiceSid": account.service_sid}
        if account.service_sid
        else {"From": account.number}
    )
    callback = status_url.format(message.reminder_id)
    return {"To": message.to, **sender, "Body": message.body, "StatusCallback": callback}


def error_of(answer: http.Answer) -> SmsError:
    """What an answer other than 2xx means. Pure."""
    told = answer.json()
    told = told if isinstance(told, dict) else {}
    code = told.get("code") if isinstance(told.get("code"), int) else 0
    words = f"{told.get('message') or f'HTTP {answer.status}'}"
    words = f"{words} (Twilio {code})" if code else f"{words} (Twilio)"
    if code in STOPPED:
        return OptedOut(words)
    if answer.status == 429 or code in BUSY or answer.status in {408, 425, 503}:
        return Throttled(words, _seconds(answer.headers.get("retry-after", "")))
    if answer.status in {401, 403, 404} or code in MISCONFIGURED:
        return NotConfigured(words)
    if answer.status >= 500:
        return Ambiguous(words)  # it may have failed before or after it took the message
    return Refused(words)


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0


def matching(listed: Any, message: SmsMessage, since: datetime) -> Accepted | None:
    """The message in a list from Twilio that is this one, made after `since`."""
    found: Sequence[Any] = listed.get("messages", ()) if isinstance(listed, dict) else ()
    for each in found:
        if not isinstance(each, dict) or each.get("body") != message.body:
            continue
        made = _moment(each.get("date_created"))
        if each.get("to") == message.to and made is not None and made >= since - SKEW:
            return Accepted(str(each.get("sid") or ""))
    return None


def _moment(text: object) -> datetime | None:
    try:
        return parsedate_to_datetime(str(text))
    except (TypeError, ValueError):
        return None


def fate(status: str, code: str) -> str:
    """Why a message that was accepted did not arrive, in words."""
    known = FATES.get(int(code)) if code.isascii() and code.isdigit() and len(code) < 7 else None
    told = known or "Twilio does not say why"
    return f"Not delivered: {told} ({status}{f', {code}' if known else ''})"


def signature(token: str, url: str, form: Mapping[str, Sequence[str]]) -> str:
    """What Twilio signs a request with: its address, then each field and its values, sorted."""
    signed = url + "".join(
        name + value for name in sorted(form) for value in sorted(set(form[name]))
    )
    return base64.b64encode(
        hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    ).decode()
