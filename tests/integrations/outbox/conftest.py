"""The receiver, for every test of the outbox."""

from tests.integrations.webhooks.receiver import receiver

__all__ = ["receiver"]
