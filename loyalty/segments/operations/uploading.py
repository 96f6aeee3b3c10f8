"""Members of a static segment out of a CSV file: lines are matched in sets, and the report tells each one's fate."""

from datetime import datetime
from typing import BinaryIO

import numpy as np
from django.db import connection, transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.csv_column import CsvColumn, CsvUnreadable, open_column
from loyalty.foundation.orm import sql
from loyalty.segments.contracts import MatchReport, SnapshotCause
from loyalty.segments.errors import UploadInvalid, UploadTooLarge
from loyalty.segments.models import Segment
from loyalty.segments.operations.applying import apply
from loyalty.segments.operations.members import held_static
from loyalty.segments.policy import bitmaps
from loyalty.segments.queries import membership

BYTES_MAX = 64 * 2**20
LINES_MAX = 1_000_000
VALUE_MAX = 100
UNMATCHED_KEPT = 1_000
# What the column of customers may be called; the first of these that the file has.
COLUMNS = ("customer_id", "customer_ref", "id", "ref", "customer")

# A value is a public id or a reference; whoever was merged stands for the customer that they are now.
MATCH = """
    CREATE TEMP TABLE segments_matched ON COMMIT DROP AS
    SELECT u.line, u.value, coalesce(s.into_id, r.customer_id, p.customer_id) AS customer_id
    FROM segments_upload u
    LEFT JOIN customers_directory r ON r.customer_ref = u.value
    LEFT JOIN customers_directory p ON p.public_id = CASE
        WHEN u.value ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN u.value::uuid END
    LEFT JOIN customers_successors s ON s.customer_id = coalesce(r.customer_id, p.customer_id)
"""
COUNTS = """
    SELECT count(*) AS lines, count(customer_id) AS matched_lines, count(DISTINCT customer_id) AS matched
    FROM segments_matched
"""
UNMATCHED = "SELECT line, value FROM segments_matched WHERE customer_id IS NULL ORDER BY line LIMIT %s"


@transaction.atomic
def upload(*, segment: Segment, file: BinaryIO, column: str = "", actor: Actor, now: datetime) -> MatchReport:
    """Add the customers of a CSV file to a static segment; who is in stays in, and lines that match nobody are told.

    :param column: the column of public ids or references; without it the first that has one of the usual names, or the
        first of all.
    :raises SegmentKindWrong: the segment is dynamic.
    :raises UploadInvalid: it is no CSV in UTF-8, or has no such column.
    :raises UploadTooLarge: more than 64 MB or a million lines.
    """
    held = held_static(segment)
    chosen = _open(file, column)
    sql.execute("DROP TABLE IF EXISTS segments_upload, segments_matched")
    sql.execute("CREATE TEMP TABLE segments_upload (line bigint, value text) ON COMMIT DROP")
    invalid = _fill(chosen)
    sql.execute("ANALYZE segments_upload")
    sql.execute(MATCH)
    counts = sql.fetch_one(COUNTS)
    assert counts is not None
    rows = sql.fetch_all("SELECT DISTINCT customer_id FROM segments_matched WHERE customer_id IS NOT NULL")
    matched = np.array([row["customer_id"] for row in rows], dtype=np.int64)
    old, new = bitmaps.alike(membership.bits_of(held), bitmaps.of_ids(matched))
    applied = apply(segment=held, members=old | new, evaluated_at=now, cause=SnapshotCause.UPLOAD, actor=actor, now=now)
    return MatchReport(
        column=chosen.name,
        lines=int(counts["lines"]) + invalid,
        matched=int(counts["matched"]),
        added=applied.added,
        already_members=int(counts["matched"]) - applied.added,
        duplicates=int(counts["matched_lines"]) - int(counts["matched"]),
        unmatched=int(counts["lines"]) - int(counts["matched_lines"]),
        invalid=invalid,
        unmatched_sample=tuple(sql.fetch_all(UNMATCHED, [UNMATCHED_KEPT])),
    )


def _open(file: BinaryIO, column: str) -> CsvColumn:
    """Read the head and find the column."""
    content = file.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise UploadTooLarge(f"A file has at most {BYTES_MAX // 2**20} MB.")
    try:
        return open_column(content, column=column, usual=COLUMNS)
    except CsvUnreadable as fault:
        raise UploadInvalid(str(fault)) from fault


def _fill(column: CsvColumn) -> int:
    """Copy the values into the temporary table; give how many lines have none that a customer could have."""
    invalid = 0
    try:
        with connection.cursor() as cursor, cursor.copy("COPY segments_upload FROM STDIN") as target:
            for count, (line, value) in enumerate(column.values(), start=1):
                if count > LINES_MAX:
                    raise UploadTooLarge(f"A file has at most {LINES_MAX:,} lines.")
                if not value or len(value) > VALUE_MAX:
                    invalid += 1
                else:
                    target.write_row((line, value))
    except CsvUnreadable as fault:
        raise UploadInvalid(str(fault)) from fault
    return invalid
