"""Where a person helps a delivery on: signs in again, or chooses between records.

What the Sync activity page offers beside a delivery of a CRM.
"""

from django.urls import reverse

from contacts.access import may_administer
from contacts.models import Contact, User
from integrations.crm import conflicts
from integrations.models import Connection, Delivery


def reconnect_url(connection: Connection, user: User) -> str:
    """Where this person signs in again; "" for whoever does not administer the account."""
    return reverse("crm_sign_in", args=[connection.vendor]) if may_administer(user) else ""


def review_url(delivery: Delivery, user: User) -> str:
    """Where this person decides over this delivery; "" where there is nothing for them to decide."""
    conflict = conflicts.of_delivery(delivery)
    if conflict is None:
        return ""
    seen = Contact.objects.visible_to(user).filter(pk=conflict.contact_id).exists()
    return reverse("crm_review", args=[delivery.pk]) if seen else ""
