"""Reads of audit: the chain, its anchors, its verifications, and the log as lines of a file."""

import csv
import io
import json
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from loyalty.foundation.audit.contracts import Anchor, Fault, FaultKind, VerificationView
from loyalty.foundation.audit.models import AuditBlock, AuditEntry, AuditVerification
from loyalty.foundation.audit.policy import Pair
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.spreadsheets import safe_cell
from loyalty.foundation.orm import sql

ANCHORED, KEY = "audit.anchored", "audit"
CSV_ROWS = 5000
CSV_COLUMNS = (
    "id", "at", "recorded_at", "actor_kind", "actor_ref", "actor_name", "act", "subject_kind", "subject_ref", "reason",
    "request_id", "remote_address", "user_agent", "before", "after",
)  # fmt: skip

# The facts of one key and type lie along an index of the store's own.
ANCHORS = f"""
    SELECT o.occurred_at AS at, (o.data ->> 'block')::bigint AS block, o.data ->> 'hash' AS hash
    FROM {events.STORE_VIEW} o
    WHERE o.lookup = hashtextextended('{KEY} {ANCHORED}', 0) AND o.key = '{KEY}' AND o.type = '{ANCHORED}'
"""  # noqa: S608 - names of our own
# What the sealer has not reached; the last block says up to where it came.
UNSEALED = """
    SELECT count(*) AS count FROM audit_auditentry e
    WHERE (e.xid, e.id) > (
        coalesce((SELECT b.xid_to FROM audit_block b ORDER BY b.number DESC LIMIT 1), '0'::xid8),
        coalesce((SELECT b.id_to FROM audit_block b ORDER BY b.number DESC LIMIT 1), 0))
"""


def last_block() -> Anchor | None:
    """Give the end of the chain as an anchor of the moment of its sealing, or None when nothing is sealed."""
    block = AuditBlock.objects.order_by("-number").only("number", "hash", "sealed_at").first()
    return Anchor(at=block.sealed_at, block=block.number, hash=bytes(block.hash).hex()) if block else None


def last_anchor_told() -> Anchor | None:
    """Give the newest anchor of the outbox."""
    row = sql.fetch_one(f"{ANCHORS} ORDER BY o.occurred_at DESC, 2 DESC LIMIT 1")
    return Anchor(**row) if row else None


def anchors_inside(*, since: int) -> list[Anchor]:
    """Give the anchors of the outbox that name a block of this number or a later one."""
    return [Anchor(**row) for row in sql.fetch_all(f"{ANCHORS} AND (o.data ->> 'block')::bigint >= %s", [since])]


def anchors_outside(*, since: int) -> tuple[list[Anchor], list[str]]:
    """Give the anchors of the file that name a block of this number or a later one, and what cannot be read of it.

    A last line without an end was being written when the platform was killed; it says nothing.
    """
    path = Path(settings.LOYALTY_AUDIT_ANCHOR_FILE)
    if not path.exists():
        return [], []
    found: list[Anchor] = []
    unreadable: list[str] = []
    for place, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True), start=1):
        try:
            told = json.loads(line)
            anchor = Anchor(at=datetime.fromisoformat(told["at"]), block=int(told["block"]), hash=str(told["hash"]))
        except (ValueError, TypeError, KeyError):
            if line.endswith("\n"):
                unreadable.append(f"Line {place} of the file of anchors cannot be read.")
            continue
        if anchor.block >= since:
            found.append(anchor)
    return found, unreadable


def hashes_of(numbers: Collection[int]) -> dict[int, str]:
    """Give the hashes of those blocks that stand."""
    rows = AuditBlock.objects.filter(number__in=numbers).values_list("number", "hash")
    return {number: bytes(value).hex() for number, value in rows}


def examine(first: int, last: int) -> list[dict[str, Any]]:
    """Hold blocks against themselves, the block before them and their rows (``sql/chain.sql``)."""
    return sql.fetch_all("SELECT * FROM audit_examine(%s, %s)", [first, last])


def compare(number: int) -> list[Pair]:
    """Give, row by row, what a block says and what stands there."""
    return [Pair(**_readable(row)) for row in sql.fetch_all("SELECT * FROM audit_compare(%s)", [number])]


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}


def count_unsealed() -> int:
    """Count the rows that wait to be sealed."""
    row = sql.fetch_one(UNSEALED)
    return int(row["count"]) if row else 0


def last_intact_block() -> int:
    """Give the last block up to which a look has found nothing wrong since the last look that found something."""
    last = AuditVerification.objects.order_by("-id").first()
    return last.block_to if last and last.is_intact else 0


def find_last_verification() -> VerificationView | None:
    """Give what the last look at the chain found."""
    row = AuditVerification.objects.order_by("-id").first()
    if row is None:
        return None
    return VerificationView(
        verified_at=row.verified_at, is_full=row.is_full, is_intact=row.is_intact, block_from=row.block_from,
        block_to=row.block_to, block_count=row.block_count, row_count=row.row_count, unsealed_count=row.unsealed_count,
        anchor_count=row.anchor_count, fault_count=row.fault_count,
        faults=tuple(Fault(**{**one, "kind": FaultKind(one["kind"])}) for one in row.faults),
    )  # fmt: skip


def blocks_of(ids: Collection[int]) -> dict[int, int | None]:
    """Give the number of the block that covers each row, None where it waits to be sealed."""
    return {row["id"]: row["number"] for row in sql.fetch_all("SELECT * FROM audit_blocks_of(%s)", [list(ids)])}


def has_acted(
    *, actor_refs: Collection[str], subject_kind: str, subject_ref: str, since: datetime, act: str | None = None
) -> bool:
    """Tell whether the log knows of an act of any of these actors on a subject, at an instant or later."""
    rows = AuditEntry.objects.filter(
        subject_kind=subject_kind, subject_ref=subject_ref, actor_ref__in=list(actor_refs), at__gte=since
    )
    return (rows if act is None else rows.filter(act=act)).exists()


def csv_lines(rows: QuerySet[AuditEntry]) -> Iterator[str]:
    """Give rows of the log as the lines of a CSV file, newest first, read piece by piece."""
    yield ",".join(CSV_COLUMNS) + "\r\n"
    before: int | None = None
    while True:
        piece = rows if before is None else rows.filter(id__lt=before)
        found = list(piece.order_by("-id")[:CSV_ROWS])
        if not found:
            return
        before = found[-1].pk
        block = io.StringIO()
        csv.writer(block).writerows([_cell(one, name) for name in CSV_COLUMNS] for one in found)
        yield block.getvalue()


def _cell(entry: AuditEntry, name: str) -> str:
    value = getattr(entry, "public_id" if name == "id" else name)
    if name in ("before", "after"):
        return "" if value is None else dumps_exact(value).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    return safe_cell(str(value))
