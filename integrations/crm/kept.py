"""What stays at the CRM when a contact is deleted here, and what a merge brings together."""

from collections.abc import Sequence

from django.db.models import Count

from contacts.kept import Kept, Line
from contacts.merging.counts import MergeCount
from contacts.models import Contact
from integrations.crm import rows, vendors
from integrations.models import ExternalRecord


def tell(contacts: Sequence[Contact] | None) -> Line | None:
    """CRM records of these contacts; nothing where there is no CRM."""
    known = rows.active()
    if not known:
        return None
    names = [vendors.vendor_of(connection).record for connection in known]
    several = contacts is None or len(contacts) > 1
    the = " and ".join(f"{name}s" if several else name for name in names)
    if contacts is not None and not count(contacts):
        return None
    are = "are" if several or len(names) > 1 else "is"
    return Line("CRM records", f"The {the} {are} not deleted or changed.")


def count(contacts: Sequence[Contact]) -> dict[int, int]:
    """Linked records by contact."""
    rows_ = ExternalRecord.objects.filter(contact__in=contacts, kind=ExternalRecord.Kind.CONTACT)
    linked = rows_.filter(connection__vendor__in=vendors.CRMS).exclude(external_id="")
    counts = linked.order_by().values_list("contact").annotate(n=Count("pk"))
    return {pk: n for pk, n in counts if pk is not None}


KEPT = Kept(30, tell)
MERGED = MergeCount("CRM records linked", 40, count)
