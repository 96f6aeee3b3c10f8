"""Migration in: a file of members with their opening points, read as it is and taken in by the thousand."""

import csv
import hashlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any, Protocol

from django.db import DataError, connection, transaction
from psycopg import Error as DriverError
from psycopg import sql as names

from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.ledger import api as ledger
from loyalty.points import queries
from loyalty.points.contracts import ImportReport
from loyalty.points.errors import ImportFileInvalid, ImportNotFound
from loyalty.points.models import MemberImport
from loyalty.points.operations import bulk
from loyalty.programs import api as programs

RUN_KIND = bulk.IMPORT_RUN_KIND
COLUMNS = (
    *("customer_ref", "first_name", "last_name", "email", "phone"),
    *("enrolled_on", "tier_code", "wallet", "points_balance", "expires_on"),
)
# Rows of one transaction: long enough to be set-based, short enough that a person does not wait for its locks.
CHUNK_ROWS = 2_000
BLOCK_BYTES = 1 << 20
HEADER_BYTES_MAX = 10_000

CREATE_FILE = """
    DROP TABLE IF EXISTS points_import_file;
    CREATE TEMP TABLE points_import_file (row integer GENERATED ALWAYS AS IDENTITY (CACHE 1000),
        customer_ref text NOT NULL DEFAULT '', first_name text NOT NULL DEFAULT '', last_name text NOT NULL DEFAULT '',
        email text NOT NULL DEFAULT '', phone text NOT NULL DEFAULT '', enrolled_on text NOT NULL DEFAULT '',
        tier_code text NOT NULL DEFAULT '', wallet text NOT NULL DEFAULT '', points_balance text NOT NULL DEFAULT '',
        expires_on text NOT NULL DEFAULT '') ON COMMIT DROP
"""
UNKNOWN_REFS = "SELECT points_unknown_refs(%(import)s, %(after)s, %(until)s) AS refs"
TAKE_ROWS = """
    SELECT * FROM points_take_import_rows(%(import)s, %(import_ref)s, %(after)s::integer, %(until)s::integer,
        %(refs)s::text[], %(ids)s::uuid[], %(program)s, %(version)s, %(actor)s, %(now)s, %(timezone)s, %(today)s,
        %(tiers)s::text[], %(wallets)s::text[], %(grace_days)s::integer, %(expires_at)s::timestamptz,
        %(spendable_until)s::timestamptz)
"""


class ByteStream(Protocol):
    """Something that gives bytes, such as an open file or the body of a request."""

    def read(self, size: int, /) -> bytes:
        """Give up to so many bytes, none at the end."""
        ...


class RowsReport(Protocol):
    """Hears how many rows of how many are done."""

    def __call__(self, done: int, total: int) -> None:
        """Hear it."""
        ...


@transaction.atomic
def stage_import(
    *, program_id: uuid.UUID, file: ByteStream, file_name: str, key: str, actor: Actor, now: datetime
) -> tuple[MemberImport, bool]:
    """Read a CSV file into the table of rows; give the import and whether it is new. Nothing is taken in yet.

    The first line names the columns: ``customer_ref`` and any of ``COLUMNS``, in any order, separated by commas or
    semicolons. The same key with the same file gives the import that it made.

    :raises ProgramNotFound: there is no such program.
    :raises ImportFileInvalid: the file is no CSV with such columns.
    :raises IdempotencyKeyReused: the key was used for another file.
    """
    programs.get_plan(program_id, at=now)
    digest = hashlib.sha256(program_id.bytes)
    # Facts are handed on up to the oldest transaction that writes, so this one begins to write when all of the file is
    # here: a slow sender must not hold up everybody's events.
    with TemporaryFile() as here:
        here.writelines(_hashed(file, digest.update))
        here.seek(0)
        total = _copy(iter(lambda: here.read(BLOCK_BYTES), b""))
    earlier = MemberImport.objects.select_for_update().filter(idempotency_key=key).first()
    if earlier is not None:
        if bytes(earlier.request_hash) != digest.digest():
            raise ledger.IdempotencyKeyReused("This key was used for another file.", idempotency_key=key)
        return earlier, False
    made = MemberImport.objects.create(
        program_public_id=program_id,
        file_name=file_name,
        rows_total=total,
        idempotency_key=key,
        request_hash=digest.digest(),
    )
    sql.fetch_one("SELECT points_stage_import(%s)", [made.pk])
    audit.record(
        actor=actor,
        act="points.import",
        subject_kind="import",
        subject_ref=str(made.public_id),
        at=now,
        after={"program_id": str(program_id), "file_name": file_name, "rows": total},
    )
    return made, True


def start_import(
    *, program_id: uuid.UUID, file: ByteStream, file_name: str, key: str, actor: Actor, now: datetime
) -> tuple[MemberImport, bool]:
    """Read a file and put the taking in of its rows in line, or ask for it; a file that waits is kept as it was read.

    :raises ProgramNotFound, ImportFileInvalid, IdempotencyKeyReused: see ``stage_import``.
    :raises WaitsForApproval: a workflow has so many points wait for others.
    """
    with transaction.atomic():
        made, is_new = stage_import(
            program_id=program_id, file=file, file_name=file_name, key=key, actor=actor, now=now
        )
        waiting = None
        if is_new or (made.run_public_id is None and made.rows_done == 0):
            waiting = bulk.start_or_ask(made, key=key, actor=actor, now=now)
    return approvals.settled(waiting or (made, is_new))


def _hashed(file: ByteStream, update: Callable[[bytes], None]) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        update(block)
        yield block


