"""How the document describes webhooks and deliveries."""

from typing import Literal

from pydantic import BaseModel, Field

DeliveryState = Literal[
    "pending", "in_flight", "delivered", "retrying", "needs_reconnect", "conflict", "skipped",
    "failed", "superseded", "cancelled", "unknown",
]  # fmt: skip


class Webhook(BaseModel):
    object: Literal["webhook"]
    id: str
    api_version: Literal["v2"]
    name: str
    url: str
    events: list[str]
    creation_time: str


class NewWebhook(Webhook):
    secret: str = Field(
        pattern="^[0-9a-f]{32}$", description="Signs every event. It is told only here."
    )


class WebhookPage(BaseModel):
    object: Literal["list"]
    data: list[Webhook]
    has_more: bool


class Delivery(BaseModel):
    object: Literal["delivery"]
    id: str
    event_id: str | None = Field(description="The same in every delivery of one event.")
    type: str = Field(description="What happened: contact.updated.")
    system: str = Field(description="What it goes to: webhooks, or a kind of connection.")
    sent_to: str | None = Field(description="The target in words.")
    webhook: str | None = Field(description="The id of the webhook, as long as it is there.")
    contact: str | None
    status: DeliveryState
    attempts: int
    response_status: int | None = Field(description="Of HTTP, the last one.")
    message: str | None
    creation_time: str
    next_attempt_time: str | None
    finished_time: str | None


class DeliveryPage(BaseModel):
    object: Literal["list"]
    data: list[Delivery]
    has_more: bool
