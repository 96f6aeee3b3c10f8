"""The past of an account: its balance and its lots at any instant, as the book knew them or as they happened."""

import uuid
from datetime import datetime

from loyalty.foundation.orm import sql
from loyalty.ledger.contracts import AsOfBasis, LotView
from loyalty.ledger.contracts.proofs import ExpiringGroup
from loyalty.ledger.queries.accounts import PAGE_ROWS

# One probe of an index: the balance stands on the last entry recorded by then.
BALANCE_RECORDED = """
    SELECT e.balance_after AS points FROM ledger_entry e
    WHERE e.account_id = (SELECT a.id FROM ledger_account a WHERE a.public_id = %(account)s)
        AND e.recorded_at <= %(as_of)s
    ORDER BY e.recorded_at DESC, e.account_sequence DESC LIMIT 1
"""
# What happened by then may have been recorded later, so this is a sum over the account's entries.
BALANCE_OCCURRED = """
    SELECT coalesce(sum(e.points_change), 0)::bigint AS points
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    WHERE e.account_id = (SELECT a.id FROM ledger_account a WHERE a.public_id = %(account)s)
        AND t.occurred_at <= %(as_of)s
"""
LOTS_AS_OF = """
    WITH account AS (SELECT a.id FROM ledger_account a WHERE a.public_id = %(account)s),
    done AS MATERIALIZED (
        SELECT e.transaction_id FROM account a
        JOIN ledger_entry e ON e.account_id = a.id
        JOIN ledger_transaction t ON t.id = e.transaction_id
        WHERE CASE WHEN %(is_recorded)s THEN e.recorded_at ELSE t.occurred_at END <= %(as_of)s),
    made AS (
        SELECT l.* FROM done d, LATERAL ledger_lots_of(d.transaction_id) l
        WHERE l.account_id = (SELECT id FROM account)),
    taken AS (
        SELECT x.lot_id, sum(x.points_consumed) AS points
        FROM done d JOIN ledger_allocation x ON x.transaction_id = d.transaction_id GROUP BY x.lot_id),
    held AS (
        SELECT n.lot_id, sum(n.points_amount) AS points
        FROM account a JOIN ledger_hold h ON h.account_id = a.id AND h.held_at <= %(as_of)s
            AND (h.ended_at IS NULL OR h.ended_at > %(as_of)s)
        JOIN ledger_hold_lot n ON n.hold_id = h.id GROUP BY n.lot_id)
    SELECT t.public_id AS transaction_id, m.earned_at, m.expires_at, m.spendable_until, m.points_original,
        (m.points_original - coalesce(k.points, 0))::bigint AS points_remaining,
        coalesce(h.points, 0)::bigint AS points_held
    FROM made m JOIN ledger_transaction t ON t.id = m.transaction_id
    LEFT JOIN taken k ON k.lot_id = m.id LEFT JOIN held h ON h.lot_id = m.id
    WHERE m.points_original > coalesce(k.points, 0)
    ORDER BY coalesce(m.spendable_until, 'infinity'), m.earned_at, m.id LIMIT %(limit)s
"""
EXPIRING_GROUPS = """
    SELECT date_trunc(%(period)s, o.expires_at AT TIME ZONE %(zone)s)::date AS period_start,
        sum(o.points_remaining)::bigint AS points, count(*) AS lots
    FROM ledger_account a JOIN ledger_lot_open o ON o.account_id = a.id
    WHERE a.public_id = %(account)s AND o.expires_at <= %(until)s AND o.spendable_until > %(now)s
    GROUP BY 1 ORDER BY 1
"""


def get_balance_as_of(account_id: uuid.UUID, *, as_of: datetime, basis: AsOfBasis = AsOfBasis.RECORDED) -> int:
    """Give the posted balance of an instant; 0 before the first entry.

    RECORDED is what the book knew then, by one index probe; OCCURRED what had happened by then, as is known today.
    """
    query = BALANCE_RECORDED if basis is AsOfBasis.RECORDED else BALANCE_OCCURRED
    row = sql.fetch_one(query, {"account": account_id, "as_of": as_of})
    return 0 if row is None else int(row["points"])


def list_lots_as_of(
    account_id: uuid.UUID, *, as_of: datetime, basis: AsOfBasis = AsOfBasis.RECORDED, limit: int = PAGE_ROWS
) -> list[LotView]:
    """Give the lots that had points left at an instant, in the order of spending, rebuilt from what was written."""
    params = {"account": account_id, "as_of": as_of, "is_recorded": basis is AsOfBasis.RECORDED, "limit": limit}
    return [LotView(**row) for row in sql.fetch_all(LOTS_AS_OF, params)]


def list_expiring_groups(
    account_id: uuid.UUID, *, period: str, now: datetime, until: datetime, zone: str = "UTC"
) -> list[ExpiringGroup]:
    """Give the points told to expire by ``until`` that can still be spent at ``now``, by "day" or "month" of a zone."""
    params = {"account": account_id, "period": period, "now": now, "until": until, "zone": zone}
    return [ExpiringGroup(**row) for row in sql.fetch_all(EXPIRING_GROUPS, params)]
