"""``run_mail_catcher``: a mail server that keeps everything in a Maildir."""

import asyncio
import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from loyalty.delivery.kinds.email.catcher import MaildirKeeper, Refusals, serve


class Command(BaseCommand):
    """Catch mail until told to stop."""

    help = "Take mail by SMTP and keep it in a Maildir; SIGUSR1 closes and opens the door, SIGTERM ends."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to listen and where to keep."""
        parser.add_argument("--maildir", type=Path, required=True, help="folder of the Maildir")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
        parser.add_argument("--fail-file", type=Path, help="while this file exists, refuse as its text says")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve."""
        asyncio.run(self.catch(options["maildir"], options["host"], options["port"], options["fail_file"]))

    async def catch(self, maildir: Path, host: str, port: int, fail_file: Path | None) -> None:
        """Serve until a signal comes."""
        refusals = Refusals(fail_file)
        server = await serve(MaildirKeeper(maildir, refusals), host, port)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGUSR1, refusals.toggle)
        listening = server.sockets[0].getsockname()[1]
        self.stdout.write(f"mail catcher listens on {host}:{listening} and keeps mail in {maildir}")
        self.stdout.flush()
        async with server:
            await stop.wait()


if __name__ == "__main__":
    # Run as a module it loads nothing of the platform, and answers in a tenth of the time.
    Command().run_from_argv(["manage", Path(__file__).stem, *sys.argv[1:]])
