"""Members of a static segment out of a CSV file: lines are matched in sets, and the report tells each one's fate."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

import numpy as np
from django.db import connection, transaction

from loyalty.foundation.kernel.actor import Actor
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

# A value is a public id or a reference; of several lines for one customer the first counts.
MATCH = """
    CREATE TEMP TABLE segments_matched ON COMMIT DROP AS
    SELECT u.line, u.value, coalesce(r.customer_id, p.customer_id) AS customer_id
    FROM segments_upload u
    LEFT JOIN customers_directory r ON r.customer_ref = u.value
    LEFT JOIN customers_directory p ON p.public_id = CASE
        WHEN u.value ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN u.value::uuid END
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
    reader, place, name = _open(file, column)
    sql.execute("DROP TABLE IF EXISTS segments_upload, segments_matched")
    sql.execute("CREATE TEMP TABLE segments_upload (line bigint, value text) ON COMMIT DROP")
    invalid = _fill(reader, place)
    sql.execute("ANALYZE segments_upload")
    sql.execute(MATCH)
    counts = sql.fetch_one(COUNTS)
    assert counts is not None
    rows = sql.fetch_all("SELECT DISTINCT customer_id FROM segments_matched WHERE customer_id IS NOT NULL")
    matched = np.array([row["customer_id"] for row in rows], dtype=np.int64)
    old, new = bitmaps.alike(membership.bits_of(held), bitmaps.of_ids(matched))
    applied = apply(segment=held, members=old | new, evaluated_at=now, cause=SnapshotCause.UPLOAD, actor=actor, now=now)
    return MatchReport(
        column=name,
        lines=int(counts["lines"]) + invalid,
        matched=int(counts["matched"]),
        added=applied.added,
        already_members=int(counts["matched"]) - applied.added,
        duplicates=int(counts["matched_lines"]) - int(counts["matched"]),
        unmatched=int(counts["lines"]) - int(counts["matched_lines"]),
        invalid=invalid,
        unmatched_sample=tuple(sql.fetch_all(UNMATCHED, [UNMATCHED_KEPT])),
    )


def _open(file: BinaryIO, column: str) -> tuple[Iterator[list[str]], int, str]:
    """Read the head; give the lines after it, and the place and name of the column."""
    content = file.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise UploadTooLarge(f"A file has at most {BYTES_MAX // 2**20} MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise UploadInvalid("The file is not written in UTF-8.") from fault
    if "\x00" in text or not text.strip():
        raise UploadInvalid("The file is empty or no text.")
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        head = [one.strip() for one in next(reader)]
    except (csv.Error, StopIteration) as fault:
        raise UploadInvalid("The file has no first line with the names of its columns.") from fault
    lowered = [one.lower() for one in head]
    wanted = column.strip().lower() or next((name for name in COLUMNS if name in lowered), lowered[0])
    if wanted not in lowered:
        raise UploadInvalid(f"The file has no column {column[:60]!r}; it has {', '.join(head[:20])}.")
    return reader, lowered.index(wanted), head[lowered.index(wanted)]


def _fill(reader: Iterator[list[str]], place: int) -> int:
    """Copy the values into the temporary table; give how many lines have none that a customer could have."""
    invalid = count = 0
    try:
        with connection.cursor() as cursor, cursor.copy("COPY segments_upload FROM STDIN") as target:
            for line, row in enumerate(reader, start=2):
                if not row:
                    continue
                count += 1
                if count > LINES_MAX:
                    raise UploadTooLarge(f"A file has at most {LINES_MAX:,} lines.")
                value = row[place].strip() if place < len(row) else ""
                if not value or len(value) > VALUE_MAX:
                    invalid += 1
                else:
                    target.write_row((line, value))
    except csv.Error as fault:
        raise UploadInvalid(f"The file cannot be read as CSV: {fault}.") from fault
    return invalid
