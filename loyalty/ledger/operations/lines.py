"""Set forms: postings as JSON lines of one statement, and its rows read back as answers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.ledger.contracts import BatchLine, Posting
from loyalty.ledger.errors import BatchInvalid
from loyalty.ledger.operations.calls import as_text, call, refusal_of_line
from loyalty.ledger.queries.rows import receipt_from

# Beyond some thousands of lines a statement gains nothing and holds its locks for long.
LINES_MAX = 5000


def check_lines(postings: Sequence[Posting]) -> None:
    """Refuse a batch that is too long.

    :raises BatchInvalid: more lines than ``LINES_MAX``.
    """
    if len(postings) > LINES_MAX:
        raise BatchInvalid(f"A batch has at most {LINES_MAX} lines.")


def line_of(number: int, posting: Posting, params: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Give a posting as a line: what every verb says, from ``params``, and ``more`` of this verb."""
    return {
        "line": number,
        "transaction_id": as_text(params["transaction"]),
        "idempotency_scope": posting.idempotency_scope,
        "idempotency_key": posting.idempotency_key,
        "request_hash": "\\x" + params["request_hash"].hex(),
        "occurred_at": posting.occurred_at.isoformat(),
        "actor_ref": posting.actor_ref,
        "customer_ref": as_text(posting.customer_ref),
        "trace": posting.trace,
        "context": posting.context,
        "correlation_id": as_text(posting.correlation_id),
        "causation_id": as_text(posting.causation_id),
        **more,
    }


def call_lines(
    statement: str,
    lines: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    read: Callable[[Mapping[str, Any]], Any] = receipt_from,
    key: str = "transaction_id",
) -> list[Any]:
    """Run a set form; give (answer or None, what there is to tell of the refusal) of each line, in their order."""
    if not lines:
        return []
    return [
        (read(row) if row[key] else None, refusal_of_line(row["refusal"]))
        for row in call(statement, [dumps_exact(list(lines)).decode(), now])
    ]


def batch_lines(statement: str, lines: Sequence[Mapping[str, Any]], *, now: datetime) -> list[BatchLine]:
    """Run a set form whose lines answer with receipts."""
    return [BatchLine(receipt=receipt, **refusal) for receipt, refusal in call_lines(statement, lines, now=now)]
