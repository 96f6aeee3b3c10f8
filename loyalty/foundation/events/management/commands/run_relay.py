"""The relay process: moves facts to inboxes and rings the workers."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections, connection

from loyalty.foundation.events import api
from loyalty.foundation.kernel import clock
from loyalty.foundation.resilience.failpoints import maybe_fail

log = logging.getLogger("loyalty.relay")

# Short enough that an answer to an event feels immediate, long enough to cost nothing when idle.
IDLE_SECONDS = 0.2
# Stored facts leave the outbox in sets that are worth a transaction.
TRIM_SECONDS = 2.0
# After a broken connection to the database or the broker.
RETRY_SECONDS = 1.0


class Command(BaseCommand):
    """Relay facts until told to stop."""

    help = "Move facts from the outbox to the handlers' inboxes, until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take ``--once`` to drain and leave."""
        parser.add_argument("--once", action="store_true", help="drain the outbox once and exit")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal comes."""
        stop = threading.Event()

        def leave(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        trimmed_at = 0.0
        while not stop.is_set():
            try:
                read, made = api.relay(now=clock.now())
                if time.monotonic() - trimmed_at > TRIM_SECONDS:
                    while api.trim_outbox() and not stop.is_set():
                        pass
                    trimmed_at = time.monotonic()
            except OperationalError as fault:
                log.warning("database not reached: %s", fault)
                connection.close()
                close_old_connections()
                stop.wait(RETRY_SECONDS)
                continue
            maybe_fail("relay.committed")
            if made:
                self.ring()
                maybe_fail("relay.rung")
            if read:
                for name in api.doorbells_wanted():
                    self.ring(name)
            if options["once"] and not read:
                return
            if not read:
                stop.wait(IDLE_SECONDS)

    @staticmethod
    def ring(task_name: str = "events.deliver") -> None:
        """Tell the workers; when the broker is away the beat's next ring does it."""
        try:
            current_app.send_task(task_name, retry=False)
        except Exception as fault:  # a doorbell may fail in any way; rows wait in PostgreSQL
            log.warning("doorbell not rung: %s", fault)
