"""The written profile names every operator, every code and every limit."""

import re
from pathlib import Path

import pytest

from loyalty.foundation.rules import limits
from loyalty.foundation.rules.api import list_operators, parse_text

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
TABLE = PAGE[PAGE.index("## Operators") : PAGE.index("## Money")]


def test_page__operators__equal_the_table() -> None:
    rows = [line.split("|")[1] for line in TABLE.splitlines() if line.startswith("| `")]
    written = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert written == {entry.name for entry in list_operators()}


def test_page__error_codes__equal_the_code() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "loyalty/foundation/rules").rglob("*.py")]
    used = set(re.findall(r'"(rule\.[a-z_]+)"', " ".join(sources)))
    assert used == set(re.findall(r"`(rule\.[a-z_]+)`", PAGE))


def test_page__examples__are_json() -> None:
    examples = re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL)
    assert len(examples) >= 2
    for example in examples:
        parse_text(example)


@pytest.mark.parametrize("name", ["DEPTH_MAX", "NODES_MAX", "LIST_MAX", "ITEMS_MAX", "TEXT_MAX", "STEPS_MAX"])
def test_page__limits__are_those_of_the_code(name: str) -> None:
    assert f"{getattr(limits, name):,}" in PAGE[PAGE.index("## Limits") :]


def test_catalogue__row_only_operators__are_marked() -> None:
    marked = {entry.name for entry in list_operators() if not entry.is_compilable}
    assert marked == {"filter", "map", "reduce", "merge"}
    assert all(entry.meaning for entry in list_operators())
