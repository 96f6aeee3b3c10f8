"""Reads of imports: how far they are, and what became of each row."""

import csv
import io
import uuid
from collections.abc import Iterator
from typing import Any

from loyalty.foundation.kernel.spreadsheets import safe_cell
from loyalty.foundation.orm import sql
from loyalty.ledger.errors import REFUSALS
from loyalty.points.contracts import ImportReport
from loyalty.points.errors import ImportNotFound
from loyalty.points.models import MemberImport

RESULTS = """
    SELECT t.row, r.customer_ref, r.wallet, r.points_balance, t.code, t.account_public_id AS account_id,
        t.transaction_public_id AS transaction_id
    FROM points_import_result t JOIN points_import_row r ON r.import_id = t.import_id AND r.row = t.row
    WHERE t.import_id = %(import)s AND t.row > %(after)s AND (NOT %(only_refused)s OR t.code <> '')
    ORDER BY t.row LIMIT %(limit)s
"""
CSV_COLUMNS = ("row", "customer_ref", "wallet", "points_balance", "code", "account_id", "transaction_id")
CSV_ROWS = 5_000


def get_import(import_id: uuid.UUID) -> MemberImport:
    """Give an import.

    :raises ImportNotFound: there is none of that id.
    """
    found = MemberImport.objects.filter(public_id=import_id).first()
    if found is None:
        raise ImportNotFound("There is no such import.")
    return found


def import_report(made: MemberImport) -> ImportReport:
    """Give how far an import is and what it did."""
    return ImportReport(
        import_id=made.public_id,
        rows_total=made.rows_total,
        rows_done=made.rows_done,
        rows_imported=made.rows_imported,
        rows_refused=made.rows_refused,
        customers_created=made.customers_created,
        members_enrolled=made.members_enrolled,
        points_imported=made.points_imported,
    )


def list_import_results(
    made: MemberImport, *, after: int = 0, limit: int = CSV_ROWS, only_refused: bool = False
) -> list[dict[str, Any]]:
    """Give what became of the rows behind ``after``, in the order of the file; no code means that it was taken in."""
    facts = {"import": made.pk, "after": after, "limit": limit, "only_refused": only_refused}
    return [{**row, "code": _code(row["code"])} for row in sql.fetch_all(RESULTS, facts)]


def _code(kept: str) -> str:
    # What the ledger refused is kept as its state.
    return REFUSALS[kept].code if kept in REFUSALS else kept


def import_result_lines(import_id: uuid.UUID) -> Iterator[str]:
    """Give what became of every row as the lines of a CSV file, read piece by piece.

    :raises ImportNotFound: there is none of that id.
    """
    made, after = get_import(import_id), 0
    yield ",".join(CSV_COLUMNS) + "\r\n"
    while rows := list_import_results(made, after=after):
        after = rows[-1]["row"]
        block = io.StringIO()
        # With both line ends quoted (RFC 4180), so that no text of the file begins a row of its own.
        writer = csv.writer(block)
        writer.writerows([_safe(row[name]) for name in CSV_COLUMNS] for row in rows)
        yield block.getvalue()


def _safe(value: Any) -> Any:
    return safe_cell(value) if isinstance(value, str) else value
