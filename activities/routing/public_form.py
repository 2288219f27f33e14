"""The public page of a routing form. It keeps what was typed, whatever is wrong with it."""

from django.http import QueryDict

from activities.capture import FULL_NAME, Answer
from activities.forms import Input
from activities.models import RoutingForm
from activities.questions import CHOICE, Question
from activities.routing.questions import YES_OR_NO, answer_to, read_questions
from contacts.identity import InvalidValue
from contacts.models import Account

_AUTOCOMPLETE = {
    FULL_NAME: "name",
    "first_name": "given-name",
    "last_name": "family-name",
    "email": "email",
    "mobile_phone": "tel",
    "phone": "tel",
    "company": "organization",
    "job_title": "organization-title",
}


class PublicForm:
    """The questions of a form as inputs, and their cleaned answers once all of them are good.

    What was sent for a question that nobody asks is not looked at.
    """

    def __init__(self, form: RoutingForm, data: QueryDict | None = None) -> None:
        self.questions = read_questions(form.questions)
        self.inputs = [_input_of(question) for question in self.questions]
        self.answers: list[Answer] = []
        self.bound = data is not None
        if data is not None:
            self._read(data)

    @property
    def is_valid(self) -> bool:
        return self.bound and not self.error_list

    @property
    def error_list(self) -> list[tuple[str, str, str]]:
        """(input id, label, sentence) for the summary."""
        return [(each.id, each.label, each.error) for each in self.inputs if each.error]

    def _read(self, data: QueryDict) -> None:
        region = Account.load().default_region
        for question, each in zip(self.questions, self.inputs, strict=True):
            each.texts = [str(text).replace("\x00", "") for text in data.getlist(each.name)]
            try:
                self.answers.append(answer_to(question, each.texts, region=region))
            except InvalidValue as fault:
                each.error = str(fault)


def _input_of(question: Question) -> Input:
    return Input(
        f"q_{question.name}",
        question.label,
        CHOICE if question.kind == YES_OR_NO else question.kind,
        question.required,
        question.options,
        autocomplete=_AUTOCOMPLETE.get(question.field, "off"),
    )