def _copy(blocks: Iterator[bytes]) -> int:
    """Hand the file to the database as it is; give its number of rows."""
    head = b""
    while b"\n" not in head and len(head) <= HEADER_BYTES_MAX:
        block = next(blocks, b"")
        if not block:
            break
        head += block
    header, _, rest = head.partition(b"\n")
    columns, delimiter = _read_header(header)
    sql.execute(CREATE_FILE)
    statement = names.SQL(
        "COPY points_import_file ({columns}) FROM STDIN WITH (FORMAT csv, DELIMITER {delimiter}, FORCE_NOT_NULL "
        "({columns}), ENCODING 'UTF8')"
    ).format(
        columns=names.SQL(", ").join(names.Identifier(column) for column in columns),
        delimiter=names.Literal(delimiter),
    )
    try:
        with connection.cursor() as cursor:
            with cursor.copy(statement) as target:
                target.write(rest)
                for block in blocks:
                    target.write(block)
            count = int(cursor.rowcount)
    except (DataError, DriverError) as fault:
        raise ImportFileInvalid(_told(fault)) from fault
    if count == 0:
        raise ImportFileInvalid("The file has no rows.")
    return count


def _read_header(line: bytes) -> tuple[list[str], str]:
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as fault:
        raise ImportFileInvalid("The file is not UTF-8.") from fault
    delimiter = ";" if text.count(";") > text.count(",") else ","
    columns = [name.strip().lower() for name in next(csv.reader([text], delimiter=delimiter), [])]
    unknown = [name for name in columns if name not in COLUMNS]
    if "customer_ref" not in columns or unknown or len(set(columns)) < len(columns):
        raise ImportFileInvalid(
            f"The first line names the columns: customer_ref and any of {', '.join(COLUMNS[1:])}, each once.",
            unknown=[name[:50] for name in unknown[:10]],
        )
    return columns, delimiter


def _told(fault: Exception) -> str:
    cause = fault.__cause__ if isinstance(fault, DataError) else fault
    diagnosis = getattr(cause, "diag", None)
    place = re.search(r"line (\d+)", str(getattr(diagnosis, "context", "") or ""))
    # The database counts from the first line behind the names.
    where = f"Line {int(place.group(1)) + 1}: " if place else ""
    return f"{where}{getattr(diagnosis, 'message_primary', None) or 'the file cannot be read'}."


def execute(context: work.RunContext) -> dict[str, Any]:
    """Take the rows of an import in, as a run."""
    report = apply_import(
        import_id=uuid.UUID(context.subject_ref),
        actor=context.actor,
        now=context.now,
        report=lambda done, total: context.report("importing", done, total),
    )
    return {
        "rows_imported": report.rows_imported,
        "rows_refused": report.rows_refused,
        "customers_created": report.customers_created,
        "members_enrolled": report.members_enrolled,
        "points_imported": report.points_imported,
    }


def apply_import(
    *, import_id: uuid.UUID, actor: Actor, now: datetime, report: RowsReport = lambda done, total: None
) -> ImportReport:
    """Take the rows in, chunk by chunk, from where an earlier try stopped; give what the whole import came to.

    Customers that nobody knew are made, known ones stay as they are; members join on their day in their tier; points
    become lots, by an adjustment with the reason code ``opening_balance``. A row whose day of expiry is not given
    lives as long as points earned today.

    :raises ImportNotFound: there is no such import.
    """
    while True:
        with transaction.atomic():
            made = MemberImport.objects.select_for_update().filter(public_id=import_id).first()
            if made is None:
                raise ImportNotFound("There is no such import.")
            if made.rows_done >= made.rows_total:
                return queries.import_report(made)
            _take_chunk(made, actor, now)
        report(made.rows_done, made.rows_total)


def _take_chunk(made: MemberImport, actor: Actor, now: datetime) -> None:
    plan = programs.get_plan(made.program_public_id, at=now)
    until = min(made.rows_done + CHUNK_ROWS, made.rows_total)
    span = {"import": made.pk, "after": made.rows_done, "until": until}
    refs: list[str] = sql.fetch_all(UNKNOWN_REFS, span)[0]["refs"] or []
    expires_at, spendable_until = programs.expiry_of(plan, now)
    (taken,) = sql.fetch_all(
        TAKE_ROWS,
        {
            **span,
            "import_ref": made.public_id,
            "refs": refs,
            "ids": [public_id_of_ref(ref) for ref in refs],
            "program": plan.program_id,
            "version": str(plan.version_id),
            "actor": actor.ref,
            "now": now,
            "timezone": plan.timezone,
            "today": programs.business_date(plan.timezone, now),
            "tiers": [tier.code for tier in plan.tiers],
            "wallets": [wallet.code for wallet in plan.wallets],
            "grace_days": plan.expiry.grace_days_after,
            "expires_at": expires_at,
            "spendable_until": spendable_until,
        },
    )
    _keep_count(made, taken, until, actor, now)


def _keep_count(made: MemberImport, taken: Mapping[str, Any], until: int, actor: Actor, now: datetime) -> None:
    after = {
        "rows": [made.rows_done + 1, until],
        "rows_imported": taken["imported"],
        "rows_refused": taken["refused"],
        "customers_created": taken["customers_made"],
        "members_enrolled": taken["members_joined"],
        "points_imported": taken["points"],
    }
    audit.record(
        actor=actor,
        act="points.import",
        subject_kind="import",
        subject_ref=str(made.public_id),
        at=now,
        after=after,
    )
    made.rows_imported += taken["imported"]
    made.rows_refused += taken["refused"]
    made.customers_created += taken["customers_made"]
    made.members_enrolled += taken["members_joined"]
    made.points_imported += taken["points"]
    made.rows_done, made.updated_at = until, now
    made.save()
