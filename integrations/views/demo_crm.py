"""Demo CRM: the records that the demo's HubSpot and Salesforce hold, each beside its contact. Only in the demo."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings
from integrations.crm import vendors
from integrations.models import ExternalRecord
from integrations.sandbox import crms, mailbox


@administrators_only
@require_GET
def demo_crm(request: HtmxHttpRequest) -> HttpResponse:
    """What the CRM has and what we have; the page looks again every two seconds."""
    if not mailbox.is_shown():
        raise Http404
    found = crms.shown()
    links = ExternalRecord.objects.filter(
        connection__vendor__in=vendors.CRMS, external_id__in=[row.id for row in found],
        kind=ExternalRecord.Kind.CONTACT, contact__isnull=False,
    )  # fmt: skip
    contacts = {row.external_id: row.contact for row in links.select_related("contact")}
    pairs = [(row, contacts.get(row.id)) for row in found]
    return render_settings(request, "crm/demo.html", {"pairs": pairs, "token": crms.TOKEN})
