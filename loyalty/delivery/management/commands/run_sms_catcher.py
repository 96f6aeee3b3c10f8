"""``run_sms_catcher``: a short message centre that keeps every text."""

import asyncio
import signal
import sys
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Catch text messages until told to stop."""

    help = "Take text messages by SMPP, keep them in a folder and send receipts, until SIGTERM."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to listen and where to keep."""
        parser.add_argument("--folder", type=Path, required=True, help="folder of messages.jsonl")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
        parser.add_argument("--fail-file", type=Path, help="while this file exists, fail as its text says")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve."""
        asyncio.run(self.catch(options["folder"], options["host"], options["port"], options["fail_file"]))

    async def catch(self, folder: Path, host: str, port: int, fail_file: Path | None) -> None:
        """Serve until a signal comes."""
        # Not at the top: SMPP's library is an extra, and every management command is imported to be listed.
        catcher = import_module("loyalty.delivery.kinds.sms.catcher")
        server = await catcher.serve(catcher.MessageCentre(folder, fail_file), host, port)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        listening = server.sockets[0].getsockname()[1]
        self.stdout.write(f"message centre listens on {host}:{listening} and keeps texts in {folder}")
        self.stdout.flush()
        async with server:
            await stop.wait()


if __name__ == "__main__":
    # Run as a module it loads nothing of the platform, and answers in a tenth of the time.
    Command().run_from_argv(["manage", Path(__file__).stem, *sys.argv[1:]])
