"""The last line of `./khaywe test` tells the truth, also when a runner broke before it counted."""

import json
from pathlib import Path

from loyalty.config.launch.counting import Count, of_exit_code, of_junit, of_vitest

_JUNIT = '<testsuites><testsuite tests="7" failures="1" errors="1" skipped="2"/><testsuite tests="3"/></testsuites>'


def test_count__junit__sums_the_suites(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(_JUNIT)
    assert of_junit(report, 1) == Count(passed=6, failed=2, skipped=2)


def test_count__runner_failed_without_a_failing_test__is_one_failure(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite tests="3"/></testsuites>')
    assert of_junit(report, 2) == Count(passed=3, failed=1)
    assert of_junit(tmp_path / "none.xml", 4) == Count(failed=1)


def test_count__vitest__reads_its_numbers(tmp_path: Path) -> None:
    report = tmp_path / "vitest.json"
    report.write_text(json.dumps({"numPassedTests": 5, "numFailedTests": 0, "numPendingTests": 1, "numTodoTests": 0}))
    assert of_vitest(report, 0) == Count(passed=5, skipped=1)
    assert of_vitest(tmp_path / "none.json", 1) == Count(failed=1)


def test_count__together__reads_as_one_line() -> None:
    assert str(of_exit_code(0) + of_exit_code(1) + Count(skipped=2)) == "1 passed, 1 failed, 2 skipped"
