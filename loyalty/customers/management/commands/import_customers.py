"""Takes customers in from the BSS, with progress on the terminal."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.customers import api
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.errors import Refusal


class Command(BaseCommand):
    """Import customers."""

    help = "Take all customers in from Xiva: new and changed ones, in sets."

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and tell what came of it."""
        began = time.monotonic()
        try:
            result = api.import_from_xiva(actor=system_actor("import_customers"), now=clock.now(), report=self._say)
        except Refusal as refusal:
            raise CommandError(f"{refusal.detail} ({refusal.code})", returncode=2) from refusal
        self.stdout.write(
            f"  {result.created:,} created, {result.updated:,} updated, {result.unchanged:,} unchanged "
            f"in {time.monotonic() - began:.1f} s"
        )

    def _say(self, done: int, total: int) -> None:
        if done and (done % 5000 == 0 or done == total):
            self.stdout.write(f"  {done:,} of {total:,}")
