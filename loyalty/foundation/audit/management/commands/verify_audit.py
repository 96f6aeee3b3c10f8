"""Verifies the audit log on the terminal, for a person or a monitor: exit code 1 when anything is wrong."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.foundation.audit import api
from loyalty.foundation.kernel import clock


class Command(BaseCommand):
    """Verify the chain."""

    help = "Hold the audit log against its chain and the chain against its anchors; exit code 1 when anything is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how much to look at."""
        parser.add_argument("--incremental", action="store_true", help="only what came since the last look")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal what waits, verify, tell."""
        api.seal(now=clock.now())
        began = time.monotonic()
        found = api.verify(now=clock.now(), is_full=not options["incremental"])
        seconds = time.monotonic() - began
        self.stdout.write(
            f"  blocks {found.block_from} to {found.block_to}: {found.row_count:,} rows in {seconds:.2f} s, "
            f"{found.anchor_count:,} anchors, {found.unsealed_count:,} rows not sealed yet"
        )
        for fault in found.faults:
            self.stdout.write(f"  {fault.kind}: {fault.detail}")
        if not found.is_intact:
            raise CommandError(f"The audit log was tampered with: {found.fault_count:,} faults.", returncode=1)
        self.stdout.write("  The log is intact.")
