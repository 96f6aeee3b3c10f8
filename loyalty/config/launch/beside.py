"""Parts of `./khaywe test` in a launcher of their own beside this one; what they say comes out whole, at their end."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from loyalty.config.launch.counting import Count
from loyalty.config.launch.identity import SELF
from loyalty.config.launch.programs import ROOT
from loyalty.config.launch.progress import say

_TEST = (sys.executable, "-m", "loyalty.config.launch", "test")


@dataclass(frozen=True)
class Result:
    """What a part came to, and in how many seconds."""

    part: str
    count: Count
    seconds: float

    def __str__(self) -> str:
        return f"{self.part:8} {self.count} in {self.seconds:.1f} s"


def write_results(path: Path, results: Sequence[Result]) -> None:
    """Write the results of some parts for whoever waits for them."""
    path.write_text(json.dumps([asdict(result) for result in results]))


def read_results(path: Path, parts: Sequence[str], code: int) -> list[Result]:
    """Read the results of these parts; one that wrote none has failed, and so have all that ended with nothing told."""
    try:
        told = {one["part"]: one for one in json.loads(path.read_text())}
    except (FileNotFoundError, json.JSONDecodeError):
        told = {}
    failed = {"count": {"failed": 1}, "seconds": 0.0}
    found = [told.get(part, failed) for part in parts]
    results = [Result(part, Count(**one["count"]), one["seconds"]) for part, one in zip(parts, found, strict=True)]
    if code != 0 and not any(result.count.failed for result in results):
        results.append(Result("beside", Count(failed=1), 0.0))
    return results


@contextmanager
def beside(parts: Sequence[str], place: Path) -> Iterator[Callable[[], list[Result]]]:
    """Run parts in another process while the block runs; what is given waits for them and tells their results.

    That process ends with this one, however this one ends.
    """
    said, report = place / "beside.log", place / "beside.json"
    say(f"testing {' and '.join(parts)} beside it; what they say comes at their end")
    with said.open("wb") as output:
        popen = subprocess.Popen(
            SELF.wrap([*_TEST, *parts, "--report", str(report)]),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def results() -> list[Result]:
        code = popen.wait()
        print(said.read_text(errors="replace"), flush=True)
        return read_results(report, parts, code)

    try:
        yield results
    finally:
        popen.terminate()
        popen.wait()
