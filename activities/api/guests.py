"""From a `booking_form` of the API to a guest: checked by the form of the public page."""

import copy
from collections.abc import Iterator
from typing import Any

from django.http import QueryDict

from activities.api.objects import name_of
from activities.capture import Guest
from activities.forms import BookingForm, Input
from activities.models import BookingCalendar
from activities.questions import Question, kind_of, mappable_fields, read_questions
from contacts.api.errors import ApiError, bad
from contacts.fields import CUSTOM

MISSING = "Required fields are missing."
Ask = BookingCalendar.Ask


def guest_from(calendar: BookingCalendar, sent: dict[str, Any], *, zone: str) -> Guest:
    """The guest whose details these are. Raises ApiError: the first thing that is wrong.

    Fields of a contact are taken whether or not the calendar's page asks for them.
    """
    asked = _widened(calendar, sent)
    names = _names(asked, sent)
    data = QueryDict(mutable=True)
    for name, value in sent.items():
        if name not in names:
            raise bad("Unsupported field", name)
        data.setlist(names[name], list(_texts(name, value)))
    form = BookingForm(asked, data, zone=zone)
    if form.guest is None:
        called = {each: name for name, each in names.items()}
        raise _fault([each for each in form.inputs if each.error], called)
    return form.guest


def _widened(calendar: BookingCalendar, sent: dict[str, Any]) -> BookingCalendar:
    """The calendar as if it asked for everything that was sent. Never saved."""
    asked = copy.copy(calendar)
    asked.ask_note = asked.ask_guests = True
    asked.ask_mobile = Ask.OPTIONAL if asked.ask_mobile == Ask.NO else asked.ask_mobile
    asked.ask_company = Ask.OPTIONAL if asked.ask_company == Ask.NO else asked.ask_company
    own = read_questions(asked.questions)
    there = {name_of(question) for question in own} | {question.name for question in own}
    more = [
        Question(name, field.label, kind_of(field), field.options, field=field.name)
        for field in mappable_fields()
        if (name := field.name.removeprefix(CUSTOM)) in sent and name not in there
    ]
    asked.questions = [*asked.questions, *(question.stored() for question in more)]
    return asked


def _names(asked: BookingCalendar, sent: dict[str, Any]) -> dict[str, str]:
    """{name in the API: name in the form}, of what the form has. A question goes by two names."""
    form = BookingForm(asked)
    questions = {f"q_{question.name}": question for question in form.questions}
    names: dict[str, str] = {}
    for each in form.inputs:
        question = questions.get(each.name)
        spellings = [each.name] if question is None else [question.name, name_of(question)]
        for name in spellings:
            names.setdefault(name, each.name)
    return names


def _texts(name: str, value: Any) -> Iterator[str]:
    """The value as a form would send it. Raises ApiError."""
    if value is None or value is False:
        return
    if value is True:
        yield "yes"
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        if name == "guests":
            yield ", ".join(value)
        else:
            yield from value
    else:
        raise bad(f"Invalid value for {name}: Use a text, or a list of texts", name)


def _fault(wrong: list[Input], called: dict[str, str]) -> ApiError:
    """What is missing comes first, as it does with OnceHub."""
    for each in wrong:
        if each.required and not each.text.strip():
            return bad(MISSING, called[each.name])
    first = wrong[0]
    name = called[first.name]
    if name == "email":
        return bad(f"Invalid email format: '{first.text}'", name)
    if name in {"mobile_phone", "phone"}:
        return bad(f"Invalid phone format: '{first.text}'", name)
    return bad(f"Invalid value for {name}: {first.error}", name)
