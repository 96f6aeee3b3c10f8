"""Expiry of due points, chunk by chunk."""

from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.ledger import api as ledger
from loyalty.points.contracts import ExpiryReport

# A hundred chunks of a thousand lots keep one call within some seconds; the beat rings again.
CHUNKS_PER_CALL = 100


def expire_due(*, actor: Actor, now: datetime) -> ExpiryReport:
    """Move points whose life has ended to breakage; each chunk commits with its audit row, so a kill loses nothing."""
    lots = points = accounts = 0
    for _ in range(CHUNKS_PER_CALL):
        with transaction.atomic():
            chunk = ledger.expire_due_lots(now=now)
            if chunk.lots_expired == 0:
                return ExpiryReport(
                    lots_expired=lots, points_expired=points, accounts_touched=accounts, is_complete=True
                )
            audit.record(
                actor=actor,
                act="points.expire",
                subject_kind="ledger",
                subject_ref="expiry",
                at=now,
                after={"lots_expired": chunk.lots_expired, "points_expired": chunk.points_expired},
            )
        lots += chunk.lots_expired
        points += chunk.points_expired
        accounts += chunk.accounts_touched
    return ExpiryReport(lots_expired=lots, points_expired=points, accounts_touched=accounts, is_complete=False)
