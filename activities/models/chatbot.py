"""A chatbot, and the frozen copies of its flow that conversations run on."""

import hashlib
import json
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property

from activities.chats.flow import Flow
from activities.models.editable import Editable
from activities.models.ids import new_chatbot_id

if TYPE_CHECKING:
    from contacts.models import User


class ChatbotQuerySet(models.QuerySet["Chatbot"]):
    def managed_by(self, user: "User") -> Self:
        """Chatbots belong to the account: administrators see all, others none."""
        return self if user.is_active and user.role.administers else self.none()

    def open(self) -> Self:
        """Those that answer: conversations begin with the ones that have a `live` flow."""
        return self.filter(archived_at=None)


class Chatbot(Editable):
    public_id = models.CharField(max_length=20, unique=True, default=new_chatbot_id)
    #: In the address of its page and in the code on other sites, so it never changes.
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    owner = models.ForeignKey(  # of the contacts that it makes
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="chatbots"
    )
    flow = models.JSONField(default=list, blank=True)  # as edited; see activities.chats.flow
    #: What conversations begin with; none while it is not published.
    live = models.ForeignKey(
        "ChatbotVersion", models.PROTECT, null=True, blank=True, related_name="+"
    )
    sites = models.JSONField(default=list, blank=True)  # origins: "https://www.example.com"
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ChatbotQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.live_id is not None and self.archived_at is None

    @property
    def has_changes(self) -> bool:
        """Whether the flow as edited differs from the one that is published."""
        return self.live is not None and self.live.digest != digest_of(self.flow)


class ChatbotVersion(models.Model):
    """A flow that a conversation has begun with: never changed, kept once however often it is used."""

    bot = models.ForeignKey(Chatbot, models.CASCADE, related_name="versions")
    digest = models.CharField(max_length=64)
    steps = models.JSONField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "digest"], name="one_version_a_flow")]

    def __str__(self) -> str:
        return f"flow {self.digest[:8]} of bot {self.bot_id}"

    @cached_property
    def flow(self) -> Flow:
        return Flow.read(self.steps)


def digest_of(stored: Any) -> str:
    """The same for the same steps."""
    text = json.dumps(stored, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
