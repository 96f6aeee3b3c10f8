"""Expiry of due lots and of inactive accounts, in chunks that each commit, and the closing of days."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime

from loyalty.ledger.contracts import MAIN_WALLET, ExpiryChunk
from loyalty.ledger.contracts.proofs import DaysClosed, InactivityChunk
from loyalty.ledger.operations.calls import call

# A chunk of a thousand lots holds its locks for some tens of milliseconds.
CHUNK_LOTS = 1000
CHUNK_ACCOUNTS = 1000
EXPIRE = "SELECT lots_expired, points_expired, accounts_touched FROM ledger_expire(%s, %s)"
EXPIRE_INACTIVE = """
    SELECT lots_expired, points_expired, accounts_touched, next_after
    FROM ledger_expire_inactive(%s, %s, %s, %s, %s::bigint, %s::integer, %s::uuid[], %s::timestamptz[])
"""
CLOSE = "SELECT days_closed, entries_closed, closed_until FROM ledger_close_day(%s, %s)"


def expire_due_lots(*, now: datetime, limit: int = CHUNK_LOTS) -> ExpiryChunk:
    """Expire up to ``limit`` lots whose grace is over, in one transaction; call again until ``lots_expired`` is 0.

    What a hold reserves of a lot stays until the hold ends.
    """
    return ExpiryChunk(**call(EXPIRE, [now, limit])[0])


def expire_inactive(
    *,
    program_ref: uuid.UUID,
    inactive_since: datetime,
    now: datetime,
    wallet: str = MAIN_WALLET,
    after: int | None = None,
    limit: int = CHUNK_ACCOUNTS,
    inactive_since_of: Mapping[uuid.UUID, datetime] | None = None,
) -> InactivityChunk:
    """Expire all free points of accounts without an earn, burn or transfer that happened since an instant.

    What is told late counts for the day on which it happened.

    One chunk looks at up to ``limit`` accounts after the cursor ``after`` and commits; go on from ``next_after`` until
    it is None.

    :param inactive_since_of: by owner, where another instant counts than ``inactive_since``.
    """
    owners = inactive_since_of or {}
    asked = [program_ref, wallet, inactive_since, now, after, limit, list(owners), list(owners.values())]
    return InactivityChunk(**call(EXPIRE_INACTIVE, asked)[0])


def close_days(*, until: date, now: datetime) -> DaysClosed:
    """Close the days (UTC) up to and with ``until``, as far as they are over for an hour; closed days stay closed."""
    return DaysClosed(**call(CLOSE, [until, now])[0])
