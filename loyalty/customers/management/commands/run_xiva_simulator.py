"""Runs the simulated Xiva as a process of its own."""

import signal
from argparse import ArgumentParser
from datetime import date
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from loyalty.customers.kinds.xiva.simulator.faults import Faults
from loyalty.customers.kinds.xiva.simulator.server import Simulator
from loyalty.customers.kinds.xiva.simulator.world import World
from loyalty.foundation.kernel import clock
from loyalty.population import api as population


class Command(BaseCommand):
    """Serve until stopped."""

    help = "Run a Xiva simulator on the loopback interface; without options it serves the people of the data folder."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the port and, where wanted, which people to serve."""
        parser.add_argument("--port", type=int, required=True)
        parser.add_argument("--customers", type=int, default=0, help="how many synthetic customers")
        parser.add_argument("--seed", type=int, default=20261120)
        parser.add_argument("--as-of", type=date.fromisoformat, default=None)
        parser.add_argument("--customers-file", default="")
        parser.add_argument("--id-column", default="")
        parser.add_argument("--token-seconds", type=int, default=300, help="how long an access token lives")
        parser.add_argument("--requests-per-second", type=int, default=0, help="answer 429 beyond (0: never)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve; SIGTERM and Ctrl-C end it."""
        today = clock.now().date()
        description = None
        if options["customers"] or options["customers_file"]:
            description = population.PopulationDescription(
                as_of=options["as_of"] or today,
                seed=options["seed"],
                customers=options["customers"],
                customers_file=options["customers_file"],
                id_column=options["id_column"],
            )
        faults = Faults(token_seconds=options["token_seconds"], requests_per_second=options["requests_per_second"])
        try:
            simulator = Simulator(
                options["port"],
                World(description, settings.DATA_DIR, today),
                settings.XIVA_API_USERNAME or "xiva",
                settings.XIVA_API_PASSWORD or "xiva",
                faults,
            )
        except OSError as fault:
            raise CommandError(f"Port {options['port']} cannot be used: {fault.strerror}.", returncode=2) from fault

        def stop(number: int, frame: FrameType | None) -> None:
            raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, stop)
        self.stdout.write(f"Xiva simulator on {simulator.url}")
        self.stdout.flush()
        try:
            simulator.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            self.stdout.write("stopped")
        finally:
            simulator.server_close()
