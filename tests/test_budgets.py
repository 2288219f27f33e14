"""What every page loads stays small (UI.md 9): measured as it is served, compressed."""

import gzip
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[1] / "static"


@pytest.mark.parametrize(
    ("name", "bytes_at_most"),
    [
        ("app.js", 5 * 1024),
        ("app.css", 16 * 1024),
        ("pages.css", 6 * 1024),
        ("booking.js", 512),
        ("chat.js", 15 * 1024),
    ],
)
def test_own_script_and_style_stay_within_their_budgets(name: str, bytes_at_most: int) -> None:
    assert len(gzip.compress((STATIC / name).read_bytes(), 9)) < bytes_at_most


def test_there_is_one_script_and_one_style() -> None:
    """What single pages have of their own stands apart in pages.css. Booking pages load a script of
    their own and not the app's; so do other sites with a bot."""
    own = {path.name for path in STATIC.rglob("*") if path.suffix in {".js", ".css"}}
    assert own == {"app.js", "app.css", "pages.css", "booking.js", "chat.js"}
