"""What is wrong with a flow: refused when it is saved or published, each fault at its step."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from activities.chats.flow import (
    BRANCH,
    CHOICE,
    END,
    MEETING,
    MESSAGE,
    QUESTION,
    STATUS,
    Flow,
    Step,
)

NO_STEPS = "Add a step: a bot that says nothing cannot be published"
NOBODY_ASKED = "Add a question: a bot that asks nothing learns nothing"
LOOP = "From here the bot would talk for ever: a way back needs a question on it"
LOST = "The step that it leads to is not there any more. Choose another"


class Fault(NamedTuple):
    """One fault: the step's place, the name of the input, and a sentence."""

    place: int
    name: str
    text: str


def faults_of(flow: Flow, calendars: Collection[str]) -> list[Fault]:
    """Every fault. `calendars` are the public ids of the booking calendars that are open."""
    found = [
        fault for place in range(len(flow.steps)) for fault in _of_step(flow, place, calendars)
    ]
    if not found:
        found += [Fault(place, "then", LOOP) for place in sorted(_loops(flow))[:1]]
    return found


def _of_step(flow: Flow, place: int, calendars: Collection[str]) -> Iterator[Fault]:
    step = flow.steps[place]
    if step.kind in {MESSAGE, QUESTION} and not step.text:
        yield Fault(place, "text", "Enter what the bot says")
    if step.then and flow.place(step.then) is None:
        yield Fault(place, "then", LOST)
    if step.kind == QUESTION and step.answer == CHOICE and len(step.options) < 2:
        yield Fault(place, "options", "Enter at least two answers, each on a line of its own")
    if step.kind == STATUS and not step.status:
        yield Fault(place, "status", "Choose a status")
    if step.kind == MEETING and step.calendar not in calendars:
        closed = "This booking calendar is closed. Choose another one"
        yield Fault(place, "calendar", closed if step.calendar else "Choose a booking calendar")
    if step.kind == BRANCH:
        yield from _of_rules(flow, place)


def _of_rules(flow: Flow, place: int) -> Iterator[Fault]:
    step = flow.steps[place]
    if not step.rules:
        yield Fault(place, "rule_0", "Add a rule: without one a branch does nothing")
    for number, rule in enumerate(step.rules):
        asked = flow.step(rule.question)
        if asked is None or asked.kind not in {QUESTION, MEETING}:
            yield Fault(place, f"rule_{number}", "Choose the question that it looks at")
        elif flow.step(rule.then) is None:
            yield Fault(place, f"rule_{number}", "Choose the step that it leads to")


def _ways(flow: Flow, place: int, step: Step) -> list[int]:
    """Where a step may lead without waiting for an answer. A meeting waits only while its calendar
    takes bookings, so it breaks no loop."""
    if step.kind in {QUESTION, END}:
        return []
    ways = [flow.after(place), *(flow.place(rule.then) for rule in step.rules)]
    return [way for way in ways if way is not None]


def _loops(flow: Flow) -> set[int]:
    """The places from which the bot could come back to where it was without asking anything."""
    ways = {place: _ways(flow, place, step) for place, step in enumerate(flow.steps)}
    reached = {place: set(there) for place, there in ways.items()}
    for _ in ways:
        for there in reached.values():
            there |= {further for way in tuple(there) for further in reached[way]}
    return {place for place, there in reached.items() if place in there}
