"""The Chats view of Activities as it stands in the URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from activities.choices import DELETED, Choices, Pop
from activities.listing import ActivityState
from activities.models import Chatbot, Conversation
from contacts.models import User

NONE = "none"
LABELS = {"state": "State", "bot": "Chatbot", "contact": "Contact"}


@dataclass(frozen=True)
class ChatChoices(Choices):
    """What may be chosen of conversations."""

    labels: ClassVar[Mapping[str, str]] = LABELS

    def condition(self, name: str, values: Sequence[str]) -> Q:
        if name == "bot":
            return Q(bot__public_id__in=values)
        if name == "state":
            return Q(state__in=values)
        wanted = Q(pk__in=[])
        if DELETED in values:
            wanted |= Q(contact=None) & ~Q(contact_public_id="")
        return wanted | Q(contact_public_id="") if NONE in values else wanted

    def words(self, name: str, value: str) -> str:
        return f"{self.labels[name]}: {self.known[name][value]}"

    def pops(self, chosen: Mapping[str, Sequence[str]]) -> list[Pop]:
        """One for each filter that has something to choose."""
        return [Pop(offer.label, "plus", [offer]) for offer in self.offers(chosen) if offer.choices]


@dataclass(frozen=True)
class ChatState(ActivityState):
    """Search, filters and page of one request, cleaned; the latest come first."""

    model: ClassVar[type[Model]] = Conversation
    moment: ClassVar[str] = "started_at"
    sort: ClassVar[str] = "started"
    tabs: ClassVar[bool] = False

    @staticmethod
    def choices_of(user: User) -> Choices:
        return chat_choices_for(user)

    def in_tab(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """What `visible_to` leaves, also for an administrator: no tests, none without an answer."""
        return rows.filter(is_test=False, answered__gt=0)


def chat_choices_for(user: User) -> ChatChoices:
    """One query. Who sees conversations sees which bots have them."""
    seen = Conversation.objects.visible_to(user).filter(bot=OuterRef("pk"))
    bots = Chatbot.objects.filter(Exists(seen))
    gone = {DELETED: "Deleted", NONE: "None"} if user.role.administers else {}
    return ChatChoices(
        user,
        {
            "state": {value: str(label) for value, label in Conversation.State.choices},
            "bot": {bot.public_id: bot.name for bot in bots},
            "contact": gone,
        },
    )
