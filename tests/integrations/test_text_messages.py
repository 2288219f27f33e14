"""Text messages about a meeting: with consent only, to the number of now, and STOP is heeded."""

from typing import Any

import pytest
from django.test import Client

from activities import sms
from activities.models import BookingCalendar, Meeting, SmsReply
from activities.reminders import sending
from contacts.services import update_contact
from integrations.registered import register_sms
from integrations.sandbox.twilio import Callback, TwilioDouble
from tests.activities.bookings import make_meeting
from tests.activities.reminders.posted import come_due, of, rows, sent
from tests.factories import by
from tests.integrations.conftest import MOBILE, NUMBER
from tests.integrations.contract import CheckedTwilio

pytestmark = pytest.mark.django_db
REPLIES = "http://127.0.0.1:8000/hooks/twilio/messages/"


def deliver(client: Client, callback: Callback, *, signature: str | None = None) -> Any:
    url, form, signed = callback
    path = url.removeprefix("http://127.0.0.1:8000")
    return client.post(
        path, form, headers={"X-Twilio-Signature": signed if signature is None else signature}
    )


def confirmation(meeting: Meeting) -> Any:
    return of(meeting, "confirmation", "sms")


def reply(client: Client, twilio: TwilioDouble, body: str, sid: str = "") -> Any:
    said = twilio.reply(REPLIES, number=MOBILE, to=NUMBER, body=body, sid=sid)
    return deliver(client, said)


def test_a_guest_who_agreed_gets_text_messages_and_is_told_how_to_stop(
    meeting: Meeting, twilio: TwilioDouble
) -> None:
    assert sent(confirmation(meeting)).state == "sent"
    assert sent(come_due(of(meeting, channel="sms"))).state == "sent"
    second, first = (message["body"] for message in twilio.messages)
    assert first.startswith("Kith: Tax review with") and first.endswith("Reply STOP to stop.")
    assert "STOP" not in second


def test_without_consent_no_text_message_is_even_planned(
    calendar: BookingCalendar, twilio: TwilioDouble
) -> None:
    meeting = make_meeting(calendar, mobile_phone=MOBILE)
    sending.run()
    assert rows(meeting, channel="sms") == [] and twilio.messages == []


def test_the_consent_of_the_meeting_carries_over_to_a_changed_number(
    meeting: Meeting, twilio: TwilioDouble
) -> None:
    sending.run()
    values = {"mobile_phone": "+12025550202"}
    update_contact(contact_id=meeting.contact_id or 0, actor=by(), values=values)
    sent(come_due(of(meeting, channel="sms")))
    assert twilio.messages[0]["to"] == "+12025550202"
    assert twilio.messages[0]["body"].endswith("Reply STOP to stop.")  # news to this number


def test_a_number_that_said_stop_gets_nothing_until_it_says_start(
    client: Client, meeting: Meeting, twilio: TwilioDouble
) -> None:
    sending.run()
    assert reply(client, twilio, " stop ").content.endswith(b"<Response></Response>")
    skipped = sent(come_due(of(meeting, channel="sms")))
    assert (skipped.state, skipped.words) == ("skipped", "This number replied STOP.")
    reply(client, twilio, "START")
    type(skipped).objects.filter(pk=skipped.pk).update(state="scheduled")
    assert sent(come_due(skipped)).state == "sent" and len(twilio.messages) == 2


@pytest.mark.parametrize("word", ["STOPALL", "unsubscribe", "Cancel", "END", "Quit.", "STOP!"])
def test_every_word_that_stops_is_known(
    client: Client, meeting: Meeting, twilio: TwilioDouble, word: str
) -> None:
    reply(client, twilio, word)
    assert SmsReply.objects.get().stop


def test_an_old_stop_sent_again_does_not_undo_a_start(
    client: Client, meeting: Meeting, twilio: TwilioDouble
) -> None:
    for sid, word in (("1", "STOP"), ("2", "START"), ("1", "STOP")):
        assert reply(client, twilio, word, "SM" + sid * 32).status_code == 200
    twilio.stopped.clear()
    assert sent(confirmation(meeting)).state == "sent"


def test_a_thank_you_is_kept_nowhere(client: Client, twilio: TwilioDouble, db: None) -> None:
    assert reply(client, twilio, "Thanks, see you then").status_code == 200
    assert not SmsReply.objects.exists()


