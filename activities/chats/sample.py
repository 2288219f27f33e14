"""What the sample account has of chatbots: one on the website, and three months of conversations."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from activities.chats import tokens as chat_tokens
from activities.chats.answers import Asked, asked_at
from activities.chats.flow import DETAILS, Flow, Need, Rule, Step, advance, begin
from activities.chats.services import version_of
from activities.chats.talk import Talk
from activities.chats.times import NO_MEETING
from activities.models import BookingCalendar, Chatbot, ChatMessage, Conversation
from contacts.models import Contact, User

CONVERSATIONS, DAYS = 60, 90
TOPICS = ("Taxes", "Bookkeeping", "Something else")
SAID = ("We move our books from another firm.", "A second opinion on last year.", "Opening a branch abroad.")  # fmt: skip


def load() -> None:
    """Called inside the transaction that makes the sample account, after the meetings."""
    chance, now = random.Random(9), timezone.now()
    bot = _bot()
    known = Contact.objects.exclude(email="").filter(creation_time__lt=now - timedelta(days=1))
    contacts = list(known.order_by("-creation_time", "pk")[:400])
    told, said = [], []
    for number in range(CONVERSATIONS):
        contact = chance.choice(contacts) if number % 6 else None
        earliest = contact.creation_time if contact else now - timedelta(days=DAYS)
        began = max(earliest, now - timedelta(days=DAYS))
        at = began + (now - timedelta(hours=1) - began) * chance.random()
        act = _Act(chance, bot, contact, at).play()
        told.append(act.talk.conversation)
        said.append(act.talk.messages)
    Conversation.objects.bulk_create(told)
    ChatMessage.objects.bulk_create(message for messages in said for message in messages)


def steps(calendar: str) -> Flow:
    """Who you are, what it is about, and a time for a call where it is about taxes or books."""
    return Flow(
        (
            Step("hello", "message", "Welcome to Fernhill Advisory."),
            Step("topic", "question", "What is it about?", answer="choice", options=TOPICS, required=True),
            Step("name", "question", "What is your name?", required=True, field="name"),
            Step("email", "question", "Which email can we reach you at?", answer="email", required=True),
            Step("fork", "branch", rules=(Rule("topic", "is", "Something else", "more"),)),
            Step("hot", "status", status="Marketing qualified"),
            Step("meet", "meeting", "A call of 20 minutes clears up most things. Choose a time.", calendar=calendar, then="bye"),
            Step("more", "question", "What would you like to talk about?"),
            Step("bye", "end", "Thank you. We will be in touch."),
        )
    )  # fmt: skip


def _bot() -> Chatbot:
    calendar = BookingCalendar.objects.get(slug="introductory-call")
    owner = User.objects.get(email="member2@example.com")
    bot = Chatbot.objects.create(
        name="Fernhill assistant", slug="fernhill", owner=owner, flow=steps(calendar.public_id).stored()
    )  # fmt: skip
    bot.live = version_of(bot, bot.flow)
    bot.save(update_fields=["live"])
    return bot


@dataclass
class _Act:
    """One visitor, played: a contact that answers, or somebody who leaves before the email."""

    chance: random.Random
    bot: Chatbot
    contact: Contact | None
    at: datetime
    talk: Talk = field(init=False)

    def play(self) -> "_Act":
        """Unsaved. A visitor without a contact is silent when asked for the email."""
        assert self.bot.live is not None
        flow = self.bot.live.flow
        conversation = Conversation(
            bot=self.bot, version=self.bot.live, started_at=self.at, contact=self.contact,
            contact_public_id=self.contact.public_id if self.contact else "",
            token_hash=chat_tokens.digest(chat_tokens.new_token()), state=Conversation.State.ABANDONED,
        )  # fmt: skip
        self.talk = Talk(conversation, self.at)
        self.talk.take(begin(flow, _needs))
        while conversation.step and self._goes_on(conversation):
            self.talk.at += timedelta(seconds=self.chance.randint(6, 40))
            self._answer(asked_at(flow, conversation.position))
            self.talk.take(advance(flow, conversation.position, conversation.texts, _needs))
        conversation.last_message_at = self.talk.at
        self.talk.tell_who()
        return self

    def _goes_on(self, conversation: Conversation) -> bool:
        if conversation.step == "meet":
            return self.chance.random() < 0.7
        return conversation.step != "email" or self.contact is not None

    def _answer(self, asked: Asked | None) -> None:
        nonce = chat_tokens.new_token()[:32]
        if asked is None:
            self.talk.hear(NO_MEETING, nonce)
            return
        name = self.contact.display_name if self.contact else "Sam"
        email = self.contact.email if self.contact else ""
        texts = {"topic": self.chance.choice(TOPICS), "name": name, "email": email}
        text = texts.get(asked.key) or self.chance.choice(SAID)
        told = {
            "label": asked.label, "text": text, "field": asked.field, "value": text,
            "at": self.talk.conversation.messages_count,
        }  # fmt: skip
        self.talk.conversation.answers[asked.key] = told
        self.talk.hear(text, nonce)


def _needs(_public_id: str) -> list[Need]:
    return [Need(name, DETAILS[name], about=name) for name in ("name", "email")]
