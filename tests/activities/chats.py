"""Talking with a bot as its widget does, and short ways to make one."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from activities.chats.flow import Flow, Rule, Step
from activities.chats.services import version_of
from activities.models import BookingCalendar, Chatbot, Conversation
from contacts.models import User

_nonces = itertools.count(1)
SITE = "https://shop.example"


def steps_with(calendar: BookingCalendar | None = None) -> tuple[Step, ...]:
    """A greeting, a name, an email, a question with a branch, a status, and with a calendar a time."""
    meeting = [Step("meet", "meeting", "When may we call?", calendar=calendar.public_id)] if calendar else []  # fmt: skip
    return (
        Step("hello", "message", "Welcome."),
        Step("name", "question", "What is your name?", required=True, field="name"),
        Step("mail", "question", "Your email?", answer="email", required=True),
        Step("topic", "question", "What about?", answer="choice", options=("Tax", "Other"), required=True),
        Step("fork", "branch", rules=(Rule("topic", "is", "Other", "bye"),)),
        Step("hot", "status", status="Marketing qualified"),
        *meeting,
        Step("bye", "end", "Thank you."),
    )  # fmt: skip


def make_bot(
    owner: User, *steps: Step, calendar: BookingCalendar | None = None, **values: Any
) -> Chatbot:
    """A published bot; without steps those of `steps_with`."""
    number = Chatbot.objects.count() + 1
    flow = Flow(steps or steps_with(calendar)).stored()
    values = {"name": "Front desk", "slug": f"front-desk-{number}", "sites": [SITE], **values}
    bot = Chatbot.objects.create(owner=owner, flow=flow, **values)
    bot.live = version_of(bot, flow)
    bot.save()
    return bot


@dataclass
class Talk:
    """One visitor's widget: what it has been told, and how it answers."""

    client: Client
    bot: Chatbot
    token: str = ""
    last: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    status: int = 0

    def post(self, what: str, **body: Any) -> Any:
        return self.client.post(
            f"/chat/{self.bot.slug}/{what}/",
            json.dumps(body),
            content_type="application/json",
            headers={"Origin": SITE},
        )

    def start(self, **body: Any) -> "Talk":
        return self._take(self.post("start", **body))

    def say(self, *texts: str, **more: Any) -> "Talk":
        """Answer with each text in turn."""
        for text in texts:
            self._take(self.send(text, **more))
        return self

    def send(self, text: str, **more: Any) -> Any:
        body = {"token": self.token, "nonce": f"nonce-{next(_nonces):08}", "to": self.last}
        return self.post("answer", **{**body, "text": text, "after": self.last, **more})

    def resume(self) -> "Talk":
        return self._take(self.post("resume", token=self.token, after=0))

    def _take(self, response: Any) -> "Talk":
        self.told, self.status = response.json(), response.status_code
        self.token = self.told.get("token", self.token)
        new = self.told.get("messages", [])
        self.messages += new
        self.last = max([self.last, *(message["number"] for message in new)])
        return self

    @property
    def bot_says(self) -> list[str]:
        """What the bot has said to the last answer."""
        return [m["text"] for m in self.told.get("messages", []) if m["by"] == "bot"]

    @property
    def options(self) -> list[str]:
        return [option["value"] for option in self.told["asks"]["options"]]

    @property
    def conversation(self) -> Conversation:
        return Conversation.objects.latest("pk")


def talk(client: Client, bot: Chatbot, *texts: str) -> Talk:
    """A conversation in which these answers have been given."""
    return Talk(client, bot).start().say(*texts)
