"""Takes members with their opening points in from a CSV file, with progress on the terminal."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.points import api
from loyalty.programs import api as programs


class Command(BaseCommand):
    """Import members."""

    help = "Take members in from a CSV file with their join dates, tiers and opening points."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the file and the program."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--program", required=True, help="code of the program")
        parser.add_argument(
            "--key", default="", help="the same key takes the same file in once; go on with it after a stop"
        )
        parser.add_argument("--report", type=Path, help="where to write what became of each row, as CSV")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and tell what came of it."""
        program_id = programs.find_program_id(code=options["program"])
        if program_id is None:
            raise CommandError(f"There is no program {options['program']}.", returncode=2)
        began, actor, now = time.monotonic(), system_actor("import_members"), clock.now()
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                made, _ = api.stage_import(
                    program_id=program_id,
                    file=file,
                    file_name=path.name,
                    key=options["key"] or f"command:{new_public_id()}",
                    actor=actor,
                    now=now,
                )
            self.stdout.write(f"  {made.rows_total:,} rows read in {time.monotonic() - began:.1f} s")
            report = api.apply_import(import_id=made.public_id, actor=actor, now=now, report=self._say)
        except OSError as fault:
            raise CommandError(f"{path}: {fault.strerror}", returncode=2) from fault
        except Refusal as refusal:
            raise CommandError(f"{refusal.detail} ({refusal.code})", returncode=2) from refusal
        seconds = time.monotonic() - began
        self.stdout.write(
            f"  {report.rows_imported:,} imported, {report.rows_refused:,} refused; "
            f"{report.customers_created:,} customers made, {report.members_enrolled:,} members enrolled, "
            f"{report.points_imported:,} points; "
            f"{seconds:.1f} s, {report.rows_total / max(seconds, 0.001):,.0f} rows/s"
        )
        if options["report"]:
            with options["report"].open("w", encoding="utf-8", newline="") as target:
                target.writelines(api.import_result_lines(made.public_id))

    def _say(self, done: int, total: int) -> None:
        if done % 50_000 == 0 or done == total:
            self.stdout.write(f"  {done:,} of {total:,}")
