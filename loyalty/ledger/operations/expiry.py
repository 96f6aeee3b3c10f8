"""Expiry of due lots, in chunks that each commit."""

from datetime import datetime

from loyalty.ledger.contracts import ExpiryChunk
from loyalty.ledger.operations.calls import call

# A chunk of a thousand lots holds its locks for some tens of milliseconds.
CHUNK_LOTS = 1000
EXPIRE = "SELECT lots_expired, points_expired, accounts_touched FROM ledger_expire(%s, %s)"


def expire_due_lots(*, now: datetime, limit: int = CHUNK_LOTS) -> ExpiryChunk:
    """Expire up to ``limit`` lots that are due, in one transaction; call again until ``lots_expired`` is 0."""
    return ExpiryChunk(**call(EXPIRE, [now, limit])[0])
