"""One JSON object per log line, so that no value can forge a second line."""

import json
import logging
from datetime import UTC, datetime

from contacts.request_ids import current_request_id


class JsonFormatter(logging.Formatter):
    """Formats a record as compact JSON. Exceptions keep their traceback, not the local values."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request_id():
            entry["request"] = request_id
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)
