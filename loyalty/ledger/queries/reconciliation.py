"""Reconciliation of accounts in chunks, what a program owes its members by month, and the totals of the book."""

import uuid
from datetime import date, datetime

from loyalty.foundation.orm import sql
from loyalty.ledger.contracts.proofs import (
    AccountDiscrepancy,
    Discrepancy,
    LedgerTotals,
    LiabilityMonth,
    Reconciliation,
    ReconciliationChunk,
)
from loyalty.ledger.errors import AccountNotFound

# The groups of a chunk stay in the memory of one sort; smaller chunks pay for their plan more often.
CHUNK_ACCOUNTS = 50_000
DISCREPANCIES = "SELECT * FROM ledger_discrepancies(%s, %s, %s)"
BALANCE = """
    SELECT a.id, b.points_posted,
        coalesce((SELECT sum(e.points_change) FROM ledger_entry e
                  WHERE e.account_id = a.id), 0)::bigint AS entries,
        coalesce((SELECT sum(o.points_remaining) FROM ledger_lot_open o WHERE o.account_id = a.id), 0)::bigint AS lots
    FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id WHERE a.public_id = %s
"""
# Counter-accounts are sums of their entries: what was issued lies there with the opposite sign.
TOTALS = """
    SELECT coalesce(-sum(f.points_change) FILTER (WHERE a.kind = 'issuance'), 0)::bigint AS points_issued,
        coalesce(sum(f.points_change) FILTER (WHERE a.kind = 'redemption'), 0)::bigint AS points_redeemed,
        coalesce(sum(f.points_change) FILTER (WHERE a.kind = 'breakage'), 0)::bigint AS points_expired,
        coalesce(-sum(f.points_change) FILTER (
            WHERE a.kind IN ('adjustment', 'partner')), 0)::bigint AS points_adjusted,
        (SELECT coalesce(sum(b.points_posted), 0)::bigint FROM ledger_balance b) AS points_outstanding
    FROM ledger_flow(NULL, NULL, NULL) f JOIN ledger_account a ON a.id = f.account_id
"""
LIABILITY = """
    WITH flow AS (
        SELECT date_trunc('month', f.day)::date AS month, coalesce(a.kind::text, 'balance') AS kind,
            sum(f.points_change) AS points
        FROM ledger_flow(%(program)s, NULL, (%(last)s::date + interval '1 month')::date) f
        LEFT JOIN ledger_account a ON a.id = f.account_id GROUP BY 1, 2)
    SELECT m.month::date AS month,
        coalesce(sum(f.points) FILTER (WHERE f.kind = 'balance' AND f.month < m.month), 0)::bigint AS points_opening,
        coalesce(-sum(f.points) FILTER (WHERE f.kind = 'issuance' AND f.month = m.month), 0)::bigint AS points_issued,
        coalesce(sum(f.points) FILTER (
            WHERE f.kind = 'redemption' AND f.month = m.month), 0)::bigint AS points_redeemed,
        coalesce(sum(f.points) FILTER (WHERE f.kind = 'breakage' AND f.month = m.month), 0)::bigint AS points_expired,
        coalesce(-sum(f.points) FILTER (
            WHERE f.kind IN ('adjustment', 'partner') AND f.month = m.month), 0)::bigint AS points_adjusted,
        coalesce(sum(f.points) FILTER (WHERE f.kind = 'balance' AND f.month <= m.month), 0)::bigint AS points_closing
    FROM generate_series(%(first)s::date, %(last)s::date, interval '1 month') AS m (month) LEFT JOIN flow f ON true
    GROUP BY m.month ORDER BY m.month
"""


def reconcile(account_id: uuid.UUID) -> Reconciliation:
    """Compare an account's balance row with its entries, lots, holds, pending earns and debt, whole history.

    :raises AccountNotFound: no such account.
    """
    row = sql.fetch_one(BALANCE, [account_id])
    if row is None:
        raise AccountNotFound(account_id=str(account_id))
    chunk = list_discrepancies(after_account=row["id"] - 1, limit=1)
    return Reconciliation(
        account_id=account_id,
        is_balanced=not chunk.discrepancies,
        points_balance=row["points_posted"],
        sum_of_entries=row["entries"],
        sum_of_lots=row["lots"],
        discrepancies=tuple(
            Discrepancy(code=one.code, expected=one.expected, found=one.found) for one in chunk.discrepancies
        ),
    )


def list_discrepancies(
    *, after_account: int | None = None, limit: int = CHUNK_ACCOUNTS, touched_since: datetime | None = None
) -> ReconciliationChunk:
    """Reconcile up to ``limit`` accounts after a cursor; go on from ``next_after`` until it is None.

    With ``touched_since`` only accounts posted to since then are looked at, and of their history only what came since.
    """
    rows = sql.fetch_all(DISCREPANCIES, [after_account, limit, touched_since])
    told = rows.pop()
    return ReconciliationChunk(
        accounts_checked=told["accounts"],
        entries_checked=told["entries"],
        discrepancies=tuple(
            dict.fromkeys(
                AccountDiscrepancy(
                    account_id=row["account_id"], code=row["code"], expected=row["expected"], found=row["found"]
                )
                for row in rows
            )
        ),
        next_after=told["next_after"],
    )


def get_totals() -> LedgerTotals:
    """Give the totals of the book: closed days from their sums, the open tail from its entries."""
    return LedgerTotals(**sql.fetch_all(TOTALS)[0])


def list_liability(*, program_ref: uuid.UUID, first_month: date, last_month: date) -> list[LiabilityMonth]:
    """Give what a program owed its members in each month (UTC) from the first to the last, both included."""
    months = sql.fetch_all(
        LIABILITY, {"program": program_ref, "first": first_month.replace(day=1), "last": last_month.replace(day=1)}
    )
    return [
        LiabilityMonth(
            program_ref=program_ref,
            is_reconciled=row["points_opening"] + row["points_issued"] - row["points_redeemed"]
            - row["points_expired"] + row["points_adjusted"] == row["points_closing"],
            **row,
        )
        for row in months
    ]  # fmt: skip
