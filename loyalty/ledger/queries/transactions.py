"""Reads of transactions and of the answers that keys got."""

import uuid
from collections.abc import Sequence
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.ledger.contracts import Receipt, TransactionKind, TransactionView
from loyalty.ledger.errors import IdempotencyKeyReused, TransactionNotFound
from loyalty.ledger.queries.rows import read_cap_hits, read_json, receipt_from

PAGE_ROWS = 50
# Beyond this a list tells that there are more, not how many.
COUNT_MAX = 10_000
# `public_id` is time-ordered, so its unique index is the reading order too.
TRANSACTIONS = """
    SELECT t.public_id AS transaction_id, a.public_id AS account_id, a.owner_ref,
        coalesce(t.customer_ref, a.owner_ref) AS customer_ref, t.program_ref, a.wallet, t.kind, t.is_pending,
        coalesce(e.points_change, 0) AS points_change, coalesce(w.points_balance, e.balance_after) AS points_balance,
        coalesce(w.points_lost_to_caps, 0) AS points_lost_to_caps, coalesce(v.points, 0)::bigint AS points_reversed,
        t.occurred_at, t.recorded_at, r.public_id AS reverses, c.public_id AS confirms, h.public_id AS hold_id,
        ledger_cap_hits_of(t.id) AS caps, t.actor_ref, t.program_version_ref, t.idempotency_scope, t.idempotency_key,
        t.reason_code, t.reason,
        t.trace::text AS trace, t.context::text AS context
    FROM ledger_transaction t
    JOIN ledger_account a ON a.id = t.account_id
    LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
    LEFT JOIN ledger_transaction r ON r.id = t.reverses_id
    LEFT JOIN ledger_transaction c ON c.id = t.confirms_id
    LEFT JOIN ledger_hold h ON h.id = t.hold_id
    LEFT JOIN ledger_answer w ON w.transaction_id = t.id
    LEFT JOIN LATERAL (
        SELECT sum(abs(x.points_change)) AS points FROM ledger_transaction y
        JOIN ledger_entry x ON x.transaction_id = y.id AND x.line = 1 WHERE y.reverses_id = t.id) v ON true
"""
RECEIPT_BY_KEY = """
    SELECT t.request_hash, r.* FROM ledger_transaction t, ledger_receipt_of(t.id, true) r
    WHERE t.idempotency_scope = %s AND t.idempotency_key = %s
"""


def list_transactions(
    *,
    account_ids: Sequence[uuid.UUID] | None = None,
    program_ref: uuid.UUID | None = None,
    kind: TransactionKind | None = None,
    limit: int = PAGE_ROWS,
    before: uuid.UUID | None = None,
) -> list[TransactionView]:
    """Give transactions, the newest first; the next page begins before the last one's id."""
    where, params = _narrowed(account_ids, program_ref, kind, before)
    # The page is cut before anything is joined to it.
    page = f"SELECT t.id FROM ledger_transaction t WHERE {where} ORDER BY t.public_id DESC LIMIT %s"
    rows = sql.fetch_all(f"{TRANSACTIONS} WHERE t.id = ANY(ARRAY({page})) ORDER BY t.public_id DESC", [*params, limit])
    return [_transaction(row) for row in rows]


def count_transactions(
    *,
    account_ids: Sequence[uuid.UUID] | None = None,
    program_ref: uuid.UUID | None = None,
    kind: TransactionKind | None = None,
) -> tuple[int, bool]:
    """Count transactions up to ``COUNT_MAX``, and tell whether that was all of them."""
    where, params = _narrowed(account_ids, program_ref, kind, None)
    row = sql.fetch_one(f"SELECT count(*) AS n FROM (SELECT 1 FROM ledger_transaction t WHERE {where} LIMIT %s) x",
                        [*params, COUNT_MAX + 1])  # fmt: skip
    found = int(row["n"]) if row else 0
    return min(found, COUNT_MAX), found <= COUNT_MAX


def _narrowed(
    account_ids: Sequence[uuid.UUID] | None,
    program_ref: uuid.UUID | None,
    kind: TransactionKind | None,
    before: uuid.UUID | None,
) -> tuple[str, list[Any]]:
    """Give the condition of a list with its parameters."""
    conditions, params = ["true"], list[Any]()
    for condition, value in (
        # As an array and not as a join, so that one account's page is a walk along its index.
        ("t.account_id = ANY(ARRAY(SELECT x.id FROM ledger_account x WHERE x.public_id = ANY(%s::uuid[])))",
         None if account_ids is None else list(account_ids)),
        ("t.program_ref = %s", program_ref),
        ("t.kind = %s", None if kind is None else kind.value),
        ("t.public_id < %s", before),
    ):  # fmt: skip
        if value is not None:
            conditions.append(condition)
            params.append(value)
    return " AND ".join(conditions), params


def get_transaction(transaction_id: uuid.UUID) -> TransactionView:
    """Give a transaction as it stands in the book.

    :raises TransactionNotFound: no such transaction.
    """
    row = sql.fetch_one(TRANSACTIONS + "WHERE t.public_id = %s", [transaction_id])
    if row is None:
        raise TransactionNotFound(transaction_id=str(transaction_id))
    return _transaction(row)


def list_transactions_named(transaction_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, TransactionView]:
    """Give transactions by their ids, in one statement; unknown ids are left out."""
    rows = sql.fetch_all(TRANSACTIONS + "WHERE t.public_id = ANY(%s::uuid[])", [list(transaction_ids)])
    return {row["transaction_id"]: _transaction(row) for row in rows}


def find_receipt(*, idempotency_scope: str, idempotency_key: str, request_hash: bytes = b"") -> Receipt | None:
    """Give the answer that this key got, marked as a replay, or None.

    :raises IdempotencyKeyReused: a fingerprint is given and the key was used for another request.
    """
    row = sql.fetch_one(RECEIPT_BY_KEY, [idempotency_scope, idempotency_key])
    if row is None:
        return None
    if request_hash and bytes(row["request_hash"]) != request_hash:
        raise IdempotencyKeyReused(idempotency_key=idempotency_key)
    return receipt_from(row)


def _transaction(row: dict[str, Any]) -> TransactionView:
    return TransactionView(
        **{
            **row,
            "kind": TransactionKind(row["kind"]),
            "caps": read_cap_hits(row["caps"]) if row["caps"] else (),
            "trace": read_json(row["trace"]),
            "context": read_json(row["context"]),
        }
    )
