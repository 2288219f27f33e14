"""The moments that stand for "never" and "none ahead" where a sort needs a value."""

from datetime import UTC, datetime

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
NONE_AHEAD = datetime(9000, 1, 1, tzinfo=UTC)
