"""What a booking calendar asks of its guests, asked by a bot before it books."""

from typing import Any

import pytest
from django.test import Client

from activities.chats.flow import Step
from activities.models import BookingCalendar, Conversation, Meeting
from activities.questions import Question
from contacts.models import Contact, User
from tests.activities.bookings import make_calendar
from tests.activities.chats import Talk, make_bot
from tests.activities.senders import Remembering, sms_offered
from tests.factories import make_property

__all__ = ["sms_offered"]

KNOWN = ("Ada Lovelace", "ada@example.com")
CONSENT = "May we send text messages about this meeting to your mobile phone?"


def asking(*questions: Question, host: User, **values: Any) -> BookingCalendar:
    stored = [question.stored() for question in questions]
    return make_calendar(host, **{"ask_mobile": "no", "questions": stored, **values})


def begun(client: Client, calendar: BookingCalendar, *before: Step) -> Talk:
    """A conversation with a bot that offers a meeting at once; name and email are told."""
    meet = Step("meet", "meeting", calendar=calendar.public_id)
    bot = make_bot(calendar.host, *before, meet)
    return Talk(client, bot).start().say(*KNOWN)


def booked(said: Talk) -> Meeting:
    said.say(said.options[0])
    return Meeting.objects.get()


def test_the_calendars_own_questions_are_asked_and_kept_with_the_meeting(
    client: Client, member: User
) -> None:
    topic = Question("topic", "What about?", required=True)
    way = Question("way", "How?", "choice", ("Phone", "Video"), required=True)
    said = begun(client, asking(topic, way, host=member))
    assert said.bot_says == ["What about?"]
    assert said.say("").status == 422
    said.say("Tax")
    assert said.options == ["Phone", "Video"]
    assert said.say("By owl").status == 422
    meeting = booked(said.say("Video"))
    assert [(a["name"], a["value"]) for a in meeting.answers] == [
        ("topic", "Tax"),
        ("way", "Video"),
    ]


def test_an_optional_question_may_be_skipped_and_is_not_asked_again(
    client: Client, member: User
) -> None:
    said = begun(client, asking(Question("topic", "What about?"), host=member))
    assert said.told["asks"]["required"] is False
    assert said.say("").told["asks"]["kind"] == "times"
    assert booked(said).answers[0]["value"] == ""


def test_an_answer_for_a_property_reaches_the_contact_and_is_asked_for_once(
    client: Client, member: User
) -> None:
    field = make_property("Plan", "select", "Basic", "Pro").name
    plan = Question("q1", "Which plan?", field=field, required=True)
    said = begun(client, asking(plan, host=member))
    assert said.options == ["Basic", "Pro"]
    booked(said.say("Pro"))
    assert Contact.objects.get().custom == {field: "Pro"}
    told = Step("p", "question", "Plan?", answer="choice", options=("Basic", "Pro"), field=field)
    again = Talk(client, make_bot(member, told, Step("meet", "meeting", calendar=BookingCalendar.objects.get().public_id))).start()  # fmt: skip
    assert again.say("Basic", *KNOWN).told["asks"]["kind"] == "times"


def test_several_answers_are_chosen_by_number_or_name(client: Client, member: User) -> None:
    field = make_property("Likes", "multi_select", "Tea", "Coffee", "Milk").name
    said = begun(client, asking(Question("q1", "You like?", field=field), host=member))
    assert said.bot_says[-1].splitlines()[:3] == ["You like?", "1. Tea", "2. Coffee"]
    assert said.say("4").status == 422
    said.say("3, tea")
    booked(said)
    assert Contact.objects.get().custom == {field: "Tea; Milk"}


def test_a_box_is_a_yes_and_a_required_one_takes_no_no(client: Client, member: User) -> None:
    terms = Question("terms", "I agree to the terms", "box", required=True)
    said = begun(client, asking(terms, host=member))
    assert said.options == ["Yes", "No"]
    refused = said.say("No")
    assert (refused.status, refused.told["error"]) == (422, "This meeting can only be booked with a Yes here")  # fmt: skip
    assert booked(said.say("Yes")).answers[0]["value"] == "Yes"


def test_a_date_is_asked_for_with_a_calendar(client: Client, member: User) -> None:
    field = make_property("Born", "date").name
    said = begun(client, asking(Question("q1", "Born?", field=field), host=member))
    assert said.told["asks"]["input"]["type"] == "date"
    assert said.say("never").status == 422
    assert booked(said.say("1990-03-14")).answers[0]["value"] == "1990-03-14"


@pytest.mark.parametrize(("answer", "agreed"), [("Yes", True), ("No", False)])
def test_consent_to_text_messages_is_asked_for_each_meeting(
    client: Client, member: User, sms_offered: Remembering, answer: str, agreed: bool
) -> None:
    said = begun(client, asking(host=member, ask_mobile="optional", offer_sms=True))
    assert said.bot_says == ["What is your mobile phone number?"]
    assert said.say("+12025550147").bot_says == [CONSENT]
    meeting = booked(said.say(answer))
    assert (meeting.sms_consent, meeting.answers) == (agreed, [])


def test_without_a_mobile_phone_nobody_is_asked_for_consent(
    client: Client, member: User, sms_offered: Remembering
) -> None:
    said = begun(client, asking(host=member, ask_mobile="optional", offer_sms=True))
    assert said.say("").told["asks"]["kind"] == "times"
    assert not booked(said).sms_consent


def test_where_nobody_sends_text_messages_no_consent_is_asked_for(
    client: Client, member: User
) -> None:
    said = begun(client, asking(host=member, ask_mobile="required", offer_sms=True))
    assert said.say("+12025550147").told["asks"]["kind"] == "times"


def test_two_meetings_keep_their_own_answers(client: Client, member: User) -> None:
    calendar = asking(Question("topic", "What about?", required=True), host=member)
    again = Step("again", "meeting", calendar=calendar.public_id)
    meet = Step("meet", "meeting", calendar=calendar.public_id)
    said = Talk(client, make_bot(member, meet, again)).start().say(*KNOWN, "Tax")
    assert said.say(said.options[0]).bot_says[-1] == "What about?"
    said.say("Books")
    said.say(said.options[0])
    first, second = Meeting.objects.order_by("pk")
    assert [[a["value"] for a in m.answers] for m in (first, second)] == [["Tax"], ["Books"]]


@pytest.mark.parametrize("change", [{"questions": []}, {"host": None}])
def test_a_question_that_is_gone_when_it_is_answered_is_no_error(
    client: Client, member: User, change: dict[str, Any]
) -> None:
    calendar = asking(Question("topic", "What about?", required=True), host=member)
    said = begun(client, calendar)
    if "questions" in change:
        BookingCalendar.objects.update(questions=[])
    else:
        calendar.archived_at = calendar.created_at
        calendar.save()
    said.say("Tax")
    assert said.status == 200 and Conversation.objects.get().answers["meet~q_topic"]["text"] == "Tax"  # fmt: skip


def test_scripts_in_the_answers_to_a_calendar_stay_text(client: Client, member: User) -> None:
    said = begun(client, asking(Question("topic", "What about?"), host=member))
    meeting = booked(said.say("<script>alert(1)</script>"))
    page = client.get(f"/chat/{said.bot.slug}/{said.token}/").content.decode()
    assert "<script>alert" not in page and meeting.answers[0]["value"].startswith("<script>")
