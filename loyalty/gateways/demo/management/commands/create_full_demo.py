"""Builds the demo world and runs the main job of the platform once, checked."""

import json
from argparse import ArgumentParser
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from loyalty.foundation.kernel import clock
from loyalty.gateways.demo.operations.caller import Caller
from loyalty.gateways.demo.operations.main_job import MainJob


class Command(BaseCommand):
    """Customers, warehouse, then the main job over HTTP."""

    help = "Build the demo world and run the main job once; needs the platform running (./khaywe demo does it all)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of the world or the file that describes it."""
        parser.add_argument("--customers", type=int, default=10_000)
        parser.add_argument("--customers-file", default="")
        parser.add_argument("--id-column", default="")
        parser.add_argument("--seed", type=int, default=20261120)
        parser.add_argument("--run-file", type=Path, default=settings.DATA_DIR / "run.json", help="where it runs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build, run, and fail when a check did not hold."""
        began = monotonic()
        run = self._where(options["run_file"])
        self._fill(options)
        caller = Caller(base_url=run["url"], token=run["token"], say=self.say)
        mail = Path(run["mail_dir"]) if run["mail_dir"] else None
        try:
            MainJob(caller=caller, mail_folder=mail, now=clock.now()).tell()
        finally:
            caller.http.close()
        call_command("verify_ledger")
        if caller.failures:
            raise CommandError(f"{len(caller.failures)} of {caller.checks} checks did not hold.")
        self.say(f"main job done: {caller.checks} checks held ({monotonic() - began:.1f} s)")

    def say(self, sentence: str) -> None:
        """Tell one step, at once."""
        self.stdout.write(f"  {sentence}")
        self.stdout.flush()

    @staticmethod
    def _where(path: Path) -> dict[str, str]:
        if not path.exists():
            raise CommandError("The platform is not running; ./khaywe demo starts it and calls this command.")
        read: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return read

    def _fill(self, options: dict[str, Any]) -> None:
        """Fill the BSS and the warehouse with the same people, and take them in from the BSS."""
        world = {name: options[name] for name in ("customers", "customers_file", "id_column", "seed")}
        for title, command, arguments in (
            ("warehouse filled", "setup_dwh_with_data", world),
            ("customers taken in from Xiva", "import_customers", {}),
        ):
            began = monotonic()
            call_command(command, stdout=self.stdout, **arguments)
            self.say(f"{title} ({monotonic() - began:.1f} s)")
