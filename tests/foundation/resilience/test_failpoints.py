"""Failpoints: off and silent unless named, then deadly at the stated pass, and each name stands once in the source."""

import ast
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from loyalty.foundation.resilience import failpoints
from tests.house.source import sources

PROGRAM = """
from loyalty.foundation.resilience.failpoints import maybe_fail
for number in range(5):
    maybe_fail("bell.rung")
    maybe_fail("bell.heard")
    print(number, flush=True)
"""


def run(point: str, log: Path) -> "subprocess.CompletedProcess[str]":
    """Run five rounds over two points in a process of its own."""
    environment = {**os.environ, failpoints.VARIABLE: point, failpoints.LOG_VARIABLE: str(log)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_failpoint__not_named__lets_the_process_live(tmp_path: Path) -> None:
    done = run("", tmp_path / "log")
    assert (done.returncode, done.stdout.split()) == (0, ["0", "1", "2", "3", "4"])
    assert not (tmp_path / "log").exists()


def test_failpoint__named__kills_at_that_pass_and_tells_it(tmp_path: Path) -> None:
    done = run("bell.heard:3", tmp_path / "log")
    assert (done.returncode, done.stdout.split()) == (-signal.SIGKILL, ["0", "1"])
    assert (tmp_path / "log").read_text().split()[0] == "bell.heard"


def test_failpoint__without_a_number__kills_at_the_first_pass(tmp_path: Path) -> None:
    assert run("bell.rung", tmp_path / "log").stdout == ""


def test_failpoint__any__counts_the_passes_of_all(tmp_path: Path) -> None:
    assert run("*:4", tmp_path / "log").stdout.split() == ["0"]
    assert (tmp_path / "log").read_text().split()[0] == "bell.heard"


@pytest.mark.parametrize("text", ["bell.rung:0", "bell.rung:-1", "bell.rung:often"])
def test_failpoint__read_from_nonsense__is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        failpoints.read(text, "")


def test_failpoints__in_the_source__have_literal_names_that_stand_once() -> None:
    names: Counter[str] = Counter()
    for source in sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "maybe_fail":
                (name,) = node.args
                assert isinstance(name, ast.Constant), f"{source.name}:{node.lineno} is not a literal"
                names[str(name.value)] += 1
    assert [name for name, number in names.items() if number > 1] == []
