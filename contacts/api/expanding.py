"""`expand`: an id in an object is replaced by the object it names, two levels deep.

Each kind of object says which of its fields hold ids, and of what; each kind that can be named says
how many of them are loaded at once. Upper apps register theirs.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from contacts.api.errors import bad
from contacts.api_keys import Holder

DEEPEST = 2
Object = dict[str, Any]
#: Objects by id, of those of the ids that there are. A constant number of queries.
Load = Callable[[Holder, Sequence[str]], dict[str, Object]]

_fields: dict[str, dict[str, str]] = {}  # kind -> field -> kind of what it names
_loaders: dict[str, Load] = {}


def register(kind: str, *, load: Load, **fields: str) -> None:
    """Say how objects of `kind` are loaded, and what their fields name: `owner="user"`."""
    _loaders[kind] = load
    _fields[kind] = fields


def paths_of(text: str | None, kind: str, *, in_list: bool = False) -> list[list[str]]:
    """The paths of an `expand` parameter for objects of `kind`. Raises ApiError."""
    paths = []
    for asked in dict.fromkeys(part.strip() for part in (text or "").split(",")):
        path = (asked.removeprefix("data.") if in_list else asked).split(".")
        if asked:
            _check(path, kind, asked)
            paths.append(path)
    return paths


def _check(path: list[str], kind: str, asked: str) -> None:
    if len(path) > DEEPEST:
        raise _cannot(asked)
    here: str | None = kind
    for name in path:
        here = _fields.get(here or "", {}).get(name)
        if here is None:
            raise _cannot(asked)


def _cannot(asked: str) -> Exception:
    return bad(f"This property cannot be expanded: {asked}", "expand")


def expand(
    objects: Sequence[Object], kind: str, paths: Iterable[Sequence[str]], holder: Holder
) -> None:
    """Replace the ids in place; an id that names nothing any more stays an id."""
    below: dict[str, list[Sequence[str]]] = {}
    for first, *rest in paths:
        below.setdefault(first, []).extend([rest] if rest else [])
    for name, rest_of in below.items():
        named = _fields[kind][name]
        ids = {each for one in objects for each in _ids(one.get(name))}
        found = _loaders[named](holder, sorted(ids)) if ids else {}
        expand(list(found.values()), named, rest_of, holder)
        for one in objects:
            if name in one:  # a deleted contact has an id and nothing more
                one[name] = _replaced(one[name], found)


def _ids(value: Any) -> list[str]:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) else []


def _replaced(value: Any, found: dict[str, Object]) -> Any:
    if isinstance(value, list):
        return [found.get(each, each) for each in value]
    return found.get(value, value) if isinstance(value, str) else value
