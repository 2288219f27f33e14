"""The page and the fragment that show how far work in the background is."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from contacts.models import BulkAction, ExportFile
from contacts.views.requests import HtmxHttpRequest

NO_WORKER_AFTER = 10  # seconds


def progress_of(done: int, total: int) -> dict[str, int]:
    """`percent` for the eye, `tenth` for the ear: it is announced at each 10 %, not each second."""
    percent = min(99, done * 100 // max(total, 1))
    return {"percent": percent, "tenth": percent // 10 * 10}


def progress_context(work: BulkAction | ExportFile, since: datetime, url: str) -> dict[str, Any]:
    """What _progress.html needs; `since` is when the work was asked for, `url` its own address."""
    waited = (timezone.now() - since).total_seconds()
    untouched = work.lease_until is None and not work.done_rows
    return {
        "work": work,
        "progress_url": f"{url}progress/",
        "nobody": untouched and waited > NO_WORKER_AFTER,
        **progress_of(work.done_rows, work.total),
    }


def show_progress(
    request: HtmxHttpRequest, work: BulkAction | ExportFile, since: datetime, url: str
) -> HttpResponse:
    """The moving part of the page; when the work has ended it leads on."""
    if not work.running:
        return HttpResponseClientRedirect(url)
    context = progress_context(work, since, url)
    context["say"] = str(context["tenth"]) != request.GET.get("said", "")
    return render(request, "_progress.html", context)
