"""Reads of accounts: figures, statement, lots and caps used."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.ledger.contracts import (
    MAIN_WALLET,
    AccountKind,
    AccountStatus,
    AccountView,
    CapUsageView,
    LotView,
    StatementLine,
    TransactionKind,
)
from loyalty.ledger.errors import AccountNotFound
from loyalty.ledger.queries.rows import read_json

PAGE_ROWS = 50
ACCOUNT = """
    SELECT public_id AS account_id, owner_ref, program_ref, kind, wallet, status, points_posted, points_held,
        points_available, points_pending, points_debt, lifetime_points_earned, lifetime_points_redeemed, opened_at,
        merged_into
    FROM ledger_account_summary
"""
STATEMENT = """
    SELECT e.account_sequence, t.public_id AS transaction_id, t.kind, e.points_change, e.balance_after, t.occurred_at,
        e.recorded_at, r.public_id AS reverses, t.reason, t.actor_ref, t.context::text AS context
    FROM ledger_account a
    JOIN ledger_entry e ON e.account_id = a.id
    JOIN ledger_transaction t ON t.id = e.transaction_id
    LEFT JOIN ledger_transaction r ON r.id = t.reverses_id
    WHERE a.public_id = %(account)s AND (%(before)s::bigint IS NULL OR e.account_sequence < %(before)s)
    ORDER BY e.account_sequence DESC LIMIT %(limit)s
"""
LOTS = """
    SELECT t.public_id AS transaction_id, o.earned_at, o.expires_at,
        nullif(o.spendable_until, 'infinity') AS spendable_until, o.points_original, o.points_remaining, o.points_held
    FROM ledger_account a
    JOIN ledger_lot_open o ON o.account_id = a.id
    JOIN ledger_lot l ON l.id = o.lot_id
    JOIN ledger_transaction t ON t.id = l.transaction_id
    WHERE a.public_id = %(account)s
        AND (%(until)s::timestamptz IS NULL OR o.expires_at <= %(until)s AND o.spendable_until > %(now)s)
    ORDER BY o.spendable_until, o.earned_at, o.lot_id LIMIT %(limit)s
"""
# What expires by an instant, wherever it is told: lots that can still be spent (those in their grace too), whose date
# as told to the member lies no later. `list_expiring_groups` and the groups of points mean the same.
EXPIRING = """
    SELECT a.public_id AS account_id, sum(o.points_remaining)::bigint AS points
    FROM ledger_account a JOIN ledger_lot_open o ON o.account_id = a.id
    WHERE a.public_id = ANY(%(accounts)s::uuid[]) AND o.expires_at <= %(until)s AND o.spendable_until > %(now)s
    GROUP BY a.public_id
"""
# A walk along the key of the open lots, over the few that are due and not swept. Debt has had its part of them already.
OVERDUE = """
    SELECT a.public_id AS account_id, (sum(o.points_remaining - o.points_held) - b.points_debt)::bigint AS points
    FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id JOIN ledger_lot_open o ON o.account_id = a.id
    WHERE a.public_id = ANY(%(accounts)s::uuid[]) AND o.spendable_until <= %(now)s
    GROUP BY a.public_id, b.points_debt HAVING sum(o.points_remaining - o.points_held) > b.points_debt
"""
CAP_USAGE = """
    SELECT a.public_id AS account_id, u.cap_ref, u.window_start, u.units_used, u.units_max
    FROM ledger_cap_usage u JOIN ledger_account a ON a.id = u.account_id
    WHERE a.public_id = %(account)s ORDER BY u.window_start DESC, u.cap_ref LIMIT %(limit)s
"""
SHARED_CAP_USAGE = """
    SELECT u.cap_ref, u.window_start, u.units_used, u.units_max FROM ledger_cap_usage u
    WHERE u.account_id = 0 AND u.cap_ref = ANY(%(refs)s::text[]) ORDER BY u.window_start DESC, u.cap_ref LIMIT %(limit)s
