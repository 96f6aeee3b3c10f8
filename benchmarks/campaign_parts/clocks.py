"""Processor time of a process and of the server process behind its connection, and its memory."""

import resource
import time
from typing import cast

import psycopg
from django.db import connection

from benchmarks.harness import BackendClock


class ProcessorTime:
    """Counts the processor time of this process and of the server process behind its connection.

    Both sides of a comparison load the two differently, and on a busy machine the clock on the wall says little.
    """

    def __init__(self) -> None:
        connection.ensure_connection()
        self._server = BackendClock(cast("psycopg.Connection[tuple[object, ...]]", connection.connection))
        self._started = self._now()

    def _now(self) -> float:
        return time.process_time() + (self._server.seconds() if self._server.can_read else 0.0)

    def seconds(self) -> float:
        """Give the time since the beginning."""
        return self._now() - self._started


def peak_memory_mb() -> float:
    """Give the largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
