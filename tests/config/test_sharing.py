"""How the tests are shared among the processes of one run: by file, or by what files share; no test is left out."""

import re
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.house.source import ROOT
from tests.sharing import FIRST, TOGETHER, Whole, by_chance, long_ones_first, scope_of


@pytest.mark.parametrize("test", ["test_c", "test_c[x::y]", "test_c[name@example.com]"])
def test_scope__of_a_test__is_its_file(test: str) -> None:
    assert scope_of(f"tests/points/test_b.py::{test}") == "tests/points/test_b.py"


def test_scope__of_all_files_that_use_the_banks_platform__is_one() -> None:
    files = [
        file for file in (ROOT / "tests/stories").glob("test_*.py")
        if re.search(r"\bbank: Bank\b", file.read_text(encoding="utf-8"))
    ]  # fmt: skip
    assert len(files) > 1
    assert len({scope_of(f"{file.relative_to(ROOT).as_posix()}::test_a") for file in files}) == 1


def test_order__longest_and_slow_files_before_the_others__each_file_as_it_was() -> None:
    def item(path: str, name: str, *marks: str) -> Any:
        return SimpleNamespace(
            path=Path(path), nodeid=f"{path}::{name}", name=name,
            get_closest_marker=lambda mark: mark if mark in marks else None,
        )  # fmt: skip

    collected = [item("a", "1"), item("b", "2"), item("b", "3", "slow"), item("c", "4", "slow"), item(FIRST[1], "5")]
    assert [one.name for one in long_ones_first(collected)] == ["5", "2", "3", "4", "1"]


def test_order__by_a_seed__keeps_together_what_shares_and_is_the_same_again() -> None:
    paths = [*"abcde", f"{TOGETHER[0]}1", f"{TOGETHER[0]}2"]
    collected: Any = [SimpleNamespace(path=path, nodeid=f"{path}::{number}") for path in paths for number in range(4)]
    orders = {seed: [one.nodeid for one in by_chance(collected, seed)] for seed in ("one", "two")}
    for seed, order in orders.items():
        assert [one.nodeid for one in by_chance(collected, seed)] == order
        assert sorted(order) == sorted(one.nodeid for one in collected)
        files, scopes = ([key for key, _ in groupby(order, of)] for of in (lambda one: one.split("::")[0], scope_of))
        assert (len(files), len(scopes)) == (7, 6), "each stands at one place"
        assert files != paths
    assert orders["one"] != orders["two"]


def test_order__files_that_are_named_as_longest__are_there() -> None:
    assert [name for name in FIRST if not list(ROOT.glob(f"{name}*"))] == []


@pytest.mark.parametrize(
    ("ended", "exit_before", "exit_after", "left_out"),
    [
        (["a", "b", "b"], 0, 0, []),
        (["a", "b"], 0, 1, ["b"]),
        (["b", "b"], 0, 1, ["a"]),
        (["a"], 2, 2, ["b", "b"]),
    ],
)
def test_whole__tests_collected_and_run__fails_the_run_that_left_one_out(
    ended: list[str], exit_before: int, exit_after: int, left_out: list[str]
) -> None:
    whole, session = Whole(), SimpleNamespace(exitstatus=exit_before)
    whole.pytest_xdist_node_collection_finished(node=None, ids=["a", "b", "b"])
    for nodeid in ended:
        whole.pytest_runtest_logfinish(nodeid)
    whole.pytest_sessionfinish(session, exit_before)  # type: ignore[arg-type]
    assert (session.exitstatus, whole.left_out) == (exit_after, left_out)