"""


def get_account(account_id: uuid.UUID) -> AccountView:
    """Give an account with its figures.

    :raises AccountNotFound: no such account.
    """
    row = sql.fetch_one(ACCOUNT + "WHERE public_id = %s", [account_id])
    if row is None:
        raise AccountNotFound(account_id=str(account_id))
    return _account(row)


def find_account(
    *, owner_ref: uuid.UUID, program_ref: uuid.UUID, wallet: str = MAIN_WALLET, kind: AccountKind = AccountKind.MEMBER
) -> AccountView | None:
    """Give the account of an owner in a program and wallet, or None; of a merged one, what stands for it."""
    row = sql.fetch_one(
        ACCOUNT + "WHERE owner_ref = %s AND program_ref = %s AND kind = %s AND wallet = %s",
        [owner_ref, program_ref, kind.value, wallet],
    )
    while row is not None and row["merged_into"] is not None:
        row = sql.fetch_one(ACCOUNT + "WHERE public_id = %s", [row["merged_into"]])
    return None if row is None else _account(row)


def list_accounts(
    *, owner_refs: Sequence[uuid.UUID] | None = None, account_ids: Sequence[uuid.UUID] | None = None
) -> list[AccountView]:
    """Give the accounts of these owners, or those with these ids; at least one of the two lists is given."""
    column, wanted = ("owner_ref", owner_refs) if account_ids is None else ("public_id", account_ids)
    rows = sql.fetch_all(ACCOUNT + f"WHERE {column} = ANY(%s::uuid[]) ORDER BY account_id", [list(wanted or ())])
    return [_account(row) for row in rows]


def list_statement(
    account_id: uuid.UUID, *, limit: int = PAGE_ROWS, before_sequence: int | None = None
) -> list[StatementLine]:
    """Give entries of an account, the newest first; the next page begins before the last line's sequence."""
    rows = sql.fetch_all(STATEMENT, {"account": account_id, "before": before_sequence, "limit": limit})
    return [
        StatementLine(**{**row, "kind": TransactionKind(row["kind"]), "context": read_json(row["context"])})
        for row in rows
    ]


def list_lots(account_id: uuid.UUID, *, limit: int = PAGE_ROWS) -> list[LotView]:
    """Give the lots with points left, in the order in which they are spent."""
    rows = sql.fetch_all(LOTS, {"account": account_id, "until": None, "now": None, "limit": limit})
    return [LotView(**row) for row in rows]


def list_expiring(account_id: uuid.UUID, *, now: datetime, until: datetime, limit: int = PAGE_ROWS) -> list[LotView]:
    """Give the lots told to expire by ``until`` that can still be spent, first to end first; those in grace too."""
    rows = sql.fetch_all(LOTS, {"account": account_id, "until": until, "now": now, "limit": limit})
    return [LotView(**row) for row in rows]


def list_points_expiring(account_ids: Sequence[uuid.UUID], *, now: datetime, until: datetime) -> dict[uuid.UUID, int]:
    """Give the points of each account told to expire by ``until`` that can still be spent at ``now``; 0 is left out.

    The sum of what ``list_expiring`` lists, in one statement for all accounts.
    """
    rows = sql.fetch_all(EXPIRING, {"accounts": list(account_ids), "now": now, "until": until})
    return {row["account_id"]: row["points"] for row in rows}


def list_points_overdue(account_ids: Sequence[uuid.UUID], *, now: datetime) -> dict[uuid.UUID, int]:
    """Give the points of each account that ``points_available`` counts and no burn takes at ``now``; 0 is left out.

    Their lots and the grace are over, and the expiry has not come by. One statement for all accounts.
    """
    rows = sql.fetch_all(OVERDUE, {"accounts": list(account_ids), "now": now})
    return {row["account_id"]: row["points"] for row in rows}


def list_cap_usage(account_id: uuid.UUID, *, limit: int = PAGE_ROWS) -> list[CapUsageView]:
    """Give what an account has used of its caps, the newest window first."""
    return [CapUsageView(**row) for row in sql.fetch_all(CAP_USAGE, {"account": account_id, "limit": limit})]


def list_shared_cap_usage(cap_refs: Sequence[str], *, limit: int = PAGE_ROWS) -> list[CapUsageView]:
    """Give what has been used of caps that accounts share, the newest window first."""
    rows = sql.fetch_all(SHARED_CAP_USAGE, {"refs": list(cap_refs), "limit": limit})
    return [CapUsageView(account_id=None, **row) for row in rows]


def _account(row: dict[str, Any]) -> AccountView:
    return AccountView(**{**row, "kind": AccountKind(row["kind"]), "status": AccountStatus(row["status"])})
