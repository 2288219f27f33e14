"""Answers of a form that go on to the booking page: typed once, not twice."""

from activities.forms import Input
from activities.models import FormSubmission
from activities.questions import Question
from activities.routing.submitting import find_submission
from contacts.search import fold

_OWN = {
    "name": "guest_name",
    "email": "guest_email",
    "mobile_phone": "guest_mobile_phone",
    "company": "guest_company",
}


def carried_by(token: str) -> FormSubmission | None:
    """The submission that a link to a booking page names; None where there is none, or no more."""
    found = find_submission(token) if token else None
    return None if found is None or found.is_test else found


def fill_in(submission: FormSubmission, inputs: list[Input], questions: list[Question]) -> None:
    """Put the answers into a booking page's empty inputs: the guest's details, and each question
    that is for the same contact field or has the same words."""
    asked = {f"q_{question.name}": question for question in questions}
    for each in inputs:
        if each.name in _OWN:
            text = str(getattr(submission, _OWN[each.name]))
        elif each.name in asked:
            text = _answer(asked[each.name], submission)
        else:
            continue
        if text:
            each.texts = text.split("; ") if each.kind == "several" else [text]


def _answer(question: Question, submission: FormSubmission) -> str:
    for answer in submission.answers:
        same_field = bool(question.field) and answer["field"] == question.field
        if same_field or fold(answer["label"]) == fold(question.label):
            return str(answer["value"])
    return ""
