"""Whatever is written to the audit is called something, and can be chosen on its page."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from activities.models import MeetingEvent
from activities.views import form_editor
from contacts.audit_words import known_actions
from contacts.models import BulkAction
from integrations.models import CrmConflict

ROOT = Path(__file__).resolve().parents[2]
APPS = ("contacts", "activities", "integrations")
ACTION = re.compile(r"[a-z]+\.(?!js$)[a-z_]+")  # and no name of a file
#: What the code puts together: the part before the dot, and what may follow.
FAMILIES = {
    "bulk": set(BulkAction.State.values) - {"running"},
    "crm": set(CrmConflict.Choice.values) - {""},
    "form": {word for word, _told in form_editor.ACTIONS.values()},
    "meeting": set(MeetingEvent.Kind.values),
    "signin": {"slowed", "locked"},
}


def calls_of_audit(tree: ast.AST) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {"audit", "audit_each"}
    return [c for c in calls if {getattr(c.func, "attr", ""), getattr(c.func, "id", "")} & names]


def modules() -> Iterator[tuple[ast.AST, list[ast.Call]]]:
    """Every module that writes to the audit, with its calls."""
    for path in (path for app in APPS for path in (ROOT / app).rglob("*.py")):
        tree = ast.parse(path.read_text())
        if calls := calls_of_audit(tree):
            yield tree, calls


def test_every_action_that_is_spelled_out_has_words() -> None:
    spelled = {
        node.value
        for tree, _calls in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and ACTION.fullmatch(str(node.value))
    }
    assert len(spelled) > 50
    assert spelled - set(dict(known_actions())) == set()


def test_every_action_that_is_put_together_is_of_a_known_family() -> None:
    said = [call.args[1] for _tree, calls in modules() for call in calls if len(call.args) > 1]
    starts = {ast.unparse(arg.values[0]) for arg in said if isinstance(arg, ast.JoinedStr)}
    assert starts == {f"'{family}.'" for family in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_member_of_a_family_has_words(family: str) -> None:
    expected = {f"{family}.{member}" for member in FAMILIES[family]}
    assert expected - set(dict(known_actions())) == set()
