"""The process between the platform and Kafka: hands facts over, and takes events of topics in."""

import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections, connection

from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.exchange.operations import kafka
from loyalty.foundation.kernel import clock
from loyalty.foundation.resilience.egress import EgressRefusal

log = logging.getLogger("loyalty.kafka")

# Short enough that a fact is out soon, long enough to cost nothing when idle.
IDLE_SECONDS = 0.3
# After brokers or database were not reached.
RETRY_SECONDS = 3.0


class Command(BaseCommand):
    """Serve Kafka until told to stop."""

    help = "Hand facts to Kafka and take events of its topics in, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal comes."""
        stop = threading.Event()

        def leave(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        publishing = threading.Thread(target=self.keep, args=[stop, self.publish], daemon=True)
        publishing.start()
        self.keep(stop, self.consume)
        publishing.join(kafka.FLUSH_S)

    @staticmethod
    def keep(stop: threading.Event, work: Callable[[threading.Event], None]) -> None:
        """Do one half of the work, and begin it anew whenever brokers or database were not reached."""
        while not stop.is_set():
            try:
                work(stop)
            except (kafka.KafkaDown, EgressRefusal, OperationalError) as fault:
                log.warning("%s: %s", work.__name__, fault)
                stop.wait(RETRY_SECONDS)
            except Exception:  # a half that ended silently would leave the process looking well
                log.exception("%s broke and begins anew", work.__name__)
                stop.wait(RETRY_SECONDS)
            finally:
                connection.close()
                close_old_connections()

    @staticmethod
    def publish(stop: threading.Event) -> None:
        """Hand facts over."""
        topic = str(configuration.read(kafka.NAME)["topic"])
        sender = kafka.producer()
        while not stop.is_set():
            if not kafka.publish_some(sender, topic=topic):
                stop.wait(IDLE_SECONDS)

    @staticmethod
    def consume(stop: threading.Event) -> None:
        """Take events in."""
        topics = [str(one) for one in configuration.read(kafka.NAME)["topics_in"]]
        reader = kafka.consumer(topics)
        try:
            while not stop.is_set():
                kafka.consume_some(reader, now=clock.now)
        finally:
            reader.close()
