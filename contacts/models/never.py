"""The moment that stands for "never" where a sort needs a value."""

from datetime import UTC, datetime

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
