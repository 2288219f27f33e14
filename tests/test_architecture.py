"""The direction of imports: config -> integrations -> activities -> contacts -> Django."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_NOT_IMPORT = {
    "contacts": {"activities", "integrations", "config", "tests"},
    "activities": {"integrations", "config", "tests"},
    "integrations": {"config", "tests"},
    "config": {"tests"},
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("app", MAY_NOT_IMPORT)
def test_no_room_imports_from_above(app: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / app).rglob("*.py")
        for name in imported(path)
        if name in MAY_NOT_IMPORT[app]
    }
    assert wrong == set()


@pytest.mark.parametrize("app", ["contacts", "activities"])
def test_models_and_rules_know_nothing_of_pages(app: str) -> None:
    """Views are the outermost part of an app: only they and the addresses import views."""
    inner = [p for p in (ROOT / app).rglob("*.py") if "views" not in p.parts]
    wrong = {
        str(path.relative_to(ROOT))
        for path in inner
        if not path.name.endswith("urls.py") and ".views" in _runtime_source(path)
    }
    assert wrong == set()


def _runtime_source(path: Path) -> str:
    """The file's imports outside `if TYPE_CHECKING`, as text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(node) for node in body)


def test_one_module_opens_connections_to_other_systems() -> None:
    """But for Exchange Server, whose sign-in needs a connection that stays open."""
    may = {ROOT / "integrations/http.py", ROOT / "integrations/connectors/exchange_pinned.py"}
    network = {"httpx", "requests", "urllib3", "aiohttp", "http.client", "urllib.request"}
    wrong = {
        str(path.relative_to(ROOT))
        for app in ("activities", "integrations")
        for path in (ROOT / app).rglob("*.py")
        if network & set(_modules(path)) and path not in may
    }
    assert wrong == set()


def _modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_no_template_has_inline_script_or_style() -> None:
    bad = ("<script>", " style=", " onclick=", " hx-on", "js:", "|safe", "autoescape off")
    wrong = {
        f"{path.relative_to(ROOT)}: {word}"
        for path in (ROOT / "templates").rglob("*.html")
        for word in bad
        if word in path.read_text(encoding="utf-8")
    }
    assert wrong == set()
