"""How the tests are shared among the processes of one run: by file, by group, and the long ones first."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.sharing import ByFile, long_ones_first


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("tests/a/test_b.py::test_c", "tests/a/test_b.py"),
        ("tests/a/test_b.py::test_c[x::y]", "tests/a/test_b.py"),
        ("tests/a/test_b.py::test_c[name@example.com]", "tests/a/test_b.py"),
        ("tests/a/test_b.py::test_c@platform", "platform"),
        ("tests/a/test_d.py::test_c[name@example.com]@platform", "platform"),
    ],
)
def test_scope__of_a_test__is_its_group_or_its_file(nodeid: str, scope: str) -> None:
    assert ByFile.__new__(ByFile)._split_scope(nodeid) == scope


def test_order__groups_then_slow_files_then_the_others__each_file_as_it_was() -> None:
    def item(path: str, name: str, *marks: str) -> Any:
        return SimpleNamespace(
            path=Path(path), name=name, get_closest_marker=lambda mark: mark if mark in marks else None
        )

    collected = [item("a", "1"), item("b", "2"), item("b", "3", "slow"), item("c", "4", "slow", "xdist_group")]
    assert [one.name for one in long_ones_first(collected)] == ["4", "2", "3", "1"]
