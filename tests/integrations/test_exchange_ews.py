"""The connector of Exchange Server against its double: a guest replaced, and nothing else changed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from integrations.connectors import base, calendars
from integrations.connectors.calendars import Attendee, NewEvent
from integrations.connectors.guests import GuestChange
from integrations.sandbox.exchange import ExchangeDouble, T
from tests.integrations.exchange import (
    NEEDS_EXTRA,
    OWNER,
    add_event,
    by_ntlm,
    exchange,
    guest,
    mailbox,
    stamp,
)
from tests.shared import shared_file

__all__ = ["by_ntlm", "exchange"]
pytestmark = NEEDS_EXTRA
CHANGE = GuestChange(frozenset({"old@example.com"}), "new@example.com", "New Guest")


def connector(double: ExchangeDouble, **more: Any) -> Any:
    from integrations.connectors.exchange_ews import ExchangeServer

    return ExchangeServer(mailbox(double, **more))


def asked(double: ExchangeDouble) -> list[str]:
    """The calls that were made."""
    return [
        line.rpartition("/")[2].strip('"') for line in
        (str(request.body.partition(b"<s:Body><m:")[2].partition(b" ")[0].decode()) for request in double.requests)
    ]  # fmt: skip


def addresses(event: dict[str, Any], name: str = "RequiredAttendees") -> list[tuple[str, str]]:
    return [(each["address"], each["answer"]) for each in event[name]]


def test_the_guest_is_replaced_and_nobody_else_hears_of_it(exchange: ExchangeDouble) -> None:
    event = add_event(
        exchange,
        RequiredAttendees=[guest("old@example.com", "Accept"), guest("eve@example.com", "Accept")],
        OptionalAttendees=[guest("opt@example.com", "Decline")],
        Resources=[guest("room@corp.example", "Accept")],
    )
    done = connector(exchange).replace_guest(event["id"], CHANGE)
    assert addresses(event) == [("new@example.com", "Unknown"), ("eve@example.com", "Accept")]
    assert addresses(event, "OptionalAttendees") == [("opt@example.com", "Decline")]
    assert done.guest == "new@example.com" and done.version == "2"
    assert [(mail.to, mail.about) for mail in exchange.mails] == [
        ("new@example.com", "invitation"), ("old@example.com", "cancellation"),
    ]  # fmt: skip


def test_the_request_has_the_shape_of_the_example(exchange: ExchangeDouble) -> None:
    event = add_event(exchange, RequiredAttendees=[guest("old@example.com"), guest("b@example.com", "Accept")])  # fmt: skip
    connector(exchange).replace_guest(event["id"], CHANGE)
    example = ElementTree.parse(shared_file("contracts/examples/ews_updateitem_request.xml")).getroot()  # fmt: skip
    [sent] = [
        found for request in exchange.requests
        if (found := ElementTree.fromstring(request.body).find(f".//{example.tag}")) is not None
    ]  # fmt: skip
    assert sent.attrib == example.attrib
    assert [each.tag for each in sent.iter()] == [each.tag for each in example.iter()]
    assert sent.find(f".//{T}FieldURI").attrib == example.find(f".//{T}FieldURI").attrib  # type: ignore[union-attr]


def test_an_optional_guest_stays_optional(exchange: ExchangeDouble) -> None:
    event = add_event(exchange, RequiredAttendees=[guest("eve@example.com")], OptionalAttendees=[guest("old@example.com")])  # fmt: skip
    connector(exchange).replace_guest(event["id"], CHANGE)
    assert addresses(event, "OptionalAttendees") == [("new@example.com", "Unknown")]
    assert addresses(event) == [("eve@example.com", "Unknown")]


def test_what_shows_the_new_address_is_not_written(exchange: ExchangeDouble) -> None:
    event = add_event(exchange, RequiredAttendees=[guest("new@example.com", "Accept")])
    assert connector(exchange).replace_guest(event["id"], CHANGE).changed is False
    assert event["change_key"] == 1 and exchange.mails == []


@pytest.mark.parametrize(
    "values, words",
    [
        ({"type": "Occurrence"}, "series"),
        ({"type": "RecurringMaster"}, "series"),
        ({"mine": "Accept"}, "somebody else"),
        ({"start": "2020-01-01T10:00:00Z", "end": "2020-01-01T11:00:00Z"}, "over"),
        ({"OptionalAttendees": [guest("list", kind="PrivateDL")]}, "private distribution list"),
        ({"RequiredAttendees": [guest("eve@example.com")]}, "no longer on the event"),
    ],
)
def test_what_must_not_be_changed_is_skipped_with_its_reason(
    exchange: ExchangeDouble, values: dict[str, Any], words: str
) -> None:
    event = add_event(exchange, **{"RequiredAttendees": [guest("old@example.com")], **values})
    with pytest.raises(base.SkippedByPolicy, match=words):
        connector(exchange).replace_guest(event["id"], CHANGE)
    assert event["change_key"] == 1 and exchange.mails == []


def test_a_series_that_the_server_alone_knows_of_is_skipped(exchange: ExchangeDouble) -> None:
    event = add_event(exchange, RequiredAttendees=[guest("old@example.com")])
    exchange.faults = ["", "ErrorInvalidPropertySet"]
    with pytest.raises(base.SkippedByPolicy, match="series"):
        connector(exchange).replace_guest(event["id"], CHANGE)


def test_a_stale_change_key_is_read_again_once(exchange: ExchangeDouble) -> None:
    event = add_event(exchange, RequiredAttendees=[guest("old@example.com")])
    exchange.faults = ["", "ErrorIrresolvableConflict"]
    assert connector(exchange).replace_guest(event["id"], CHANGE).changed
    assert addresses(event) == [("new@example.com", "Unknown")]
    exchange.faults = ["", "ErrorIrresolvableConflict", "", "ErrorIrresolvableConflict"]
    change = GuestChange(frozenset({"new@example.com"}), "third@example.com")
    with pytest.raises(base.RetryableError, match=calendars.BUSY_CHANGING):
        connector(exchange).replace_guest(event["id"], change)
    assert addresses(event) == [("new@example.com", "Unknown")]


def test_somebody_elses_change_meanwhile_is_kept(
    exchange: ExchangeDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = add_event(exchange, RequiredAttendees=[guest("old@example.com")])
    asker = connector(exchange)
    read, times = asker.read, []

    def read_late(external_id: str) -> Any:
        found = read(external_id)
        times.append(1)
        if len(times) == 1:  # the host adds somebody by hand
            event["RequiredAttendees"].append(guest("late@example.com", "Accept"))
            event["change_key"] += 1
        return found

    monkeypatch.setattr(asker, "read", read_late)
    asker.replace_guest(event["id"], CHANGE)
    assert [each for each, _ in addresses(event)] == ["new@example.com", "late@example.com"]


def test_lost_answers_of_others_are_a_persons_to_look_at(exchange: ExchangeDouble) -> None:
    exchange.loses_answers = True
    event = add_event(exchange, RequiredAttendees=[guest("old@example.com"), guest("eve@example.com", "Accept")])  # fmt: skip
    with pytest.raises(base.ConflictError, match="answered"):
        connector(exchange).replace_guest(event["id"], CHANGE)


@pytest.mark.parametrize(
    "fault, error",
    [
        ("ErrorServerBusy", base.RetryableError), ("ErrorAccessDenied", base.PermissionMissing),
        ("ErrorItemNotFound", base.TargetGone), ("ErrorMailboxStoreUnavailable", base.RetryableError),
        ("ErrorQuotaExceeded", base.PermanentError), ("401", base.ReconnectRequired),
        ("503", base.RetryableError), ("500", base.RetryableError), ("malformed", base.RetryableError),
        ("302", base.RetryableError),
    ],
)  # fmt: skip
def test_what_an_answer_means(exchange: ExchangeDouble, fault: str, error: type[Exception]) -> None:
    event = add_event(exchange, RequiredAttendees=[guest("old@example.com")])
    exchange.faults = [fault]
    with pytest.raises(error):
        connector(exchange).read(event["id"])


def test_a_lost_answer_to_a_write_is_read_before_it_is_written_again(
    exchange: ExchangeDouble,
) -> None:
    event = add_event(exchange, RequiredAttendees=[guest("old@example.com")])
    exchange.faults = ["", "lost"]
    with pytest.raises(base.AnswerLostError):
        connector(exchange).replace_guest(event["id"], CHANGE)
    assert connector(exchange).replace_guest(event["id"], CHANGE).changed is False
    assert len([mail for mail in exchange.mails if mail.to == "new@example.com"]) == 1
    assert addresses(event) == [("new@example.com", "Unknown")]


def test_a_wrong_password_asks_for_another_sign_in(exchange: ExchangeDouble) -> None:
    with pytest.raises(base.ReconnectRequired, match="password"):
        connector(exchange, password="wrong").read("AAMk-1")


def test_an_event_is_made_once_moved_and_cancelled(exchange: ExchangeDouble) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    event = NewEvent("kith 1", "Intro & more", start, start + timedelta(hours=1), (Attendee("old@example.com", "Old"),))  # fmt: skip
    asker = connector(exchange)
    made = asker.create(event)
    assert asker.create(event).changed is False and len(exchange.calendars[OWNER]) == 1
    stored = exchange.calendars[OWNER][made.external_id]
    assert stored["subject"] == "Intro & more" and addresses(stored) == [("old@example.com", "Unknown")]  # fmt: skip
    later = start + timedelta(hours=3)
    assert asker.move(made.external_id, later, later + timedelta(hours=1)).changed
    assert stored["start"] == stamp(later)
    asker.cancel(made.external_id)
    assert exchange.calendars[OWNER] == {} and asker.cancel(made.external_id).changed is False
    assert [mail.about for mail in exchange.mails] == ["invitation", "invitation", "cancellation"]


def test_busy_times_leave_out_free_ones_and_our_own(exchange: ExchangeDouble) -> None:
    busy = add_event(exchange)
    own = add_event(exchange)
    add_event(exchange, free_busy="Free"), add_event(exchange, cancelled=True)
    now = datetime.now(UTC)
    spans = connector(exchange).busy(now, now + timedelta(days=9), besides=frozenset({own["id"]}))
    assert [stamp(span.start) for span in spans] == [busy["start"]]


def test_only_the_looked_at_address_is_connected_to(
    exchange: ExchangeDouble, settings: Any
) -> None:
    asker = connector(exchange)
    settings.WEBHOOKS_TO_LOOPBACK = False
    with pytest.raises(base.RetryableError, match="could not be reached"):
        asker.read("AAMk-1")
    assert exchange.requests == []


def test_ntlm_signs_in_and_replaces_a_guest(by_ntlm: ExchangeDouble) -> None:
    event = add_event(by_ntlm, RequiredAttendees=[guest("old@example.com")])
    done = connector(by_ntlm, sign_in="ntlm").replace_guest(event["id"], CHANGE)
    assert addresses(event) == [("new@example.com", "Unknown")] and done.version == "2"


def test_a_wrong_password_is_refused_by_ntlm_too(by_ntlm: ExchangeDouble) -> None:
    event = add_event(by_ntlm, RequiredAttendees=[guest("old@example.com")])
    with pytest.raises(base.ReconnectRequired, match="refused the user name or the password"):
        connector(by_ntlm, sign_in="ntlm", password="wrong").replace_guest(event["id"], CHANGE)
    assert by_ntlm.requests == [] and addresses(event) == [("old@example.com", "Unknown")]
