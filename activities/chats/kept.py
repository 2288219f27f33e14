"""What the Delete pop-up says of conversations, and the merge prompt counts: they stay, they move."""

from collections.abc import Sequence

from django.db.models import Count

from activities.models import Conversation
from contacts.kept import Kept, Line
from contacts.models import Contact

STAY = "in your account for reporting."


def tell(contacts: Sequence[Contact] | None) -> Line | None:
    """How many conversations of these contacts stay."""
    if contacts is None:
        return Line("Chats", f"Conversations with chatbots stay {STAY}")
    number = Conversation.objects.filter(contact__in=contacts, is_test=False).count()
    if not number:
        return None
    many = "" if number == 1 else "s"
    text = f"{number:,} conversation{many} with a chatbot stay{'s' if number == 1 else ''} {STAY}"
    return Line(f"{number:,} chat{many}", text)


def count(records: Sequence[Contact]) -> dict[int, int]:
    """Conversations by contact. One query."""
    rows = Conversation.objects.filter(contact__in=records, is_test=False).order_by()
    found = rows.values_list("contact").annotate(number=Count("pk"))
    return {contact: number for contact, number in found if contact is not None}


KEPT = Kept(11, tell)
