"""Parts of a test run in a launcher beside it: their numbers come back, and what told none has failed."""

from pathlib import Path

import pytest

from loyalty.config.launch.beside import Result, beside, read_results, write_results
from loyalty.config.launch.counting import Count


def test_results__written_and_read__are_the_same(tmp_path: Path) -> None:
    results = [Result("console", Count(passed=3, skipped=1), 1.5), Result("e2e", Count(passed=2, failed=1), 2.0)]
    write_results(tmp_path / "told.json", results)
    assert read_results(tmp_path / "told.json", ["console", "e2e"], code=1) == results


@pytest.mark.parametrize(
    ("told", "code", "failed"),
    [
        ([], 0, {"console": 1, "e2e": 1}),
        ([Result("console", Count(passed=3), 1.0)], 1, {"console": 0, "e2e": 1}),
        ([Result("console", Count(passed=3), 1.0), Result("e2e", Count(passed=2), 1.0)], 1,
         {"console": 0, "e2e": 0, "beside": 1}),
    ],
)  # fmt: skip
def test_results__of_a_part_that_told_none_or_of_a_process_that_failed__are_failures(
    tmp_path: Path, told: list[Result], code: int, failed: dict[str, int]
) -> None:
    report = tmp_path / "told.json"
    if told:
        write_results(report, told)
    assert {one.part: one.count.failed for one in read_results(report, ["console", "e2e"], code)} == failed


def test_beside__a_part_that_is_refused__is_a_failure_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with beside(["nonsense"], tmp_path) as results:
        found = results()
    assert [(one.part, one.count) for one in found] == [("nonsense", Count(failed=1))]
    assert "There is no part 'nonsense'" in capsys.readouterr().out


def test_beside__block_left_early__ends_the_process(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), beside(["nonsense"], tmp_path):
        raise KeyboardInterrupt
    assert not (tmp_path / "beside.json").exists()
