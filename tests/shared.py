"""The reference files beside the project (`../shared`): present for its developers and in CI."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared_file(name: str) -> Path:
    """A file of ../shared; skips the test where there is none, fails in CI."""
    path = SHARED / name
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"../shared/{name} is missing")
        pytest.skip("needs ../shared, which only its developers and CI have")
    return path


def shared_json(name: str) -> Any:
    return json.loads(shared_file(name).read_text(encoding="utf-8"))


def shared_yaml(name: str) -> Any:
    return yaml.safe_load(shared_file(name).read_text(encoding="utf-8"))
