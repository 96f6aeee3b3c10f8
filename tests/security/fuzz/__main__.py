"""The command line of the fuzz: a database of its own on the server of ``DATABASE_URL``, figures, 1 for any fault."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import setup_test_environment

from tests.security.fuzz.run import Findings, Run

# A world is made anew after this many seconds: what was undone lies in its tables until the transaction ends.
WORLD_S = 300.0


def read_arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    reader = argparse.ArgumentParser(prog="python -m tests.security.fuzz", description=__doc__)
    reader.add_argument("--role", default="admin", help="the code of a shipped role")
    reader.add_argument("--minutes", type=float, default=30.0)
    reader.add_argument("--seed", type=int, default=None, help="asks the same again; another one each time without")
    reader.add_argument("--only", default="", help="just the operations whose label has this in it")
    return reader.parse_args(given)


@contextmanager
def own_database(role: str) -> Iterator[None]:
    """Have a test database of this run's own."""
    setup_test_environment(debug=False)
    connection.settings_dict["TEST"]["NAME"] = f"fuzz_{role}_{os.getpid()}"
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def main(given: list[str] | None = None) -> int:
    """Ask until the time is over and print the figures; 1 when there was a fault."""
    wanted = read_arguments(given)
    started = time.monotonic()
    seed = wanted.seed if wanted.seed is not None else time.time_ns() % 1_000_000_007
    findings = Findings(wanted.role, seed)
    with own_database(wanted.role):
        run = Run(findings, wanted.only)
        end = started + wanted.minutes * 60
        while (now := time.monotonic()) < end:
            run.go_on(min(end, now + WORLD_S))
    print(json.dumps(findings.summary(time.monotonic() - started), indent=1))
    return 1 if findings.faults else 0


if __name__ == "__main__":
    sys.exit(main())
