"""The public JSONLogic suites, kept beside the repository; read with exact numbers."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "jsonlogic"


def read_suite(name: str) -> list[Any]:
    """The cases of one file, without its headlines; skips the test where the data is not at hand."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"the public suite {name} is not beside this repository")
    text = path.read_text(encoding="utf-8")
    cases: list[Any] = [case for case in json.loads(text, parse_float=Decimal) if not isinstance(case, str)]
    return cases


def is_json_equal(left: object, right: object) -> bool:
    """Equal as JSON: numbers by value, yes and no kept apart from 1 and 0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, Decimal)) and isinstance(right, (int, Decimal)):
        return left == right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(is_json_equal(one, two) for one, two in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_json_equal(left[key], right[key]) for key in left)
    return type(left) is type(right) and left == right
