"""Sealing: committed rows become the next block of the chain, behind the back of whoever wrote them."""

from datetime import datetime

from django.db import transaction

from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail

# Few enough that a block is read and compared at once, enough that blocks are few.
ROWS_PER_BLOCK = 1000


def seal(*, now: datetime, blocks_max: int = 1000) -> int:
    """Seal what is committed and waits; give the number of blocks made, each in a transaction of its own."""
    made = 0
    while made < blocks_max and _seal_one(now) is not None:
        made += 1
    return made


@transaction.atomic
def _seal_one(now: datetime) -> int | None:
    ahead = sql.fetch_one("SELECT audit_horizon()::text AS horizon")
    maybe_fail("audit.looked_ahead")
    row = sql.fetch_one(
        "SELECT audit_seal(%s, %s, %s) AS number", [ROWS_PER_BLOCK, ahead["horizon"] if ahead else "0", now]
    )
    maybe_fail("audit.sealed")
    return row["number"] if row else None
