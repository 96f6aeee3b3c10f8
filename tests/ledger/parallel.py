"""Many connections at once: threads that start together, each with its own connection."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from loyalty.foundation.kernel.errors import Refusal

# Longer than any of these races takes; a deadlock would show as an error long before.
WAIT_SECONDS = 60


def all_at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each act on its own connection, all started together; give its result or the refusal it met."""
    gate = Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            gate.wait(WAIT_SECONDS)
            return act()
        except Refusal as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts, timeout=WAIT_SECONDS))
