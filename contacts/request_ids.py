"""The id of the request that is being answered: in its answer and in every line of the log."""

import secrets
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_id", default="")


def new_request_id() -> str:
    """`req_` and 24 hexadecimal digits; known to the log until the next one begins."""
    made = f"req_{secrets.token_hex(12)}"
    _current.set(made)
    return made


def current_request_id() -> str:
    """ "" where no request of the API is being answered."""
    return _current.get()


def forget_request_id() -> None:
    _current.set("")
