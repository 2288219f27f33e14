"""A double of an Exchange Server's EWS, for the calls that Kith makes: SOAP in, SOAP out.

What it does, and how that is known (connectors.md, section 5):

* Basic sign-in; anything else is 401 [vendor]
* an error comes as HTTP 200 with ResponseClass="Error" and a ResponseCode [vendor]
* every item has a change key; UpdateItem with NeverOverwrite under a stale one is refused with
  ErrorIrresolvableConflict [reported]
* SetItemField replaces a list of attendees whole; who is new is invited. `SendToChangedAndSaveCopy`
  tells only those who have changed [vendor], or everybody with `tells_everybody` [reported]
* what others have answered stays when the list is sent as it was read, or is lost with
  `loses_answers` [unknown]
* a private distribution list is dropped when a list is written [reported]
* an occurrence of a series refuses attendees with ErrorInvalidPropertySet [reported]
* a deleted item is ErrorItemNotFound [vendor]
* items are found by an extended property, and by a CalendarView [vendor]
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from integrations.sandbox.double import Double, Reply, Request
from integrations.sandbox.google import Mail

PATH = "/EWS/Exchange.asmx"
T = "{http://schemas.microsoft.com/exchange/services/2006/types}"
M = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"
LISTS = ("RequiredAttendees", "OptionalAttendees", "Resources")
XML = {"Content-Type": "text/xml; charset=utf-8"}
BUSY_MS = 7000
#: What it can be told to answer: a status, or a ResponseCode.
ERRORS = (
    "401", "503", "ErrorServerBusy", "ErrorAccessDenied", "ErrorIrresolvableConflict",
    "ErrorItemNotFound", "ErrorInternalServerError",
)  # fmt: skip
ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
    '<t:ServerVersionInfo MajorVersion="15" MinorVersion="1" MajorBuildNumber="2507" '
    'MinorBuildNumber="6" Version="V2017_07_11" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header><s:Body>'
    '<m:{call}Response xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><m:ResponseMessages>'
    "{messages}</m:ResponseMessages></m:{call}Response></s:Body></s:Envelope>"
)
Event = dict[str, Any]
Guest = dict[str, str]  # name, address, type, answer


class Refused(Exception):
    """A ResponseCode of EWS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class ExchangeDouble(Double):
    """Calendars by the address of their owner; `users` are passwords and addresses by user name."""

    vendor = "exchange"
    users: dict[str, tuple[str, str]] = field(default_factory=dict)
    calendars: dict[str, dict[str, Event]] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    tells_everybody: bool = False
    loses_answers: bool = False
    number: int = 0

    def respond(self, request: Request) -> Reply:
        owner = self._owner(request)
        if request.path != PATH or request.method != "POST":
            return Reply(404, "")
        if owner is None:
            return Reply(401, "", {"WWW-Authenticate": 'Basic realm="exchange"'})
        call = _call_of(request.body)
        name = call.tag.removeprefix(M)
        answer: Callable[[Any, str], Iterator[str]] | None = getattr(self, f"_{name}", None)
        if answer is None:
            return Reply(500, "<fault/>", XML)
        try:
            told = "".join(answer(call, owner))
        except Refused as refusal:
            told = _message(name, "", refusal.code)
        return Reply(200, ENVELOPE.format(call=name, messages=told), XML)

    def failure(self, name: str) -> Reply:
        """A status, or a ResponseCode of whatever was asked."""
        if name.isdigit():
            return Reply(int(name), "", {"Retry-After": "7"} if name == "503" else {})
        call = _call_of(self.requests[-1].body).tag.removeprefix(M)
        return Reply(200, ENVELOPE.format(call=call, messages=_message(call, "", name)), XML)

    def _owner(self, request: Request) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return None
        name, _, password = base64.b64decode(token).decode().partition(":")
        known, address = self.users.get(name, ("", ""))
        return address if known and known == password else None

    def _GetFolder(self, call: Any, owner: str) -> Iterator[str]:
        for each in call.iter(f"{T}DistinguishedFolderId"):
            kind = "CalendarFolder" if each.get("Id") == "calendar" else "Folder"
            folder = (
                f"<t:{kind}><t:FolderId Id={quoteattr(each.get('Id'))} ChangeKey='1'/>"
                f"<t:DisplayName>{escape(each.get('Id'))}</t:DisplayName></t:{kind}>"
            )
            yield _message("GetFolder", f"<m:Folders>{folder}</m:Folders>")

    def _FindItem(self, call: Any, owner: str) -> Iterator[str]:
        view = call.find(f"{M}CalendarView")
        wanted = [each.get("Value") for each in call.iter(f"{T}Constant")]
        found = [
            event
            for event in self._calendar(owner).values()
            if (
                _instant(view.get("StartDate")) < event["end"]
                and event["start"] < _instant(view.get("EndDate"))
                if view is not None
                else event["key"] in wanted
            )
        ]
        items = "".join(_item(event) for event in found)
        folder = (
            f"<m:RootFolder TotalItemsInView='{len(found)}' IncludesLastItemInRange='true' "
            f"IndexedPagingOffset='{len(found)}'><t:Items>{items}</t:Items></m:RootFolder>"
        )
        yield _message("FindItem", folder)

    def _GetItem(self, call: Any, owner: str) -> Iterator[str]:
        for each in call.iter(f"{T}ItemId"):
            event = self._event(owner, each.get("Id"))
            yield _message("GetItem", f"<m:Items>{_item(event)}</m:Items>")

    def _CreateItem(self, call: Any, owner: str) -> Iterator[str]:
        for each in call.iter(f"{T}CalendarItem"):
            self.number += 1
            value = each.find(f"{T}ExtendedProperty/{T}Value")
            event: Event = {
                "id": f"AAMk-{self.number}", "change_key": 1, "type": "Single", "cancelled": False,
                "mine": "Organizer", "free_busy": "Busy", "subject": _text(each, "Subject"),
                "key": "" if value is None else value.text,
                "start": _instant(_text(each, "Start")), "end": _instant(_text(each, "End")),
                **{name: _guests(each.find(f"{T}{name}")) for name in LISTS},
            }  # fmt: skip
            self._calendar(owner)[event["id"]] = event
            self._mail(event, _addresses(event), "invitation")
            yield _message("CreateItem", f"<m:Items>{_only_id(event)}</m:Items>")

    def _UpdateItem(self, call: Any, owner: str) -> Iterator[str]:
        for change in call.iter(f"{T}ItemChange"):
            given = change.find(f"{T}ItemId")
            event = self._event(owner, given.get("Id"))
            careful = call.get("ConflictResolution") == "NeverOverwrite"
            if careful and given.get("ChangeKey") != str(event["change_key"]):
                raise Refused("ErrorIrresolvableConflict")
            before, others = _addresses(event), False
            for part in change.find(f"{T}Updates"):
                others |= self._set(event, part)
            event["change_key"] += 1
            told = call.get("SendMeetingInvitationsOrCancellations")
            self._tell_of(event, before, told, others=others)
            yield _message(
                "UpdateItem",
                f"<m:Items>{_only_id(event)}</m:Items>"
                "<m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>",
            )

    def _set(self, event: Event, part: Any) -> bool:
        """One changed property; whether it is something else than guests."""
        name = part.find(f"{T}FieldURI").get("FieldURI").removeprefix("calendar:")
        value = part.find(f"{T}CalendarItem/{T}{name}")
        if name in LISTS:
            if event["type"] in {"Occurrence", "Exception"}:
                raise Refused("ErrorInvalidPropertySet")
            kept = [each for each in _guests(value) if each["type"] != "PrivateDL"]
            answers = {each["address"]: each["answer"] for each in event[name]}
            for guest in kept:
                known = answers.get(guest["address"], "Unknown")
                guest["answer"] = "Unknown" if self.loses_answers else known
            event[name] = kept
            return False
        if name in {"Start", "End"}:
            event[name.lower()] = _instant(value.text)
        return name in {"Start", "End"}

    def _tell_of(self, event: Event, before: set[str], told: str, *, others: bool) -> None:
        after = _addresses(event)
        if told == "SendToNone":
            return
        whole = others or self.tells_everybody or told.startswith("SendToAll")
        self._mail(event, after if whole else after - before, "invitation")
        self._mail(event, before - after, "cancellation")

    def _DeleteItem(self, call: Any, owner: str) -> Iterator[str]:
        for each in call.iter(f"{T}ItemId"):
            event = self._event(owner, each.get("Id"))
            del self._calendar(owner)[event["id"]]
            if call.get("SendMeetingCancellations") != "SendToNone":
                self._mail(event, _addresses(event), "cancellation")
            yield _message("DeleteItem", "")

    def _calendar(self, owner: str) -> dict[str, Event]:
        return self.calendars.setdefault(owner, {})

    def _event(self, owner: str, item_id: str) -> Event:
        event = self._calendar(owner).get(item_id)
        if event is None:
            raise Refused("ErrorItemNotFound")
        return event

    def _mail(self, event: Event, addresses: set[str], about: str) -> None:
        self.mails += [Mail(event["id"], to, about) for to in sorted(addresses)]


