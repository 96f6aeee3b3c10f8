"""In which program accounts, transactions and holds stand, for many at once."""

import uuid
from collections.abc import Sequence
from enum import StrEnum

from loyalty.foundation.orm import sql


class BookKind(StrEnum):
    """What of the book can be named from outside."""

    ACCOUNT = "account"
    TRANSACTION = "transaction"
    HOLD = "hold"


PROGRAMS = {
    BookKind.ACCOUNT: "SELECT public_id, program_ref FROM ledger_account WHERE public_id = ANY(%s::uuid[])",
    BookKind.TRANSACTION: "SELECT public_id, program_ref FROM ledger_transaction WHERE public_id = ANY(%s::uuid[])",
    BookKind.HOLD: """
        SELECT h.public_id, a.program_ref FROM ledger_hold h JOIN ledger_account a ON a.id = h.account_id
        WHERE h.public_id = ANY(%s::uuid[])
    """,
}


def list_program_refs(kind: BookKind, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Give the program of each that exists, in one statement."""
    rows = sql.fetch_all(PROGRAMS[kind], [list(ids)])
    return {row["public_id"]: row["program_ref"] for row in rows}
