"""What somebody leaves behind who is deactivated; later apps register theirs from `AppConfig.ready`.

Each is a sentence with the page on which it can be handed over.
"""

from collections.abc import Callable
from dataclasses import dataclass

from contacts.models import User


@dataclass(frozen=True)
class LeftBehind:
    """A sentence that begins with a link: "3 upcoming meetings", then " stay with them: …"."""

    link: str
    url: str
    text: str


#: None where there is nothing of the kind.
Question = Callable[[User], LeftBehind | None]
_questions: list[Question] = []


def register(question: Question) -> None:
    _questions.append(question)


def left_behind(person: User) -> list[LeftBehind]:
    """Everything that this person has which nobody takes over by itself."""
    return [found for ask in _questions if (found := ask(person)) is not None]
