"""Earn, burn and adjust for hundreds of lines in one statement each, with the meaning of single calls in order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.points import check_points_amount
from loyalty.ledger.contracts import AdjustPosting, BatchLine, BurnPosting, CapLine, EarnPosting, Posting
from loyalty.ledger.errors import BatchInvalid
from loyalty.ledger.operations.adjusting import adjust_identity, check_adjustment
from loyalty.ledger.operations.calls import as_text, call, cap_params, common_params, refusal_of_line
from loyalty.ledger.operations.postings import burn_identity, check_parts, earn_identity
from loyalty.ledger.queries.rows import receipt_from, write_json

# Beyond a thousand lines a statement gains little and holds its locks for long.
BATCH_LINES_MAX = 1000
# Opening balances are taken in while nobody else posts: longer statements are cheaper there.
ADJUST_LINES_MAX = 5000

EARN_LINES = """
    SELECT b.line, b.refusal, (b.receipt).*
    FROM ledger_earn_lines(%(now)s, %(transactions)s::uuid[], %(accounts)s::uuid[], %(points)s::bigint[],
        %(scopes)s::text[], %(keys)s::text[], %(hashes)s::bytea[], %(occurred)s::timestamptz[],
        %(expires)s::timestamptz[], %(spendable)s::timestamptz[], %(actors)s::text[], %(versions)s::text[],
        %(traces)s::jsonb[], %(contexts)s::jsonb[], %(correlations)s::uuid[], %(causations)s::uuid[],
        %(customers)s::uuid[], %(is_pending)s::boolean[], %(activates)s::timestamptz[], %(cap_lines)s::integer[],
        %(cap_refs)s::text[], %(cap_windows)s::date[], %(cap_maxima)s::bigint[], %(cap_per_point)s::bigint[],
        %(cap_parts)s::text[],
        %(cap_is_shared)s::boolean[], %(cap_is_refused)s::boolean[], %(part_lines)s::integer[], %(part_codes)s::text[],
        %(part_points)s::bigint[]) b
    ORDER BY b.line
