"""The public page of a routing form, and where it leads."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from activities import limits
from activities.forms import BadKey, TooFast, good_key, new_key, nonce_for
from activities.limits import TooMany
from activities.models import FormSubmission, RoutingForm
from activities.routing.public_form import PublicForm
from activities.routing.submitting import find_submission, submit, token_of
from activities.views.public import (
    HOUR,
    count_post,
    guest_page,
    nothing_here,
    render_guest,
    too_many_words,
)
from contacts.retrying import Busy

Outcome = FormSubmission.Outcome
BUSY = "Others are sending this form at this moment. Nothing was sent; what you typed is kept. Send it again."  # fmt: skip
OLD = "This page was open for a long time, or was changed on the way. Check what you typed and send it again."  # fmt: skip
FAST = "That was sent within a second. Check what you typed and send it again."
TRAP = "A field that stays empty was filled in. It is empty again: send the form once more."


@guest_page
@require_http_methods(["GET", "POST"])
def form_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The questions; POST takes the answers in and leads on."""
    form = _find(slug)
    if form is None:
        return nothing_here(request)
    return fill_out(request, form)


@guest_page
@require_GET
def form_done(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """What a form says at its end: its message, or the way to a web address."""
    submission = find_submission(token)
    if submission is None or submission.form.slug != slug or submission.is_test:
        return nothing_here(request)
    context = {
        "form": submission.form,
        "submission": submission,
        "onward": onward(submission),
        "leads_away": submission.outcome == Outcome.URL and not submission.fell_back,
    }
    return render_guest(request, "booking/form_done.html", context)


def fill_out(request: HttpRequest, form: RoutingForm, *, is_test: bool = False) -> HttpResponse:
    """Show the form, or take it in. Whatever stands in the way, what was typed is kept."""
    if request.method == "GET":
        return _show(request, form, PublicForm(form), is_test=is_test)
    filled = PublicForm(form, request.POST)
    key = good_key(request.POST.get("key", ""))

    def again(status: int, notice: str = "") -> HttpResponse:
        return _show(request, form, filled, is_test=is_test, status=status, notice=notice, key=key)

    try:
        if not is_test:
            count_post(request)
        if request.POST.get("website"):
            return again(422, TRAP)
        if not filled.is_valid:
            return again(422)
        nonce = nonce_for(key, f"{form.public_id} {'test' if is_test else ''}")
        if not is_test:
            _count_submission(form)
        submission = submit(
            form=form, questions=filled.questions, answers=filled.answers, nonce=nonce,
            is_test=is_test,
        )  # fmt: skip
    except TooMany as error:
        response = again(429, too_many_words(error, "forms", "sent"))
        response["Retry-After"] = str(error.retry_after)
        return response
    except BadKey:
        return again(422, OLD)
    except TooFast:
        return again(422, FAST)
    except Busy:
        return again(409, BUSY)
    return HttpResponseRedirect(next_page(submission))


def next_page(submission: FormSubmission) -> str:
    """Where the browser goes after a form was sent: a test shows what it has come to."""
    if submission.is_test:
        return reverse("submission_detail", args=[submission.public_id])
    if submission.outcome == Outcome.CALENDAR and not submission.fell_back:
        return onward(submission) or reverse("form_done", args=_done(submission))
    return reverse("form_done", args=_done(submission))


def onward(submission: FormSubmission) -> str:
    """The address behind the outcome; "" for a message, or a booking page closed since."""
    if submission.outcome == Outcome.URL:
        return submission.outcome_text
    calendar = submission.calendar
    if submission.outcome != Outcome.CALENDAR or calendar is None or not calendar.is_open:
        return ""
    return f"{reverse('booking_page', args=[calendar.slug])}?form={token_of(submission)}"


def _done(submission: FormSubmission) -> list[str]:
    return [submission.form.slug, token_of(submission)]


def _count_submission(form: RoutingForm) -> None:
    """Raises limits.TooMany."""
    limits.count("form", form.public_id, limit=settings.SUBMISSIONS_PER_FORM, seconds=HOUR)


def _find(slug: str) -> RoutingForm | None:
    """The form whose page is open at this address."""
    if not slug.isascii() or not slug.isprintable():
        return None
    return RoutingForm.objects.published().filter(slug=slug).first()


def _show(
    request: HttpRequest, form: RoutingForm, filled: PublicForm, *, is_test: bool,
    status: int = 200, notice: str = "", key: str = "",
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {
        "form": form,
        "filled": filled,
        "is_test": is_test,
        "notice": notice,
        "key": key or new_key(),
    }
    return render_guest(request, "booking/form.html", context, status=status)
