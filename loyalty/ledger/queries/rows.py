"""Rows of the ledger read into contracts, and JSON with exact decimals."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.ledger.contracts import (
    CapHit,
    CapLine,
    Counterpart,
    EarnPart,
    HoldReceipt,
    HoldState,
    Receipt,
    TransactionKind,
)

# One for all rows: a decoder costs more to make than most of them to read.
_EXACT = json.JSONDecoder(parse_float=Decimal)


def read_json(text: str | None) -> dict[str, Any] | None:
    """Read stored JSON with its decimals exact."""
    return None if text is None else _EXACT.decode(text)


def read_cap_hits(text: str) -> tuple[CapHit, ...]:
    """Read what ledger_cap_hits_of gives."""
    return tuple(
        CapHit(cap_ref=ref, window_start=date.fromisoformat(window), asked=asked, granted=granted)
        for ref, window, asked, granted in json.loads(text)
    )


def write_json(value: Mapping[str, Any] | None) -> str | None:
    """Write JSON for a jsonb parameter."""
    return None if value is None else dumps_exact(dict(value)).decode()


def receipt_from(row: Mapping[str, Any], caps: Sequence[CapLine] = (), parts: Sequence[EarnPart] = ()) -> Receipt:
    """Build the receipt from a row of the type ledger_receipt.

    The row leaves its caps out when each granted all that was asked; they are those of the posting then.
    """
    counterpart = row["counterpart_account_id"]
    return Receipt(
        transaction_id=row["transaction_id"],
        account_id=row["account_id"],
        owner_ref=row["owner_ref"],
        program_ref=row["program_ref"],
        wallet=row["wallet"],
        customer_ref=row["customer_ref"],
        kind=TransactionKind(row["kind"]),
        points_amount=row["points_amount"],
        points_balance=row["points_balance"],
        points_pending=row["points_pending"],
        points_held=row["points_held"],
        points_debt=row["points_debt"],
        points_lost_to_caps=row["points_lost_to_caps"],
        points_unrecovered=row["points_unrecovered"],
        is_pending=row["is_pending"],
        is_replay=row["is_replay"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        expires_at=row["expires_at"],
        reverses=row["reverses"],
        confirms=row["confirms"],
        hold_id=row["hold_id"],
        counterpart=Counterpart(account_id=counterpart, points_balance=row["counterpart_balance"])
        if counterpart
        else None,
        caps=_cap_hits(row, caps, parts),
        trace=read_json(row["trace"]),
        context=read_json(row["context"]),
    )


def hold_receipt_from(row: Mapping[str, Any]) -> HoldReceipt:
    """Build the receipt of a hold or of its release from a row of the type ledger_hold_receipt."""
    names = HoldReceipt.__dataclass_fields__
    values = {name: row[name] for name in names}
    return HoldReceipt(**{**values, "state": HoldState(row["state"]), "context": read_json(row["context"])})


def _cap_hits(row: Mapping[str, Any], caps: Sequence[CapLine], parts: Sequence[EarnPart]) -> tuple[CapHit, ...]:
    if row["caps"] is not None:
        return read_cap_hits(row["caps"])
    if not caps:
        return ()
    of_parts = {part.code: part.points_amount for part in parts}
    hits = []
    for cap in sorted(caps, key=lambda each: (each.cap_ref, each.window_start)):
        points = row["points_amount"] if cap.part is None else of_parts.get(cap.part, 0)
        hits.append(CapHit(cap_ref=cap.cap_ref, window_start=cap.window_start, asked=points, granted=points))
    return tuple(hits)