def test_a_stop_that_only_twilio_knows_of_is_learnt(meeting: Meeting, twilio: TwilioDouble) -> None:
    twilio.stopped.add((MOBILE, NUMBER))
    failed = sent(confirmation(meeting))
    assert failed.state == "failed" and "21610" in failed.words
    assert sent(come_due(of(meeting, channel="sms"))).state == "skipped"


def test_delivery_is_reported_and_only_goes_forward(
    client: Client, meeting: Meeting, twilio: TwilioDouble
) -> None:
    reminder = sent(confirmation(meeting))
    sid = twilio.messages[0]["sid"]
    states = []
    for status in ("sent", "delivered", "sent", "failed", "delivered"):
        assert deliver(client, twilio.report(sid, status)).status_code == 204
        reminder.refresh_from_db()
        states.append(reminder.state)
    assert states == ["sent", *["delivered"] * 4]


def test_what_was_not_delivered_says_why(
    client: Client, meeting: Meeting, twilio: TwilioDouble
) -> None:
    reminder = sent(confirmation(meeting))
    deliver(client, twilio.report(twilio.messages[0]["sid"], "undelivered", "30006"))
    reminder.refresh_from_db()
    assert reminder.state == "failed" and "landline" in reminder.words


def test_a_status_finds_a_message_whose_answer_was_lost(
    client: Client, meeting: Meeting, network: CheckedTwilio
) -> None:
    network.loses = 1
    reminder = sent(confirmation(meeting))
    assert reminder.state == "unknown" and reminder.waits
    deliver(client, network.double.report(network.double.messages[0]["sid"], "delivered"))
    assert sent(reminder).state == "delivered" and len(network.double.messages) == 1


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(
    meeting: Meeting, network: CheckedTwilio
) -> None:
    network.loses = 1
    reminder = sent(come_due(sent(confirmation(meeting))))
    assert (reminder.state, reminder.resent) == ("sent", True)
    assert reminder.provider_id == network.double.messages[0]["sid"]
    assert len(network.double.messages) == 1


@pytest.mark.parametrize("signature", ["", "AAAA", "é", "R" * 28])
def test_what_twilio_has_not_signed_is_refused(
    client: Client, meeting: Meeting, twilio: TwilioDouble, signature: str
) -> None:
    reminder = sent(confirmation(meeting))
    report = twilio.report(twilio.messages[0]["sid"], "failed")
    assert deliver(client, report, signature=signature).status_code == 403
    said = twilio.reply(REPLIES, number=MOBILE, to=NUMBER, body="STOP")
    assert deliver(client, said, signature=signature).status_code == 403
    reminder.refresh_from_db()
    assert reminder.state == "sent" and not SmsReply.objects.exists()


def test_a_signature_holds_for_its_own_address_and_form_only(
    client: Client, meeting: Meeting, twilio: TwilioDouble
) -> None:
    sent(confirmation(meeting))
    url, form, signed = twilio.report(twilio.messages[0]["sid"], "failed")
    other = url.replace(str(confirmation(meeting).pk), "999999")
    assert deliver(client, (other, form, signed)).status_code == 403
    assert deliver(client, (url, {**form, "MessageStatus": "read"}, signed)).status_code == 403


@pytest.mark.parametrize("number", ["9" * 30, "0", "999999999"])
def test_a_status_of_nothing_is_harmless(
    client: Client, twilio: TwilioDouble, db: None, number: str
) -> None:
    url = f"http://127.0.0.1:8000/hooks/twilio/status/{number}/"
    form = {"MessageSid": "SM" + "a" * 32, "MessageStatus": "delivered"}
    assert deliver(client, (url, form, twilio.sign(url, form))).status_code == 204
    form["MessageSid"] = "\x00"
    assert deliver(client, (url, form, twilio.sign(url, form))).status_code == 400


def test_a_throttled_message_waits_and_then_leaves(meeting: Meeting, twilio: TwilioDouble) -> None:
    twilio.fails, twilio.retry_after = [20429], "300"
    reminder = sent(confirmation(meeting))
    assert reminder.state == "scheduled" and reminder.next_at and reminder.begun_at
    assert 290 < (reminder.next_at - reminder.begun_at).total_seconds() < 310
    assert sent(come_due(reminder)).state == "sent"


def test_without_a_provider_a_text_message_is_skipped_with_what_to_set(
    meeting: Meeting, twilio: TwilioDouble
) -> None:
    register_sms(None)
    reminder = sent(confirmation(meeting))
    assert sms.sender() is None and reminder.state == "skipped"
    assert "Set TWILIO_ACCOUNT_SID" in reminder.words
