"""``run_sms_receiver``: takes receipts and customers' messages from the SMSC."""

import logging
import signal
import threading
from importlib import import_module
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections, connection

from loyalty.delivery.errors import DeliveryError
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel import clock

log = logging.getLogger("loyalty.delivery.sms")

# After a broken line or a database that is away.
RETRY_SECONDS = 5.0
# While nobody carries texts by SMPP.
LOOK_AGAIN_SECONDS = 15.0


class Command(BaseCommand):
    """Receive until told to stop."""

    help = "Stay bound to the SMSC that the configuration names; keep receipts and customers' messages, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        """Receive until a signal comes."""
        stop = threading.Event()

        def leave(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        while not stop.is_set():
            try:
                if configuration.read("sms")["provider"] != "smpp":
                    # An administrator may name a centre at any time.
                    stop.wait(LOOK_AGAIN_SECONDS)
                    continue
                # Not at the top: SMPP's library is an extra, and every management command is imported to be listed.
                receive = import_module("loyalty.delivery.operations.sms_receiving").receive
                receive(stop, read_clock=clock.now)
            except (DeliveryError, OperationalError, OSError) as fault:
                log.warning("nothing is received from the SMSC: %s", fault)
                connection.close()
                close_old_connections()
                stop.wait(RETRY_SECONDS)
