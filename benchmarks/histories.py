"""Kept histories of journeys taken through the engine: every person the same path, step by step, at the same instants.

No ratio of speed: the share of histories that took the same path, which has to be all of them. ``--rows N`` takes the
first N of those that are kept, ``--quick`` a thousand.
"""

from benchmarks.harness import Bench
from tests.journeys import replaying

QUICK = 1_000
SHOWN, EACH = 10, 1_000


def run(bench: Bench) -> None:
    """Replay."""
    found = replaying.replay(bench.rows or (QUICK if bench.is_quick else None), tell=_tell)
    for one in found.different[:SHOWN]:
        print(f"  {one}")
    _tell(found, is_last=True)
    same = (found.histories - len(found.different)) / found.histories
    bench.tell_ratios("histories that took the path that was kept", [same], floor=1.0)


def _tell(found: replaying.Replayed, *, is_last: bool = False) -> None:
    """Say how far it came, now and then: a whole replay takes minutes."""
    if is_last or found.histories % EACH == 0:
        words = f"  {found.histories:,} histories with {found.steps:,} steps, {len(found.different):,} differ"
        print(words, flush=True)
