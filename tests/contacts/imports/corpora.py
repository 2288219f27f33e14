"""The corpora beside the project: ../shared/corpora, used where it is and never copied."""

import os
from pathlib import Path

import pytest

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "corpora"


def corpus(name: str) -> Path:
    """A file of the corpora. Skips the test where they are absent, fails it in CI."""
    if not CORPORA.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("../shared/corpora is missing")
        pytest.skip("../shared/corpora is not there")
    return CORPORA / name
