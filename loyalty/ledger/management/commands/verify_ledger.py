"""Proves the ledger: silent and 0 when every invariant holds."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.foundation.kernel import clock
from loyalty.ledger import api
from loyalty.ledger.contracts.proofs import InvariantResult


class Command(BaseCommand):
    """Check every invariant on one snapshot; exit code 1 and one line per broken one otherwise."""

    help = "Check every invariant of the ledger. Prints nothing and exits 0 when all hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --verbose, --json and --only."""
        parser.add_argument("--verbose", action="store_true", help="list every invariant with its time")
        parser.add_argument("--json", action="store_true", help="print the results as JSON")
        parser.add_argument("--only", nargs="+", metavar="CODE", help="check only these invariants")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and tell."""
        results = api.check_invariants(now=clock.now(), codes=options["only"])
        broken = [result for result in results if result.violations]
        if options["only"] and len(results) < len(set(options["only"])):
            raise CommandError("No such invariant.", returncode=2)
        if options["json"]:
            self.stdout.write(json.dumps([self._facts(result) for result in results], default=str, indent=2))
        elif options["verbose"]:
            for result in results:
                self._tell(result)
        else:
            for result in broken:
                self._tell(result)
        if broken:
            raise SystemExit(1)

    def _tell(self, result: InvariantResult) -> None:
        state = f"{result.violations} violations" if result.violations else "holds"
        self.stdout.write(f"{result.code:4} {state:>16} {result.duration_ms:9.1f} ms  {result.title}")
        for example in result.examples:
            self.stdout.write("       " + ", ".join(f"{name}={value}" for name, value in example.items()))

    def _facts(self, result: InvariantResult) -> dict[str, Any]:
        return {
            "code": result.code,
            "title": result.title,
            "violations": result.violations,
            "examples": list(result.examples),
            "duration_ms": result.duration_ms,
        }
