"""How many tests passed, failed and were skipped, read from the reports that the test runners write."""

import json
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True)
class Count:
    """A number of tests by outcome; sums up with `+`."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def of_exit_code(code: int) -> Count:
    """A check that has no numbers of its own counts as one."""
    return Count(passed=1) if code == 0 else Count(failed=1)


def _at_least_as_bad_as(code: int, count: Count) -> Count:
    """A runner that fails without a failing test (a broken import, a missing file) still failed."""
    return count + Count(failed=1) if code != 0 and count.failed == 0 else count


def of_junit(report: Path, code: int) -> Count:
    """The report of pytest and of Playwright: test suites with attributes `tests`, `failures`, `errors`, `skipped`."""
    if not report.exists():
        return of_exit_code(code)
    count = Count()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        failed = int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
        skipped = int(suite.get("skipped", "0"))
        count += Count(int(suite.get("tests", "0")) - failed - skipped, failed, skipped)
    return _at_least_as_bad_as(code, count)


def of_vitest(report: Path, code: int) -> Count:
    """The JSON report of vitest."""
    if not report.exists():
        return of_exit_code(code)
    found = json.loads(report.read_text())
    skipped = int(found.get("numPendingTests", 0)) + int(found.get("numTodoTests", 0))
    return _at_least_as_bad_as(code, Count(int(found["numPassedTests"]), int(found["numFailedTests"]), skipped))
