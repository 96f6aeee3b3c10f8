"""How many workers send at once: a fixed number of slots, held by locks that end with their holder's connection."""

from collections.abc import Iterator
from contextlib import contextmanager

from loyalty.foundation.orm import sql

# Rings come every few seconds while a long send goes on; without a bound every worker would end up sending, and
# nobody would answer events any more.
SENDERS_MAX = 2
# The first key of the advisory locks; any number that no other use of them has.
LOCK_SPACE = 20_260_601


@contextmanager
def sender_slot() -> Iterator[bool]:
    """Hold a slot for the length of the block; gives False when all are taken."""
    held = next((slot for slot in range(SENDERS_MAX) if _ask("pg_try_advisory_lock", slot)), None)
    try:
        yield held is not None
    finally:
        if held is not None:
            _ask("pg_advisory_unlock", held)


def _ask(function: str, slot: int) -> bool:
    row = sql.fetch_one(f"SELECT {function}(%s, %s) AS is_done", [LOCK_SPACE, slot])
    return bool(row and row["is_done"])
