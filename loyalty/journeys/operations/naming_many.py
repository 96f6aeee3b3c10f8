"""Whom somebody names to be led in at once: a list, a CSV file or a segment, in pieces of one transaction each."""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.db import connection

from loyalty.foundation.kernel.csv_column import CsvColumn, CsvUnreadable, open_column
from loyalty.foundation.orm import sql
from loyalty.journeys.contracts import EntryOutcome, UnknownName
from loyalty.journeys.errors import ListInvalid, ListTooLong, SegmentUnknown
from loyalty.journeys.models import Intake
from loyalty.segments import api as segments

# People let in by one transaction, beside other workers; the same as of a segment's members (``sweeping.FILL_ROWS``).
PART_ROWS = 20_000
NAMES_MAX = 1_000_000
BYTES_MAX = 50 * 2**20
# No public id and no reference is longer.
NAME_LENGTH_MAX = 100
UNKNOWN_TOLD = 100
COLUMNS = ("customer_id", "customer_ref", "id", "ref", "customer")

CREATE = """
    DROP TABLE IF EXISTS journeys_named, journeys_found;
    CREATE TEMP TABLE journeys_named (line bigint, value text) ON COMMIT DROP
"""
# A name is a public id or a reference; who was merged is whom that person is now.
FIND = """
    CREATE TEMP TABLE journeys_found ON COMMIT DROP AS
    SELECT n.line, n.value, coalesce(s.into_id, r.customer_id, p.customer_id) AS customer_id
    FROM journeys_named n
    LEFT JOIN customers_directory r ON r.customer_ref = n.value
    LEFT JOIN customers_directory p ON p.public_id = CASE
        WHEN n.value ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN n.value::uuid END
    LEFT JOIN customers_successors s ON s.customer_id = coalesce(r.customer_id, p.customer_id)
"""
COUNT = """
    SELECT count(*) AS named, count(customer_id) AS found, count(DISTINCT customer_id) AS people FROM journeys_found
"""
UNKNOWN = "SELECT line, value FROM journeys_found WHERE customer_id IS NULL ORDER BY line LIMIT %s"
CUT_LIST = """
    INSERT INTO journeys_intakepart (intake_id, customers)
    SELECT %s, array_agg(p.customer_id) FROM (
        SELECT f.customer_id, (row_number() OVER (ORDER BY f.customer_id) - 1) / %s AS piece
        FROM (SELECT DISTINCT customer_id FROM journeys_found WHERE customer_id IS NOT NULL) f) p
    GROUP BY p.piece ORDER BY p.piece
"""
CUT_SEGMENT = """
    WITH cut AS (
        INSERT INTO journeys_intakepart (intake_id, after_id, until_id)
        SELECT %(intake)s, s.after_id, s.until_id FROM segments_stretches(%(segment)s, %(rows)s) s ORDER BY s.after_id
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM cut) AS parts,
        coalesce((SELECT sum(s.member_count) FROM segments_stretches(%(segment)s, %(rows)s) s), 0)::bigint AS people
"""


@dataclass(frozen=True, slots=True)
class ListedPeople:
    """A list of public ids or references, in any mixture."""

    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class FilePeople:
    """A CSV file, read to its end; ``column`` where it has none of the usual names."""

    content: bytes
    column: str = ""


@dataclass(frozen=True, slots=True)
class SegmentPeople:
    """The members that a segment has now."""

    segment_id: uuid.UUID


PeopleSource = ListedPeople | FilePeople | SegmentPeople


def read_file(file: BinaryIO, column: str) -> FilePeople:
    """Read a file that names people.

    :raises ListTooLong: it has more than 50 MB.
    """
    content = file.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise ListTooLong(f"A file has at most {BYTES_MAX // 2**20} MB.")
    return FilePeople(content, column)


def digest_of(source: PeopleSource) -> list[object]:
    """Give what tells one source from another, to compare a retry with the first call."""
    match source:
        case ListedPeople(names):
            return ["list", list(names)]
        case FilePeople(content, column):
            return ["file", hashlib.sha256(content).hexdigest(), column]
        case SegmentPeople(segment_id):
            return ["segment", str(segment_id)]


def cut(intake: Intake, source: PeopleSource) -> tuple[UnknownName, ...]:
    """Write down the pieces of an intake and how many people it is about; give the first names that lead to nobody.

    :raises ListInvalid, ListTooLong: the list cannot be read.
    :raises SegmentUnknown: there is no such segment.
    """
    if isinstance(source, SegmentPeople):
        _cut_segment(intake, source.segment_id)
        return ()
    return _cut_list(intake, _lines_of(source))


def _cut_segment(intake: Intake, segment_id: uuid.UUID) -> None:
    try:
        segments.get_segment(segment_id)
    except segments.SegmentNotFound as refusal:
        raise SegmentUnknown(f"There is no segment {segment_id}.") from refusal
    row = sql.fetch_one(CUT_SEGMENT, {"intake": intake.pk, "segment": segment_id, "rows": PART_ROWS})
    intake.named = intake.total = int(row["people"]) if row else 0
    intake.segment_ref = segment_id


def _cut_list(intake: Intake, lines: Iterable[tuple[int, str]]) -> tuple[UnknownName, ...]:
    sql.execute(CREATE)
    unreadable = _copy(lines)
    sql.execute("ANALYZE journeys_named")
    sql.execute(FIND)
    counted = sql.fetch_one(COUNT)
    assert counted is not None
    named, found, people = int(counted["named"]), int(counted["found"]), int(counted["people"])
    told = {
        EntryOutcome.CUSTOMER_UNKNOWN: named - found,
        EntryOutcome.NAMED_TWICE: found - people,
        EntryOutcome.UNREADABLE: unreadable,
    }
    intake.counts = {str(outcome): count for outcome, count in told.items() if count}
    intake.named, intake.total = named + unreadable, people
    sql.execute(CUT_LIST, [intake.pk, PART_ROWS])
    return tuple(UnknownName(row["line"], row["value"]) for row in sql.fetch_all(UNKNOWN, [UNKNOWN_TOLD]))


def _lines_of(source: ListedPeople | FilePeople) -> Iterable[tuple[int, str]]:
    if isinstance(source, ListedPeople):
        return enumerate((one.strip() for one in source.names), start=1)
    try:
        return _named(open_column(source.content, column=source.column, usual=COLUMNS)).values()
    except CsvUnreadable as fault:
        raise ListInvalid(str(fault)) from fault


def _named(column: CsvColumn) -> CsvColumn:
    """Refuse a file whose first line may be a customer already: nobody is left out without a word."""
    if not column.is_named:
        raise ListInvalid(
            f"The first line names the columns, and none of them is {', '.join(COLUMNS[:-1])} or {COLUMNS[-1]}: "
            "call the column of the customers so, or tell its name.",
            column=column.name[:60],
        )
    return column


def _copy(lines: Iterable[tuple[int, str]]) -> int:
    """Copy the names into the temporary table; give how many lines have none that a customer could have."""
    unreadable = 0
    try:
        with connection.cursor() as cursor, cursor.copy("COPY journeys_named FROM STDIN") as target:
            for count, (line, value) in enumerate(lines, start=1):
                if count > NAMES_MAX:
                    raise ListTooLong(f"A list has at most {NAMES_MAX:,} names.")
                if not value or len(value) > NAME_LENGTH_MAX:
                    unreadable += 1
                else:
                    target.write_row((line, value))
    except CsvUnreadable as fault:
        raise ListInvalid(str(fault)) from fault
    return unreadable
