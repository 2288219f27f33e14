"""The account that the API is asked about."""

from tests.contacts.api.conftest import api, owner
from tests.integrations.webhooks.receiver import receiver

__all__ = ["api", "owner", "receiver"]  # fixtures
