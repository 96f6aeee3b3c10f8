"""The kill harness in short: every planted fault is caught, and the platform as it is survives the same storm."""

import re
import subprocess
import sys

import pytest

from tests.house.source import ROOT
from tests.stories.running import clean_environment

FAULTS = (
    "no_idempotency", "no_lock", "split_commit", "event_after_commit", "relay_marks_first", "synchronous_commit_off",
)  # fmt: skip
# Each is caught in 5 to 15 seconds on an idle machine; this is for one that does something else as well.
PATIENCE_S = 120


def harness(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the harness to its end."""
    return subprocess.run(
        [sys.executable, "-m", "loyalty.config.launch", "bench", "kill", *arguments],
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False, timeout=880,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_storm__with_and_without_faults__tells_one_from_the_other() -> None:
    done = harness("--self-test", "--seed", "3", "--seconds", "4", "--patience", str(PATIENCE_S))
    told = done.stdout + done.stderr[-3000:]
    assert re.search(r"^\(none\)\s+clean$", done.stdout, re.MULTILINE), told
    for fault in FAULTS:
        assert re.search(rf"^{fault}\s+[0-9.]+ s  \S", done.stdout, re.MULTILINE), told
    assert done.returncode == 0, told


def test_command_line__unknown_fault__is_refused() -> None:
    done = harness("--fault", "no_gravity")
    assert done.returncode == 2
    assert "no_gravity" in done.stderr
