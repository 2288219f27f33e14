"""Conversations as rows of a file: what the Chats view shows, and the details behind it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Case, OuterRef, QuerySet, Subquery, Value, When

from activities.models import ChatMessage, Conversation
from activities.models.conversation import in_order
from contacts.exporting.rows import Column, moment_text
from contacts.fields import Kind
from contacts.models import Contact, User

BATCH = 200  # conversations in memory, with all that was said in them
MOST_SAID = 30_000  # characters of a transcript; a cell of a workbook holds 32,767


def _state(value: str) -> str:
    return str(Conversation.State(value).label)


def _answered(answers: dict[str, dict[str, Any]]) -> str:
    return "\n".join(f"{a['label']}: {a['text']}" for a in in_order(answers).values() if a["text"])


#: The times are in UTC and say so.
COLUMNS = (
    Column("id", "Conversation ID", "public_id"),
    Column("bot", "Chatbot", "bot__name"),
    Column("state", "State", "state", _state),
    Column("started", "Started", "started_at", moment_text),
    Column("last", "Last message", "last_message_at", moment_text),
    Column("visitor", "Visitor", "visitor"),
    Column("answered", "Answers given", "answered", kind=Kind.NUMBER),
    Column("answers", "Answers", "answers", _answered),
    Column("status", "Status given", "status"),
    Column("time_zone", "Visitor time zone", "time_zone"),
    Column("contact_id", "Contact ID", "seen_contact"),
    Column("contact_state", "Contact", "contact_state"),
    Column("transcript", "Transcript", "pk"),
)


def rows_of(conversations: QuerySet[Conversation], user: User) -> Iterator[list[str]]:
    """Each conversation as texts, not yet neutralised. Memory stays flat however many there are.

    A contact that `user` may not see has no id here, as on the page.
    """
    seen = Contact.objects.visible_to(user).filter(pk=OuterRef("contact"))
    gone = Case(When(contact_public_id="", then=Value("")), default=Value("deleted"))
    told: Any = conversations.annotate(
        seen_contact=Subquery(seen.values("public_id")),
        contact_state=Case(When(contact=None, then=gone), default=Value("")),
    )
    paths = [column.path for column in COLUMNS]
    batch: list[tuple[Any, ...]] = []
    for values in told.values_list(*paths).iterator(chunk_size=BATCH):
        batch.append(values)
        if len(batch) == BATCH:
            yield from _texts(batch)
            batch = []
    yield from _texts(batch)


def _texts(batch: list[tuple[Any, ...]]) -> Iterator[list[str]]:
    said = _transcripts([values[-1] for values in batch])
    for *values, pk in batch:
        texts = [c.text(value) for c, value in zip(COLUMNS[:-1], values, strict=True)]
        yield [*texts, said.get(pk, "")]


def _transcripts(ids: list[int]) -> dict[int, str]:
    """What was said, a line a message. One query."""
    rows = ChatMessage.objects.filter(conversation__in=ids).order_by("conversation", "number")
    said: dict[int, list[str]] = {}
    for message in rows:
        line = f"{message.get_by_display()}: {message.text}"
        said.setdefault(message.conversation_id, []).append(line)
    return {pk: "\n".join(lines)[:MOST_SAID] for pk, lines in said.items()}
