"""How the demo's doubles shall go wrong next: for seeing what Kith does then. Only in the demo."""

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings
from contacts.views.shell import toast
from integrations.sandbox import mailbox, switch

TIMES = (1, 3, 6)


@administrators_only
@require_http_methods(["GET", "POST"])
def demo_faults(request: HtmxHttpRequest) -> HttpResponse:
    """A form for each vendor; what is asked for waits until a request comes."""
    if not mailbox.is_shown():
        raise Http404
    if request.method == "GET":
        return render_settings(request, "integrations/demo_faults.html", _context())
    vendor, fault, times = (request.POST.get(name, "") for name in ("vendor", "fault", "times"))
    if vendor not in switch.VENDORS:
        raise Http404
    if not fault:
        switch.clear(vendor)
        told = "The next requests are answered as they should be"
    elif fault in dict(switch.choices(vendor)) and times in map(str, TIMES):
        switch.ask(vendor, fault, int(times))
        told = "The next requests will meet it"
    else:
        trouble = {"trouble": "Choose one of the answers, and how often."}
        answer = render_settings(request, "integrations/demo_faults.html", _context() | trouble)
        answer.status_code = 422
        return answer
    return toast(request, HttpResponseRedirect(reverse("demo_faults")), told)


def _context() -> dict[str, object]:
    vendors = [
        (vendor, label, switch.choices(vendor), switch.waiting(vendor))
        for vendor, (label, _) in switch.VENDORS.items()
    ]
    return {"vendors": vendors, "times": TIMES}
