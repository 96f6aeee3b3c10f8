"""Reads of holds and of pending earns."""

import uuid
from collections.abc import Sequence
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.ledger.contracts import HoldReceipt, HoldState, HoldView, PendingState, PendingView
from loyalty.ledger.errors import HoldNotFound, IdempotencyKeyReused
from loyalty.ledger.queries.accounts import PAGE_ROWS
from loyalty.ledger.queries.rows import hold_receipt_from, read_json

HOLDS = """
    SELECT h.public_id AS hold_id, a.public_id AS account_id, h.points_amount, h.points_captured,
        h.state::text AS state, h.held_at, h.expires_at, h.ended_at, t.public_id AS captured_by,
        coalesce(h.customer_ref, a.owner_ref) AS customer_ref, h.actor_ref, h.reason, h.context::text AS context
    FROM ledger_hold h JOIN ledger_account a ON a.id = h.account_id
    LEFT JOIN ledger_transaction t ON t.hold_id = h.id
"""
HOLD_BY_KEY = """
    SELECT h.request_hash, r.* FROM ledger_hold h, ledger_hold_receipt_of(h.id, false, true) r
    WHERE h.idempotency_scope = %s AND h.idempotency_key = %s
"""
PENDING = """
    SELECT t.public_id AS transaction_id, a.public_id AS account_id, p.points_original, p.points_amount,
        p.state::text AS state, p.earned_at, p.activates_at, p.expires_at, p.spendable_until, e.public_id AS ended_by,
        t.context::text AS context
    FROM ledger_account a JOIN ledger_pending p ON p.account_id = a.id
    JOIN ledger_transaction t ON t.id = p.transaction_id LEFT JOIN ledger_transaction e ON e.id = p.ended_by
    WHERE a.public_id = %(account)s AND (%(is_any)s OR p.state = 'PENDING')
    ORDER BY p.transaction_id DESC LIMIT %(limit)s
"""


def get_hold(hold_id: uuid.UUID) -> HoldView:
    """Give a hold as it stands.

    :raises HoldNotFound: no such hold.
    """
    row = sql.fetch_one(HOLDS + "WHERE h.public_id = %s", [hold_id])
    if row is None:
        raise HoldNotFound(hold_id=str(hold_id))
    return _hold(row)


def list_holds_named(hold_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, HoldView]:
    """Give holds by their ids, in one statement; unknown ids are left out."""
    rows = sql.fetch_all(HOLDS + "WHERE h.public_id = ANY(%s::uuid[])", [list(hold_ids)])
    return {row["hold_id"]: _hold(row) for row in rows}


def list_holds(account_id: uuid.UUID, *, state: HoldState | None = None, limit: int = PAGE_ROWS) -> list[HoldView]:
    """Give the holds of an account, the newest first; of one state, or all."""
    rows = sql.fetch_all(
        HOLDS + "WHERE a.public_id = %s AND (%s::text IS NULL OR h.state::text = %s) ORDER BY h.id DESC LIMIT %s",
        [account_id, state, state, limit],
    )
    return [_hold(row) for row in rows]


def find_hold_receipt(*, idempotency_scope: str, idempotency_key: str, request_hash: bytes = b"") -> HoldReceipt | None:
    """Give the answer that this key of a hold got, marked as a replay, or None.

    :raises IdempotencyKeyReused: a fingerprint is given and the key was used for another request.
    """
    row = sql.fetch_one(HOLD_BY_KEY, [idempotency_scope, idempotency_key])
    if row is None:
        return None
    if request_hash and bytes(row["request_hash"]) != request_hash:
        raise IdempotencyKeyReused(idempotency_key=idempotency_key)
    return hold_receipt_from(row)


def list_pending(account_id: uuid.UUID, *, is_any_state: bool = False, limit: int = PAGE_ROWS) -> list[PendingView]:
    """Give the earns of an account that are pending, the newest first; with ``is_any_state`` also those that ended."""
    rows = sql.fetch_all(PENDING, {"account": account_id, "is_any": is_any_state, "limit": limit})
    return [
        PendingView(**{**row, "state": PendingState(row["state"]), "context": read_json(row["context"])})
        for row in rows
    ]


def _hold(row: dict[str, Any]) -> HoldView:
    return HoldView(**{**row, "state": HoldState(row["state"]), "context": read_json(row["context"])})
