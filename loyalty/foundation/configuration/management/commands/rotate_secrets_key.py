"""Wraps all sealed secrets by the master key that seals now; safe while the platform runs, and to run again."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty.foundation.configuration import api

KEY_BYTES = 48


class Command(BaseCommand):
    """``rotate_secrets_key``: after a new master key was put first, and the old one behind it."""

    help = "Wrap all sealed secrets by the master key that seals now (docs/operating/configuration.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take ``--generate``."""
        parser.add_argument("--generate", action="store_true", help="print a new master key and do nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, and tell how many there were.

        :raises CommandError: some secrets are opened by no key at hand; the others are done.
        """
        if options["generate"]:
            self.stdout.write(secrets.token_urlsafe(KEY_BYTES))
            return
        outcome = api.rotate()
        self.stdout.write(f"{outcome.rewrapped} secrets wrapped anew, {outcome.already} were already.")
        if outcome.unreadable:
            raise CommandError(
                f"No key at hand opens {len(outcome.unreadable)}: {', '.join(outcome.unreadable[:10])}. Add the key "
                "that sealed them, or enter them anew."
            )
