"""Forms as administrators build them, and filling them in as people do."""

from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.models import BookingCalendar, FormSubmission, RoutingForm
from activities.routing.rules import Outcome, Rule
from contacts.models import User
from tests.activities.bookings import old_key

Row = dict[str, Any]


def question(name: str, label: str, kind: str = "line", **values: Any) -> Row:
    plain = {"options": [], "required": False, "field": ""}
    return {"name": name, "label": label, "kind": kind, **plain, **values}


WHO = [
    question("name", "Name", required=True, field="name"),
    question("email", "Email", "email", required=True, field="email"),
]
NEED = question("need", "What do you need?", "choice", options=["Tax", "Payroll", "Else"])


def message(text: str = "Thank you.") -> Outcome:
    return Outcome("message", text)


def page_of(calendar: BookingCalendar) -> Outcome:
    return Outcome("calendar", calendar.public_id)


def rule(name: str, test: str, value: str, outcome: Outcome) -> Rule:
    return Rule(name, test, value, outcome)


def make_form(
    owner: User, *questions: Row, rules: tuple[Rule, ...] = (), default: Outcome | None = None,
    **values: Any,
) -> RoutingForm:  # fmt: skip
    """A published form that asks who it is and whatever `questions` say."""
    number = RoutingForm.objects.count() + 1
    plain: Row = {
        "name": "How can we help?",
        "slug": f"help-{number}",
        "published_at": timezone.now(),
        "questions": [*WHO, *questions],
        "rules": [each.stored() for each in rules],
        "default_outcome": (default or message()).stored(),
    }
    return RoutingForm.objects.create(owner=owner, **{**plain, **values})


def form_url(form: RoutingForm) -> str:
    return reverse("form_page", args=[form.slug])


def filled_in(**answers: Any) -> Row:
    """The form as somebody sends it; the answers by the names of the questions."""
    told = {"name": "Ada Lovelace", "email": "ada@example.com", **answers}
    return {"key": old_key(), **{f"q_{name}": text for name, text in told.items()}}


def send(client: Client, form: RoutingForm, **answers: Any) -> Any:
    return client.post(form_url(form), filled_in(**answers))


def sent(client: Client, form: RoutingForm, **answers: Any) -> FormSubmission:
    """The submission that it becomes."""
    response = send(client, form, **answers)
    assert response.status_code == 302, response.content.decode()
    return FormSubmission.objects.latest("pk")
