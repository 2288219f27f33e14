"""A conversation with a chatbot, and what was said in it."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities.chats.flow import Position
from activities.models.chatbot import Chatbot, ChatbotVersion
from activities.models.ids import new_conversation_id
from activities.models.meeting import Meeting
from contacts.access import visible_condition
from contacts.models import Contact
from contacts.search import reading, spelled, wanted

if TYPE_CHECKING:
    from contacts.models import User

SILENT_FOR = timedelta(minutes=10)  # then it is abandoned
RESUMES_FOR = timedelta(minutes=30)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: "User") -> Self:
        """Those of contacts that `user` sees. One that has no contact, or has none any more,
        belongs to the account: administrators see it. Never a test, nor one without an answer."""
        said = self.filter(is_test=False, answered__gt=0)
        condition = visible_condition(user)
        if condition is None:
            return said
        seen = Contact.objects.filter(condition)
        return said.filter(contact__in=seen)

    def search(self, text: str) -> Self:
        """Those in which every word of `text` is found."""
        what = wanted(text, region="")
        return self.filter(reading(what)) if what else self


class Conversation(models.Model):
    """One visitor's talk with a bot, on the flow that was published when it began.

    It stays when its contact is deleted; then `contact_public_id` still says whose it was.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        FINISHED = "finished", "Finished"
        ABANDONED = "abandoned", "Abandoned"

    public_id = models.CharField(max_length=20, unique=True, default=new_conversation_id)
    bot = models.ForeignKey(Chatbot, models.PROTECT, related_name="conversations")
    version = models.ForeignKey(ChatbotVersion, models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=State, default=State.ACTIVE)
    is_test = models.BooleanField(default=False)
    token_hash = models.CharField(max_length=64, unique=True)  # see activities.chats.tokens
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="conversations"
    )
    contact_public_id = models.CharField(max_length=20, blank=True, default="")
    made_contact = models.BooleanField(default=False)  # the contact was made by it
    started_at = models.DateTimeField(default=timezone.now)
    last_message_at = models.DateTimeField(default=timezone.now)
    messages_count = models.PositiveIntegerField(default=0)  # the number of the last message
    answered = models.PositiveIntegerField(default=0)  # how often the visitor has said something

    # Where it waits: activities.chats.flow.Position, and from when on times are offered.
    step = models.CharField(max_length=20, blank=True, default="")
    detail = models.CharField(max_length=30, blank=True, default="")
    offered_from = models.DateTimeField(null=True, blank=True)

    #: {step id: {"label", "text", "field", "value", "at"}}: what was answered, what for, and after
    #: how many messages: PostgreSQL does not keep the order of keys.
    answers = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=30, blank=True, default="")  # given to the contact
    time_zone = models.CharField(max_length=64, blank=True, default="")  # of the visitor's browser
    visitor = models.CharField(max_length=254, blank=True, default="")  # a name, an email, a phone
    search_text = models.TextField(blank=True, default="", editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["started_at", "id"], name="conversations_by_start"),
            models.Index(fields=["contact", "started_at"], name="conversations_of_contact"),
            # What the periodic step looks for every half a minute.
            models.Index(fields=["state", "last_message_at"], name="conversations_by_state"),
            models.Index(fields=["answered", "last_message_at"], name="conversations_unanswered"),
            models.Index(fields=["is_test", "last_message_at"], name="conversations_of_tests"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def position(self) -> Position:
        return Position(self.step, self.detail)

    @property
    def texts(self) -> dict[str, str]:
        """The answers as the flow's rules look at them."""
        return {key: str(answer["text"]) for key, answer in self.answers.items()}

    @property
    def who(self) -> str:
        """Whom it was with: never empty on screen."""
        return self.visitor or "Visitor"

    def may_resume(self, now: datetime) -> bool:
        """Within half an hour, unless its contact was deleted: what was said of it is not used again."""
        forgotten = self.contact_id is None and bool(self.contact_public_id)
        return not forgotten and now - self.last_message_at < RESUMES_FOR

    def searched(self) -> str:
        """The `search_text` of a conversation with these answers."""
        known = [str(a["text"]) for a in self.answers.values() if a["field"]]
        return spelled(" ".join([self.visitor, *known, self.bot.name, self.public_id]))


def in_order(answers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The answers of a conversation as they were given."""
    return dict(sorted(answers.items(), key=lambda each: each[1].get("at", 0)))


class ChatMessage(models.Model):
    """One message of a conversation. `number` counts from 1."""

    class By(models.TextChoices):
        BOT = "bot", "Bot"
        VISITOR = "visitor", "Visitor"

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    number = models.PositiveIntegerField()
    by = models.CharField(max_length=7, choices=By)
    text = models.TextField()
    at = models.DateTimeField(default=timezone.now)
    nonce = models.CharField(max_length=64, blank=True, default="")  # the widget's, for one answer
    meeting = models.ForeignKey(  # that this message says was booked
        Meeting, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="one_message_a_number"),
            models.UniqueConstraint(
                fields=["conversation", "nonce"],
                condition=~Q(nonce=""),
                name="one_message_a_nonce",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.number} of conversation {self.conversation_id}"

    def as_json(self) -> dict[str, Any]:
        """What the widget shows."""
        return {"number": self.number, "by": self.by, "text": self.text}
