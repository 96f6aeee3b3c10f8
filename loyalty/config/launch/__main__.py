"""The command line of `./khaywe`."""

import argparse
import errno
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from loyalty.config.launch import demo, locking, managing, stopping, testing
from loyalty.config.launch.folder import DataFolder
from loyalty.config.launch.programs import ROOT
from loyalty.config.launch.refusal import LaunchRefused, StepFailed, StopRequested

_REFUSED, _FAILED, _INTERRUPTED = 2, 1, 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./khaywe", description="The Khaywe loyalty platform on this machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument(
        "--data", type=Path, default=ROOT / ".khaywe", metavar="DIR", help="the folder that holds everything (.khaywe)"
    )
    serving = argparse.ArgumentParser(add_help=False, parents=[data])
    serving.add_argument("--port", type=int, metavar="N", help="the port of the console and the API (a free one)")

    demonstrate = commands.add_parser("demo", parents=[serving], help="build a demo world, run its main job, and serve")
    demonstrate.add_argument("--customers", type=int, metavar="N", help="how many to make up (10,000)")
    demonstrate.add_argument("--customers-file", type=Path, metavar="CSV", help="take the customers of a file")
    demonstrate.add_argument("--id-column", metavar="NAME", help="the column of the file that names a customer")
    demonstrate.add_argument("--exit", action="store_true", dest="is_exit", help="stop after the main job")
    commands.add_parser("up", parents=[serving], help="serve without demo data")
    commands.add_parser("stop", parents=[data], help="stop what runs in the data folder")

    test = commands.add_parser("test", help="run the tests: backend, console, e2e, house (all)")
    test.add_argument("parts", nargs="*", metavar="PART")
    test.add_argument("--report", type=Path, metavar="FILE", help="write the numbers to this file, too, as JSON")
    bench = commands.add_parser(
        "bench", help="run benchmarks, or the kill harness (`bench kill`), on servers of their own"
    )
    bench.add_argument("arguments", nargs=argparse.REMAINDER, metavar="NAME …")
    manage = commands.add_parser("manage", parents=[data], help="run a management command of the platform")
    manage.add_argument("arguments", nargs=argparse.REMAINDER, metavar="…")
    commands.add_parser("lock", help="make requirements.lock again from pyproject.toml")
    return parser


def _run(chosen: argparse.Namespace) -> int:
    acts: dict[str, Callable[[], int]] = {
        "demo": lambda: demo.demo(
            DataFolder(chosen.data),
            chosen.port,
            demo.World(chosen.customers, chosen.customers_file, chosen.id_column),
            is_exit=chosen.is_exit,
        ),
        "up": lambda: demo.up(DataFolder(chosen.data), chosen.port),
        "stop": lambda: stopping.stop(DataFolder(chosen.data)),
        "test": lambda: testing.test(chosen.parts, chosen.report),
        "bench": lambda: managing.bench(chosen.arguments),
        "manage": lambda: managing.manage(DataFolder(chosen.data), chosen.arguments or ["help"]),
        "lock": locking.lock,
    }
    return acts[chosen.command]()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what the user can mend is one sentence and exit code 2."""
    chosen = _parser().parse_args(arguments)
    try:
        return _run(chosen)
    except LaunchRefused as refusal:
        print(refusal, file=sys.stderr)
        return _REFUSED
    except StepFailed as failure:
        print(failure, file=sys.stderr)
        return _FAILED
    except OSError as error:
        if error.errno == errno.ENOSPC:
            print(f"The disk that holds {error.filename or 'the data folder'} is full.", file=sys.stderr)
            return _REFUSED
        raise
    except (StopRequested, KeyboardInterrupt):
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