def _call_of(body: bytes) -> Any:
    """The request inside the envelope."""
    found = ElementTree.fromstring(body).find(BODY)
    assert found is not None
    return found[0]


def _message(call: str, inner: str, code: str = "NoError") -> str:
    kind = "Success" if code == "NoError" else "Error"
    text = f"<m:MessageText>{code}</m:MessageText>" if kind == "Error" else ""
    more = ""
    if code == "ErrorServerBusy":
        more = (
            "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey><m:MessageXml>"
            f'<t:Value Name="BackOffMilliseconds">{BUSY_MS}</t:Value></m:MessageXml>'
        )
    return (
        f'<m:{call}ResponseMessage ResponseClass="{kind}">{text}'
        f"<m:ResponseCode>{code}</m:ResponseCode>{more}{inner}</m:{call}ResponseMessage>"
    )


def _only_id(event: Event) -> str:
    return f"<t:CalendarItem>{_item_id(event)}</t:CalendarItem>"


def _item_id(event: Event) -> str:
    return f"<t:ItemId Id={quoteattr(event['id'])} ChangeKey='{event['change_key']}'/>"


def _item(event: Event) -> str:
    lists = "".join(
        f"<t:{name}>{''.join(map(_attendee, event[name]))}</t:{name}>"
        for name in LISTS
        if event[name]
    )
    return (
        f"<t:CalendarItem>{_item_id(event)}<t:Subject>{escape(event['subject'])}</t:Subject>"
        f"<t:Start>{event['start']}</t:Start><t:End>{event['end']}</t:End>"
        f"<t:LegacyFreeBusyStatus>{event['free_busy']}</t:LegacyFreeBusyStatus>"
        f"<t:IsCancelled>{str(event['cancelled']).lower()}</t:IsCancelled>"
        f"<t:CalendarItemType>{event['type']}</t:CalendarItemType>"
        f"<t:MyResponseType>{event['mine']}</t:MyResponseType>{lists}</t:CalendarItem>"
    )


def _attendee(guest: Guest) -> str:
    return (
        f"<t:Attendee><t:Mailbox><t:Name>{escape(guest['name'])}</t:Name>"
        f"<t:EmailAddress>{escape(guest['address'])}</t:EmailAddress>"
        f"<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>{guest['type']}</t:MailboxType>"
        f"</t:Mailbox><t:ResponseType>{guest['answer']}</t:ResponseType></t:Attendee>"
    )


def _guests(listed: Any) -> list[Guest]:
    if listed is None:
        return []
    return [
        {
            "name": _text(each, f"Mailbox/{T}Name"),
            "address": _text(each, f"Mailbox/{T}EmailAddress"),
            "type": _text(each, f"Mailbox/{T}MailboxType") or "Mailbox",
            "answer": _text(each, "ResponseType") or "Unknown",
        }
        for each in listed.iter(f"{T}Attendee")
    ]


def _addresses(event: Event) -> set[str]:
    return {guest["address"] for name in LISTS for guest in event[name]}


def _text(element: Any, path: str) -> str:
    return element.findtext(f"{T}{path}") or ""


def _instant(text: str) -> str:
    """UTC, in one spelling, so that texts compare as times."""
    return text[:19].replace("+00:00", "") + "Z"
