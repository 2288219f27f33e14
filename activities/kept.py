"""What the Delete pop-up says of the meetings and form submissions that stay."""

from collections.abc import Sequence

from django.db.models import Count, Q
from django.utils import timezone

from activities.models import FormSubmission, Meeting
from contacts.kept import Kept, Line
from contacts.models import Contact

STAY = "in your account for reporting."


def tell(contacts: Sequence[Contact] | None) -> Line | None:
    """The activities of these contacts, as the Activities page has them."""
    if contacts is None:
        return Line("Activities", f"Past and upcoming meetings and form submissions stay {STAY}")
    past, ahead, canceled = _counts(contacts)
    sent = FormSubmission.objects.real().filter(contact__in=contacts).count()
    total = past + ahead + sent
    if not total:
        return None
    told = [f"{past:,} past"] if past else []
    told += [f"{ahead:,} upcoming"] if ahead else []
    parts = [f"{' and '.join(told)} meeting{'' if past + ahead == 1 else 's'}"] if told else []
    parts += [f"{sent:,} form submission{'' if sent == 1 else 's'}"] if sent else []
    stay = "stays" if total == 1 else "stay"
    label = f"{total:,} activit{'y' if total == 1 else 'ies'}"
    text = f"{', and '.join(parts)} {stay} {STAY}"
    return Line(label, f"{text} {_of_them(canceled)}" if canceled else text)


def _of_them(canceled: int) -> str:
    return f"Of those upcoming, {canceled:,} {'was' if canceled == 1 else 'were'} canceled."


def _counts(contacts: Sequence[Contact]) -> tuple[int, int, int]:
    """How many are over, how many are not, and how many of these were canceled."""
    over = Q(ends_at__lte=timezone.now())
    rows = Meeting.objects.filter(contact__in=contacts, in_trash=False)
    off = Q(status=Meeting.Status.CANCELED)
    found = rows.aggregate(
        past=Count("pk", filter=over),
        ahead=Count("pk", filter=~over),
        canceled=Count("pk", filter=~over & off),
    )
    return found["past"], found["ahead"], found["canceled"]


KEPT = Kept(10, tell)
