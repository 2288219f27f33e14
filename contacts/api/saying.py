"""What the types of parameters and bodies refuse, said in the words of api.md."""

from typing import Any

from contacts.api.errors import ApiError, bad


def of_validation(faults: list[dict[str, Any]]) -> ApiError:
    """The first fault, by the field that it is about."""
    fault = faults[0]
    where, *path = [str(step) for step in fault["loc"]]
    names = path[-1:] if where == "query" else path[1:]  # a body's first is our own name for it
    if not names:
        return bad("A JSON object is required.", "body")
    words = str(fault["msg"]).removeprefix("Value error, ")
    return bad(f"Invalid value for {names[0]}: {words}", names[0])
