"""Rows of the ledger read into contracts, and JSON with exact decimals."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.ledger.contracts import Receipt, TransactionKind


def read_json(text: str | None) -> dict[str, Any] | None:
    """Read stored JSON with its decimals exact."""
    return None if text is None else json.loads(text, parse_float=Decimal)


def write_json(value: Mapping[str, Any] | None) -> str | None:
    """Write JSON for a jsonb parameter."""
    return None if value is None else dumps_exact(dict(value)).decode()


def receipt_from(row: Mapping[str, Any]) -> Receipt:
    """Build the receipt from a row of the type ledger_receipt."""
    return Receipt(
        transaction_id=row["transaction_id"],
        account_id=row["account_id"],
        owner_ref=row["owner_ref"],
        program_ref=row["program_ref"],
        kind=TransactionKind(row["kind"]),
        points_amount=row["points_amount"],
        points_balance=row["points_balance"],
        points_lost_to_caps=row["points_lost_to_caps"],
        is_replay=row["is_replay"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        expires_at=row["expires_at"],
        reverses=row["reverses"],
        trace=read_json(row["trace"]),
        context=read_json(row["context"]),
    )