"""
BURN_BATCH = "SELECT b.line, b.refusal, (b.receipt).* FROM ledger_burn_batch(%s::jsonb, %s) b ORDER BY b.line"
ADJUST_BATCH = "SELECT b.line, b.refusal, (b.receipt).* FROM ledger_adjust_batch(%s::jsonb, %s) b ORDER BY b.line"


def earn_batch(postings: Sequence[EarnPosting], *, now: datetime) -> list[BatchLine]:
    """Earn for up to 1,000 postings in one statement, with the meaning of single earns in this order.

    A refused posting does not stop the others: its line tells the code. Caps are counted line by line.

    :raises BatchInvalid: more than 1,000 postings.
    :raises PointsAmountInvalid: an amount is not a whole number in range.
    """
    if not _is_batch(postings, BATCH_LINES_MAX):
        return []
    rows = call(EARN_LINES, _earn_columns(postings, now) | {"now": now})
    lines = []
    for posting, row in zip(postings, rows, strict=True):
        if row["transaction_id"] and not row["is_replay"]:
            # The statement leaves out what the caller sent; reading it as stored makes it equal to a replay's.
            row |= {"trace": write_json(posting.trace), "context": write_json(posting.context)}
        lines.append(_line(row, posting))
    return lines


def burn_batch(postings: Sequence[BurnPosting], *, now: datetime) -> list[BatchLine]:
    """Burn for up to 1,000 postings in one statement, with the meaning of single burns in this order.

    A refused posting does not stop the others: its line tells the code.

    :raises BatchInvalid: more than 1,000 postings.
    :raises PointsAmountInvalid: an amount is not a whole number in range.
    """
    if not _is_batch(postings, BATCH_LINES_MAX):
        return []
    lines = []
    for number, posting in enumerate(postings, start=1):
        check_points_amount(posting.points_amount)
        line = _change_line(number, posting, common_params(posting, "burn", burn_identity(posting), now))
        lines.append(line | {"points_change": -posting.points_amount, "consumption": posting.consumption.value})
    return [_line(row) for row in call(BURN_BATCH, [dumps_exact(lines).decode(), now])]


def adjust_batch(postings: Sequence[AdjustPosting], *, now: datetime) -> list[BatchLine]:
    """Adjust for up to 5,000 postings in one statement, with the meaning of single adjustments in this order.

    A refused posting does not stop the others: its line tells the code.

    :raises BatchInvalid: more than 5,000 postings.
    :raises PointsAmountInvalid: a change is not a whole number in range.
    :raises AdjustmentReasonMissing: a posting has no reason code.
    """
    if not _is_batch(postings, ADJUST_LINES_MAX):
        return []
    lines = []
    for number, posting in enumerate(postings, start=1):
        check_adjustment(posting)
        line = _change_line(number, posting, common_params(posting, "adjust", adjust_identity(posting), now))
        lines.append(
            line
            | {
                "points_change": posting.points_change,
                "reason_code": posting.reason_code,
                "expires_at": posting.expires_at.isoformat() if posting.expires_at else None,
                "spendable_until": posting.spendable_until.isoformat() if posting.spendable_until else None,
            }
        )
    return [_line(row) for row in call(ADJUST_BATCH, [dumps_exact(lines).decode(), now])]


def _is_batch(postings: Sequence[Posting], lines_max: int) -> bool:
    if len(postings) > lines_max:
        raise BatchInvalid(f"A batch has at most {lines_max} lines.")
    return bool(postings)


def _line(row: dict[str, Any], posting: EarnPosting | None = None) -> BatchLine:
    caps, parts = (posting.caps, posting.parts) if posting else ((), ())
    return BatchLine(
        receipt=receipt_from(row, caps, parts) if row["transaction_id"] else None,
        **refusal_of_line(row["refusal"]),
    )


def _earn_columns(postings: Sequence[EarnPosting], now: datetime) -> dict[str, Any]:
    """Give the postings as arrays side by side; an array that would be null throughout is null."""
    common = []
    for posting in postings:
        check_parts(posting)
        common.append(common_params(posting, "earn", earn_identity(posting), now))
    caps: list[CapLine] = [cap for posting in postings for cap in posting.caps]
    parts = [(line, part) for line, posting in enumerate(postings, start=1) for part in posting.parts]
    return cap_params(caps) | {
        "transactions": [one["transaction"] for one in common],
        "accounts": [posting.account_id for posting in postings],
        "points": [posting.points_amount for posting in postings],
        "scopes": [posting.idempotency_scope for posting in postings],
        "keys": [posting.idempotency_key for posting in postings],
        "hashes": [one["request_hash"] for one in common],
        "occurred": [posting.occurred_at for posting in postings],
        "expires": _column([posting.expires_at for posting in postings]),
        "spendable": _column([posting.spendable_until for posting in postings]),
        "actors": [posting.actor_ref for posting in postings],
        "versions": [posting.program_version_ref for posting in postings],
        "traces": _column([one["trace"] for one in common]),
        "contexts": _column([one["context"] for one in common]),
        "correlations": _column([posting.correlation_id for posting in postings]),
        "causations": _column([posting.causation_id for posting in postings]),
        "customers": _column([posting.customer_ref for posting in postings]),
        "is_pending": _column([posting.is_pending or None for posting in postings]),
        "activates": _column([posting.activates_at for posting in postings]),
        "cap_lines": _column([line for line, posting in enumerate(postings, start=1) for _ in posting.caps]),
        "part_lines": _column([line for line, _ in parts]),
        "part_codes": _column([part.code for _, part in parts]),
        "part_points": _column([part.points_amount for _, part in parts]),
    }


def _column(values: list[Any]) -> list[Any] | None:
    return values if any(value is not None for value in values) else None


def _change_line(number: int, posting: BurnPosting | AdjustPosting, common: dict[str, Any]) -> dict[str, Any]:
    return {
        "line": number,
        "transaction_id": as_text(common["transaction"]),
        "account_id": as_text(posting.account_id),
        "idempotency_scope": posting.idempotency_scope,
        "idempotency_key": posting.idempotency_key,
        "request_hash": "\\x" + common["request_hash"].hex(),
        "occurred_at": posting.occurred_at.isoformat(),
        "customer_ref": as_text(posting.customer_ref),
        "reason": posting.reason,
        "actor_ref": posting.actor_ref,
        "program_version_ref": posting.program_version_ref,
        "trace": posting.trace,
        "context": posting.context,
        "correlation_id": as_text(posting.correlation_id),
        "causation_id": as_text(posting.causation_id),
    }
