"""What a bot says next, and which flows are refused: without a database."""

import pytest

from activities.chats.checks import LOOP, faults_of
from activities.chats.flow import (
    CHOOSE,
    CLOSED,
    BadFlow,
    Flow,
    Need,
    Position,
    Rule,
    Step,
    Turn,
    advance,
    begin,
    holds,
)

NAME = Step("name", "question", "Name?", field="name")
MAIL = Step("mail", "question", "Email?", answer="email")
BYE = Step("bye", "end", "Bye.")


def needed(*names: str) -> tuple[Need, ...]:
    return tuple(Need(name, f"Your {name}?", about=name) for name in names)


def first(*steps: Step, needs: tuple[Need, ...] | None = ()) -> Turn:
    return begin(Flow(steps), lambda _: needs)


def after(step: str, answers: dict[str, str], *steps: Step, detail: str = "", needs: tuple[Need, ...] | None = ()) -> Turn:  # fmt: skip
    return advance(Flow(steps), Position(step, detail), answers, lambda _: needs)


def faults(*steps: Step) -> list[str]:
    return [fault.text for fault in faults_of(Flow(steps), {"BKC-1"})]


def test_it_says_what_comes_and_waits_at_the_first_question() -> None:
    turn = first(Step("hello", "message", "Hello."), NAME, BYE)
    assert turn == Turn(("Hello.", "Name?"), Position("name"))


def test_the_end_is_reached_by_an_end_or_by_running_out_of_steps() -> None:
    assert after("name", {"name": "Ada"}, NAME, BYE) == Turn(("Bye.",), Position())
    assert after("name", {"name": "Ada"}, NAME) == Turn((), Position())
    assert first() == Turn((), Position())


def test_a_step_leads_to_the_one_that_it_names() -> None:
    steps = (NAME, Step("skipped", "message", "Never."), BYE)
    ahead = (Step("name", "question", "Name?", then="bye"), *steps[1:])
    assert after("name", {"name": "Ada"}, *ahead).says == ("Bye.",)


def test_a_branch_takes_the_first_rule_that_is_true_and_else_goes_on() -> None:
    fork = Step("fork", "branch", rules=(Rule("name", "is", "ADA", "bye"),))
    steps = (NAME, fork, MAIL, BYE)
    assert after("name", {"name": "ada"}, *steps).says == ("Bye.",)
    assert after("name", {"name": "Bob"}, *steps).says == ("Email?",)


@pytest.mark.parametrize(
    ("op", "value", "answer", "true"),
    [
        ("is", "Café", "cafe", True),
        ("is_not", "tax", "books", True),
        ("contains", "tax", "My TAXES", True),
        ("contains", "", "anything", False),
        ("at_least", "10", "1,000", True),
        ("at_most", "10", "many", False),
        ("answered", "", "", False),
        ("unanswered", "", "", True),
    ],
)
def test_rules_compare_as_people_do(op: str, value: str, answer: str, true: bool) -> None:
    assert holds(Rule("q", op, value, "x"), {"q": answer}) is true


def test_a_status_is_given_on_the_way() -> None:
    hot = Step("hot", "status", status="Qualified")
    assert after("name", {"name": "Ada"}, NAME, hot, BYE) == Turn(
        ("Bye.",), Position(), "Qualified"
    )


def test_a_meeting_asks_first_for_what_it_has_not_been_told() -> None:
    meet = Step("meet", "meeting", "A call?", calendar="BKC-1")
    steps, needs = (NAME, meet, BYE), needed("name", "email")
    asked = after("name", {"name": "Ada"}, *steps, needs=needs)
    assert asked.position == Position("meet", "email") and asked.says[0] == "A call?"
    told = {"name": "Ada", "~email": "ada@example.com"}
    assert after("meet", told, *steps, detail="email", needs=needs) == Turn((CHOOSE,), Position("meet"))  # fmt: skip


def test_a_meeting_whose_calendar_is_closed_is_passed_by() -> None:
    meet = Step("meet", "meeting", "A call?", calendar="BKC-1")
    assert first(meet, BYE, needs=None).says == (CLOSED, "Bye.")


def test_a_loop_that_slipped_through_ends() -> None:
    loop = (Step("a", "message", "Again."), Step("b", "message", "And.", then="a"))
    assert first(*loop).position == Position()


def test_a_way_back_without_a_question_is_refused_and_with_one_it_is_not() -> None:
    back = Step("back", "message", "Again.", then="hello")
    hello = Step("hello", "message", "Hello.")
    assert faults(hello, back) == [LOOP]
    assert faults(hello, NAME, back) == []
    fork = Step("fork", "branch", rules=(Rule("name", "is", "x", "fork"),))
    assert faults(NAME, fork, BYE) == [LOOP]


def test_each_fault_stands_at_its_step() -> None:
    steps = (
        Step("a", "question", ""),
        Step("b", "question", "Which?", answer="choice", options=("One",)),
        Step("c", "status"),
        Step("d", "meeting", calendar="BKC-9"),
        Step("e", "branch", rules=(Rule("c", "is", "x", "a"), Rule("a", "is", "x", "gone"))),
        Step("f", "message", "Hi.", then="gone"),
    )
    found = faults_of(Flow(steps), {"BKC-1"})
    assert [(f.place, f.name) for f in found] == [
        (0, "text"), (1, "options"), (2, "status"), (3, "calendar"), (4, "rule_0"), (4, "rule_1"), (5, "then"),
    ]  # fmt: skip


def test_a_flow_is_stored_and_read_again() -> None:
    flow = Flow((NAME, Step("fork", "branch", rules=(Rule("name", "is", "Ada", "name"),)), BYE))
    assert Flow.read(flow.stored()) == flow


@pytest.mark.parametrize(
    "stored", [None, {}, [None], [{"id": "a"}], [{"id": "a", "kind": "shout"}], [{"id": "a", "kind": "end", "more": 1}], [{"id": "", "kind": "end"}]]
)  # fmt: skip
def test_what_is_no_flow_is_refused(stored: object) -> None:
    with pytest.raises(BadFlow):
        Flow.read(stored)
