"""Runs benchmarks by name: ``python -m benchmarks [NAME …]``; each module of this package with a ``run`` is one."""

import argparse
import importlib
import os
import pkgutil
from collections.abc import Sequence

import django
from django.core.management import call_command
from django.db import connections

import benchmarks
from benchmarks.harness import REPETITIONS, Bench, describe, own_database

# Modules of this package that are no benchmarks.
TOOLS = {"__main__", "campaign_parts", "harness", "kill", "naive", "peers", "segment_parts", "served"}
QUICK_REPETITIONS = 3


def names() -> list[str]:
    """Give the names of all benchmarks."""
    return sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name not in TOOLS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named benchmarks, or all; the exit code is 1 when a stated bound is missed."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Ratios measured in one run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; all when none is named")
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--rows", type=int, help="rows of the file of `imports`")
    parser.add_argument(
        "--quick", action="store_true", help="short runs, 3 repetitions: to see that it runs, not to quote"
    )
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.names) - set(names()))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(names())}")
    url = os.environ.get("DATABASE_URL")
    if not url:
        parser.error("DATABASE_URL is not set")
    met = True
    for name in chosen.names or names():
        with own_database(url) as own:
            repetitions = chosen.repetitions or (QUICK_REPETITIONS if chosen.quick else REPETITIONS)
            bench = Bench(database_url=own, repetitions=repetitions, is_quick=chosen.quick, rows=chosen.rows)
            met = _run(name, bench) and met
    return 0 if met else 1


def _run(name: str, bench: Bench) -> bool:
    os.environ["DATABASE_URL"] = bench.database_url
    django.setup()
    connections.close_all()
    connections["default"].settings_dict["NAME"] = bench.database_url.rpartition("/")[2].partition("?")[0]
    call_command("migrate", verbosity=0, interactive=False)
    module = importlib.import_module(f"benchmarks.{name}")
    print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}")
    describe(bench.database_url)
    try:
        module.run(bench)
    finally:
        connections.close_all()
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load average {load} at the end; {bench.repetitions} repetitions, median [min-max]", flush=True)
    return all(samples.is_met for samples in bench.results)


if __name__ == "__main__":
    raise SystemExit(main())
