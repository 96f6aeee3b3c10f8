"""Proof: one account reconciled, the totals of the book, and every invariant as a query that finds violations."""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from django.db import connection, transaction

from loyalty.foundation.orm import sql
from loyalty.ledger.contracts.proofs import Discrepancy, InvariantResult, LedgerTotals, Proof, Reconciliation
from loyalty.ledger.errors import AccountNotFound

INVARIANTS_FOLDER = Path(__file__).parent.parent / "sql" / "invariants"
# Enough rows to begin a search with; the number of violations is exact.
EXAMPLES_MAX = 5

RECONCILE = """
    SELECT b.points_posted, b.lifetime_points_earned, b.lifetime_points_redeemed, b.last_sequence,
        coalesce(e.points, 0)::bigint AS entries, coalesce(e.number, 0) AS entries_number,
        coalesce(e.earned, 0)::bigint AS earned, coalesce(e.redeemed, 0)::bigint AS redeemed,
        coalesce((SELECT sum(o.points_remaining) FROM ledger_lot_open o WHERE o.account_id = a.id), 0)::bigint AS lots
    FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
    LEFT JOIN LATERAL (
        SELECT sum(e.points_change) AS points, count(*) AS number,
            sum(e.points_change) FILTER (WHERE coalesce(r.kind, t.kind) = 'earn') AS earned,
            -sum(e.points_change) FILTER (WHERE coalesce(r.kind, t.kind) = 'burn') AS redeemed
        FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
        LEFT JOIN ledger_transaction r ON r.id = t.reverses_id
        WHERE e.account_id = a.id AND e.account_sequence IS NOT NULL) e ON true
    WHERE a.public_id = %s
"""
# Counter-accounts are sums of their entries: what was issued lies there with the opposite sign.
TOTALS = """
    SELECT coalesce(-sum(e.points_change) FILTER (WHERE a.kind = 'issuance'), 0)::bigint AS points_issued,
        coalesce(sum(e.points_change) FILTER (WHERE a.kind = 'redemption'), 0)::bigint AS points_redeemed,
        coalesce(sum(e.points_change) FILTER (WHERE a.kind = 'breakage'), 0)::bigint AS points_expired,
        coalesce(-sum(e.points_change) FILTER (WHERE a.kind = 'adjustment'), 0)::bigint AS points_adjusted,
        (SELECT coalesce(sum(b.points_posted), 0)::bigint FROM ledger_balance b) AS points_outstanding
    FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id AND a.owner_ref IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """A law of the book: a query that finds rows only where it is broken."""

    code: str
    title: str
    query: str


@cache
def list_invariants() -> tuple[Invariant, ...]:
    """Give every invariant; a file's first line is ``-- CODE: title`` and the rest is its query.

    The queries take one parameter, ``now``.
    """
    found = []
    for path in sorted(INVARIANTS_FOLDER.glob("*.sql")):
        heading, _, query = path.read_text(encoding="utf-8").partition("\n")
        code, _, title = heading.removeprefix("-- ").partition(": ")
        found.append(Invariant(code=code, title=title, query=query.strip().rstrip(";")))
    return tuple(found)


def check_invariants(*, now: datetime, codes: Sequence[str] | None = None) -> list[InvariantResult]:
    """Check the invariants (all, or those named) on one snapshot of the ledger."""
    with _one_snapshot():
        return [_check(one, now) for one in list_invariants() if codes is None or one.code in codes]


def prove(*, now: datetime) -> Proof:
    """Prove the whole ledger on one snapshot: totals and every invariant."""
    started = time.perf_counter()
    with _one_snapshot():
        totals = get_totals()
        results = [_check(one, now) for one in list_invariants()]
    return Proof(
        is_balanced=not any(result.violations for result in results),
        as_of=now,
        totals=totals,
        invariants=tuple(results),
        duration_ms=_ms_since(started),
    )


def get_totals() -> LedgerTotals:
    """Give the totals of the book."""
    return LedgerTotals(**sql.fetch_all(TOTALS)[0])


def reconcile(account_id: uuid.UUID) -> Reconciliation:
    """Compare an account's balance row with its entries and its lots, in one statement.

    :raises AccountNotFound: no such account.
    """
    row = sql.fetch_one(RECONCILE, [account_id])
    if row is None:
        raise AccountNotFound(account_id=str(account_id))
    pairs = (
        ("entries", row["points_posted"], row["entries"]),
        ("lots", row["points_posted"], row["lots"]),
        ("sequence", row["last_sequence"], row["entries_number"]),
        ("lifetime_earned", row["lifetime_points_earned"], row["earned"]),
        ("lifetime_redeemed", row["lifetime_points_redeemed"], row["redeemed"]),
    )
    discrepancies = tuple(
        Discrepancy(code=code, expected=expected, found=found) for code, expected, found in pairs if expected != found
    )
    return Reconciliation(
        account_id=account_id,
        is_balanced=not discrepancies,
        points_balance=row["points_posted"],
        sum_of_entries=row["entries"],
        sum_of_lots=row["lots"],
        discrepancies=discrepancies,
    )


@contextmanager
def _one_snapshot() -> Iterator[None]:
    # Postings go on while we look, so all queries must see one instant. Inside a caller's transaction that has already
    # read something the level cannot be raised any more, and the caller's own isolation holds.
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        sql.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _check(invariant: Invariant, now: datetime) -> InvariantResult:
    started = time.perf_counter()
    rows = sql.fetch_all(
        f"WITH violation AS MATERIALIZED ({invariant.query}) "
        "SELECT count(*) OVER () AS violations_total, violation.* FROM violation LIMIT %(examples)s",
        {"now": now, "examples": EXAMPLES_MAX},
    )
    violations = rows[0]["violations_total"] if rows else 0
    return InvariantResult(
        code=invariant.code,
        title=invariant.title,
        violations=violations,
        examples=tuple({name: value for name, value in row.items() if name != "violations_total"} for row in rows),
        duration_ms=_ms_since(started),
    )


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
