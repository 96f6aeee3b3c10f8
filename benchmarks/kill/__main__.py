"""The command line: ``./khaywe bench kill --minutes N --seed S [--fault NAME | --self-test]``."""

import argparse
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kill import report
from benchmarks.kill.faults import FAULTS
from benchmarks.kill.run import Outcome, Wish, prepare, run
from loyalty.config.launch.postgres import Use
from loyalty.config.launch.refusal import LaunchRefused, StepFailed, StopRequested
from loyalty.config.launch.testing import temporary_installation

CAUGHT_WITHIN_S = 60.0
MEMORY_FREE = 2 * 1024**3
# Short enough that several storms and calms fit a minute.
SHORT_ROUND_S, LONG_ROUND_S = 3.0, 20.0
SHORT_STOP_S, LONG_STOP_S = 2.5, 6.0


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="./khaywe bench kill",
        description="Kill the platform all the time and see that no point is lost or doubled.",
    )
    made.add_argument("--minutes", type=float, default=1.0, metavar="N", help="how long (1)")
    made.add_argument("--seed", type=int, metavar="S", help="what the storm is drawn from (a random one)")
    made.add_argument("--fault", choices=sorted(FAULTS), metavar="NAME", help=f"plant a fault: {', '.join(FAULTS)}")
    made.add_argument(
        "--self-test", action="store_true", help="plant every fault in turn; each must be caught, the platform be clean"
    )
    made.add_argument("--seconds", type=float, help="in a self-test, how long the clean run takes (10)", default=10.0)
    made.add_argument(
        "--patience", type=float, default=CAUGHT_WITHIN_S, metavar="S",
        help=f"in a self-test, after how many seconds a fault counts as not caught ({CAUGHT_WITHIN_S:.0f})",
    )  # fmt: skip
    made.add_argument("--on-disk", action="store_true", help="keep the database on the disk and not in memory")
    made.add_argument("--keep", type=Path, metavar="DIR", help="keep the logs of the run in this folder")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 when nothing was found (in a self-test: when every fault was caught), 1 else."""
    chosen = parser().parse_args(arguments)
    seed = chosen.seed if chosen.seed is not None else secrets.randbelow(1_000_000)
    if chosen.keep is not None:
        chosen.keep.mkdir(parents=True, exist_ok=True)
    print(report.heading(seed), flush=True)
    if not chosen.on_disk and "TMPDIR" not in os.environ:
        tempfile.tempdir = _memory_folder()
    try:
        with temporary_installation("kill", Use.BENCH) as installation, tempfile.TemporaryDirectory() as place:
            world = prepare(installation, Path(place))
            if chosen.self_test:
                outcomes = []
                for fault in ("", *FAULTS):
                    outcomes.append(
                        run(installation, world, _wish(seed, chosen.patience if fault else chosen.seconds, fault))
                    )
                    print(report.tell(outcomes[-1]), flush=True)
                print(report.table(outcomes), flush=True)
                return 0 if all(_is_right(outcome) for outcome in outcomes) else 1
            wish = Wish(seed, chosen.minutes * 60, LONG_ROUND_S, stop_every_s=LONG_STOP_S)
            if chosen.fault:
                wish = _wish(seed, chosen.minutes * 60, chosen.fault)
            outcome = run(installation, world, wish, chosen.keep)
    except (LaunchRefused, StepFailed) as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except (StopRequested, KeyboardInterrupt):
        return 130
    print(report.tell(outcome))
    if chosen.fault:
        print(report.table([outcome]))
    return 1 if outcome.findings else 0


def _wish(seed: int, seconds: float, fault: str) -> Wish:
    """A short run: of a fault until it is caught, of the platform as it is for some seconds."""
    # What only a stop of the database shows needs many of them.
    stop_every_s = SHORT_STOP_S / 2 if fault == "synchronous_commit_off" else SHORT_STOP_S
    return Wish(seed, seconds, SHORT_ROUND_S, fault, stop_every_s)


def _memory_folder() -> str | None:
    """A folder in memory, where there is one: after a crash the server brings every file to the disk, for seconds.

    What dies here are processes, never the machine, so a file in memory outlives them as one on a disk does.
    """
    place = Path("/dev/shm")
    return str(place) if place.is_dir() and shutil.disk_usage(place).free > MEMORY_FREE else None


def _is_right(outcome: Outcome) -> bool:
    """A planted fault is caught; the platform as it is shows nothing."""
    return bool(outcome.findings) is bool(outcome.wish.fault)


if __name__ == "__main__":
    raise SystemExit(main())
