"""A double of Twilio's Messages API: a WSGI application with its state in memory.

What it does, and how that is known (connectors.md, section 9, and Twilio's description of the API):

* POST Messages.json with To, Body and From or MessagingServiceSid: 201, status queued [vendor]
* GET Messages.json lists what was taken, newest first, by To and by day [vendor]
* a wrong account or token: 401, code 20003 [vendor]
* numbers that Twilio keeps for trying out [vendor]: +15005550001 is not valid (21211), +15005550004
  has said STOP (21610), +15005550009 cannot receive messages (21614)
* a number that replied STOP through `reply`: 21610 until it replies START [vendor]
* status callbacks, signed, are sent by `report` or, for the demo, by itself [vendor]
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from integrations.connectors.twilio import signature

STOP, START = (
    {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"},
    {"START", "YES", "UNSTOP"},
)
#: code -> (HTTP status, message)
ERRORS = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    21211: (400, "The 'To' number {to} is not a valid phone number."),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21614: (400, "'To' number is not a valid mobile number"),
}
MAGIC = {"+15005550001": 21211, "+15005550004": 21610, "+15005550009": 21614}

Message = dict[str, Any]
Form = Mapping[str, Sequence[str]]
#: A request that the double would make: address, form, X-Twilio-Signature.
Callback = tuple[str, dict[str, str], str]


@dataclass
class TwilioDouble:
    """`taken` is called with each message that was accepted; `fails` are codes for the next ones."""

    account_sid: str = "AC" + "0" * 32
    auth_token: str = "sandbox"
    taken: Callable[[Message], None] = lambda message: None
    messages: list[Message] = field(default_factory=list)
    requests: list[tuple[str, str, Form]] = field(default_factory=list)
    fails: list[int] = field(default_factory=list)
    stopped: set[tuple[str, str]] = field(default_factory=set)
    retry_after: str = "7"

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        form = parse_qs(environ["wsgi.input"].read(size).decode(), keep_blank_values=True)
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        signed_in = environ.get("HTTP_AUTHORIZATION", "")
        status, told = self.answer(
            environ["REQUEST_METHOD"], environ["PATH_INFO"], form or query, signed_in
        )
        headers = [("Content-Type", "application/json")]
        if status == 429:
            headers.append(("Retry-After", self.retry_after))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [json.dumps(told).encode()]

    def answer(self, method: str, path: str, form: Form, signed_in: str) -> tuple[int, Message]:
        """Status and body of one request."""
        self.requests.append((method, path, form))
        right = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if signed_in != f"Basic {right}":
            return error(20003)
        if path != f"/2010-04-01/Accounts/{self.account_sid}/Messages.json":
            return error(20404)
        if method == "GET":
            return 200, self._listed(form)
        if self.fails:
            return error(self.fails.pop(0))
        return self._create(form)

    def _create(self, form: Form) -> tuple[int, Message]:
        to, body = _one(form, "To"), _one(form, "Body")
        sender = _one(form, "From") or _one(form, "MessagingServiceSid")
        code = MAGIC.get(to, 0) or (0 if re.fullmatch(r"\+[1-9]\d{6,14}", to) else 21211)
        if (to, sender) in self.stopped:
            code = 21610
        code = code or (0 if sender else 21603) or (0 if body else 21602)
        if code:
            return error(code, to=to)
        message = self._message(form)
        self.messages.insert(0, message)
        self.taken(message)
        return 201, {name: value for name, value in message.items() if name != "callback"}

    def _message(self, form: Form) -> Message:
        number = len(self.messages) + 1
        sid = "SM" + hashlib.md5(f"{number} {datetime.now(UTC)}".encode()).hexdigest()
        now = format_datetime(datetime.now(UTC))
        uri = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sid}"
        return {
            "account_sid": self.account_sid, "api_version": "2010-04-01",
            "body": _one(form, "Body"), "date_created": now, "date_sent": None,
            "date_updated": now, "direction": "outbound-api", "error_code": None,
            "error_message": None, "from": _one(form, "From") or None, "num_media": "0",
            "num_segments": "1", "price": None, "price_unit": None,
            "messaging_service_sid": _one(form, "MessagingServiceSid") or None, "sid": sid,
            "status": "queued", "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": _one(form, "To"), "uri": f"{uri}.json", "callback": _one(form, "StatusCallback"),
        }  # fmt: skip

    def _listed(self, form: Form) -> Message:
        to, day = _one(form, "To"), _one(form, "DateSent>")
        found = [
            {name: value for name, value in message.items() if name != "callback"}
            for message in self.messages
            if (not to or message["to"] == to) and _day(message) >= day
        ]
        size = int(_one(form, "PageSize") or 50)
        return {"messages": found[:size], "page": 0, "page_size": size}

    def report(self, sid: str, status: str, error_code: str = "") -> Callback:
        """The status callback of a message: what is posted where, and its signature."""
        message = next(each for each in self.messages if each["sid"] == sid)
        message["status"] = status
        form = {
            "AccountSid": self.account_sid, "ApiVersion": "2010-04-01", "From": message["from"] or "",
            "MessageSid": sid, "MessageStatus": status, "SmsSid": sid, "SmsStatus": status,
            "To": message["to"],
        }  # fmt: skip
        if error_code:
            form["ErrorCode"] = error_code
        return message["callback"], form, self.sign(message["callback"], form)

    def reply(self, url: str, *, number: str, to: str, body: str, sid: str = "") -> Callback:
        """A guest's reply, which Twilio heeds itself before it passes it on."""
        word = body.strip().upper()
        if word in STOP:
            self.stopped.add((number, to))
        elif word in START:
            self.stopped.discard((number, to))
        form = {
            "AccountSid": self.account_sid, "Body": body, "From": number, "To": to,
            "MessageSid": sid or "SM" + hashlib.md5(f"{number}{body}".encode()).hexdigest(),
            "NumMedia": "0",
        }  # fmt: skip
        return url, form, self.sign(url, form)

    def sign(self, url: str, form: Mapping[str, str]) -> str:
        return signature(self.auth_token, url, {name: [value] for name, value in form.items()})


def error(code: int, **parts: str) -> tuple[int, Message]:
    """Twilio's envelope of an error."""
    status, message = ERRORS.get(code, (500, "Internal Server Error"))
    return status, {
        "code": code,
        "message": message.format(**{"to": "", **parts}),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def _one(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _day(message: Message) -> str:
    return parsedate_to_datetime(message["date_created"]).date().isoformat()
