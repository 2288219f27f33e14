"""What the sample account has of routing forms: two of them, and what was sent in over a year."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from activities.capture import Answer
from activities.models import BookingCalendar, FormSubmission, RoutingForm
from activities.models.ids import new_nonce
from activities.questions import Question
from activities.routing.questions import read_questions
from activities.routing.rules import Kind, Outcome, Rule, decide
from contacts.models import Contact, User
from contacts.models.contact import BASE36

DAYS, SENT = 330, (90, 60)
NEEDS = ("Year-end tax review", "Bookkeeping", "Payroll", "Something else")
SIZES = ("1 to 10", "11 to 50", "51 to 250", "More")
CHANNELS = ("Email", "Phone")
WORDS = (
    "",
    "We moved to a new accounting system in spring.",
    "Could somebody look at our VAT return?",
    "We are comparing three firms.",
    "A colleague recommended you.",
)


def load() -> None:
    """Called inside the transaction that makes the sample account, after its meetings."""
    chance, now = random.Random(5), timezone.now()
    forms = [_enquiry(now), _feedback(now)]
    rows = [
        row
        for form, number in zip(forms, SENT, strict=True)
        for row in _submissions(chance, form, number, now)
    ]
    for row in rows:
        row.search_text = row.searched
    FormSubmission.objects.bulk_create(rows, batch_size=200)
    _note_last_activity(rows)


def _enquiry(now: datetime) -> RoutingForm:
    """How can we help: to a booking page by what is needed, else to a message."""
    tax, books = (
        BookingCalendar.objects.get(name=name)
        for name in ("Year-end tax review", "Bookkeeping check-in")
    )
    rules = [
        Rule("need", "is", NEEDS[0], Outcome("calendar", tax.public_id)),
        Rule("need", "is", NEEDS[1], Outcome("calendar", books.public_id)),
        Rule("size", "is", SIZES[3], Outcome("message", "Thank you. A partner will call you today.")),
    ]  # fmt: skip
    questions = [
        *_who(),
        Question("company", "Company", field="company"),
        Question("need", "What do you need?", "choice", NEEDS, required=True),
        Question("size", "How many people work for you?", "choice", SIZES, field="company_size"),
        Question("more", "Anything we should know?", "text"),
    ]
    return _form(
        "How can we help?", "Three minutes, then you can choose a time.", questions, rules,
        Outcome("message", "Thank you. We answer within one working day."), now, "Marketing qualified",
    )  # fmt: skip


def _feedback(now: datetime) -> RoutingForm:
    """After a meeting: to a message, or for those who want a word with us to a web address."""
    rules = [
        Rule("again", "is", "No", Outcome("url", "https://example.com/what-went-wrong")),
    ]
    questions = [
        *_who(),
        Question("stars", "From 1 to 5, how was it?", "number", required=True),
        Question("again", "Would you come again?", "yesno"),
        Question("channels", "How may we reach you?", "several", CHANNELS),
        Question("more", "What could be better?", "text"),
    ]
    thanks = Outcome("message", "Thank you. It helps us to know.")
    return _form("After your meeting", "", questions, rules, thanks, now, "")


def _who() -> list[Question]:
    return [
        Question("name", "Name", required=True, field="name"),
        Question("email", "Email", "email", required=True, field="email"),
    ]


def _form(
    name: str, description: str, questions: list[Question], rules: list[Rule], default: Outcome,
    now: datetime, status: str,
) -> RoutingForm:  # fmt: skip
    begun = now - timedelta(days=DAYS + 10)
    return RoutingForm.objects.create(
        name=name,
        slug=name.lower().replace(" ", "-").replace("?", ""),
        description=description,
        owner=User.objects.get(email="owner@example.com"),
        questions=[question.stored() for question in questions],
        rules=[rule.stored() for rule in rules],
        default_outcome=default.stored(),
        contact_status=status,
        published_at=begun,
        created_at=begun,
    )


def _submissions(
    chance: random.Random, form: RoutingForm, number: int, now: datetime
) -> Iterator[FormSubmission]:
    contacts = list(Contact.objects.exclude(email="").order_by("creation_time", "pk"))
    questions = read_questions(form.questions)
    calendars = {calendar.public_id: calendar for calendar in BookingCalendar.objects.all()}
    for _ in range(number):
        at = now - timedelta(days=chance.random() * DAYS, minutes=chance.random() * 600)
        known = [contact for contact in contacts if contact.creation_time <= at] or contacts[:1]
        contact = chance.choice(known)
        answers = [_answer(chance, question, contact) for question in questions]
        rule, outcome = decide(form, questions, answers)
        leads_to_page = outcome.kind == Kind.CALENDAR
        yield FormSubmission(
            public_id="FSUB-" + "".join(chance.choice(BASE36) for _ in range(12)),
            form=form,
            contact=contact,
            contact_public_id=contact.public_id,
            guest_name=contact.display_name,
            guest_email=contact.email,
            guest_company=contact.company if form.contact_status else "",
            answers=[
                {"name": a.name, "label": a.label, "field": a.field, "value": a.text}
                for a in answers
            ],
            outcome=outcome.kind,
            outcome_text="" if leads_to_page else outcome.to,
            calendar=calendars[outcome.to] if leads_to_page else None,
            rule=rule,
            contact_status=form.contact_status,
            nonce=new_nonce(),
            creation_time=at,
        )


def _answer(chance: random.Random, question: Question, contact: Contact) -> Answer:
    known: dict[str, Any] = {
        "name": contact.display_name,
        "email": contact.email,
        "company": contact.company,
        "stars": chance.choice("34555"),
        "channels": chance.choice(CHANNELS),
        "more": chance.choice(WORDS),
    }
    text = known.get(question.name) or (chance.choice(question.options) if question.options else "")
    return Answer(question.name, question.label, text, question.field, text)


def _note_last_activity(rows: list[FormSubmission]) -> None:
    latest: dict[Contact, datetime] = {}
    for row in rows:
        if row.contact is not None:
            seen = latest.get(row.contact) or row.contact.last_interacted_time
            latest[row.contact] = max(filter(None, (seen, row.creation_time)))
    for contact, seen in latest.items():
        contact.last_interacted_time = seen
    Contact.objects.bulk_update(latest, ["last_interacted_time"], batch_size=300)
