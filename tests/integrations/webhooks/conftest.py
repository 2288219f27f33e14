"""The receiver, for every test of webhooks."""

from tests.integrations.webhooks.receiver import receiver

__all__ = ["receiver"]
