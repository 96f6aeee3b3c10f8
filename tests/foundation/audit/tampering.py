"""A log to tamper with, and the ways of whoever has the database in hand: triggers off, rights taken."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from loyalty.foundation.audit import api
from loyalty.foundation.audit.api import FaultKind

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROWS, ROWS_PER_BLOCK = 240, 20
# As if transactions of three rows each had committed one after another, long ago.
FILL = """
    INSERT INTO audit_auditentry (xid, public_id, at, recorded_at, actor_kind, actor_ref, actor_name, act, subject_kind,
        subject_ref, before, after, reason, request_id, remote_address, user_agent)
    SELECT (g / 3 + %(xid)s)::text::xid8, gen_random_uuid(), %(now)s + g * interval '1 second', %(now)s, 'user',
        'user-' || g %% 7, 'Somebody ' || g, 'points.adjust', 'account', 'account-' || g, NULL,
        jsonb_build_object('points_change', g, 'points_balance', g * 10), 'reason ' || g, 'request-' || g, '192.0.2.7',
        'browser'
    FROM generate_series(1, %(rows)s) g ORDER BY g
"""


def run(statement: str, params: Any = None) -> list[tuple[Any, ...]]:
    """Run one statement and give its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def fill(rows: int = ROWS, first_xid: int = 10) -> None:
    """Write a log that committed long ago."""
    run(FILL, {"now": NOW, "rows": rows, "xid": first_xid})


@contextmanager
def undone() -> Iterator[None]:
    """Take back all that is done within."""
    mark = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(mark)


def take_over() -> None:
    """Do what an administrator of the database can: give oneself the rights and switch the triggers off."""
    run("GRANT UPDATE, DELETE ON audit_auditentry, audit_block TO CURRENT_USER")
    run("SET LOCAL session_replication_role = replica")


@dataclass(frozen=True)
class Tampered:
    """What was done, and which kinds of fault say so; ``entry_id`` is the row that must be named, if one must."""

    words: str
    kinds: frozenset[FaultKind]
    entry_id: int | None = None


Tamper = Callable[[random.Random], Tampered]


def _some_row(chance: random.Random) -> int:
    ids = [row[0] for row in run("SELECT id FROM audit_auditentry ORDER BY xid, id")]
    return int(chance.choice(ids))


def _two_rows(chance: random.Random) -> tuple[int, int]:
    """Give two rows of one block, so that an exchange is seen as a new order and not as one row in each of two."""
    (ids,) = chance.choice(run("SELECT ids FROM audit_block"))
    first, second = chance.sample(ids, 2)
    return first, second


def edit_row(chance: random.Random) -> Tampered:
    """Change one column of one row, by as little as can be."""
    change = chance.choice([
        "act = 'points.earn'", "actor_name = actor_name || ' '", "actor_ref = 'user-x'", "reason = ''",
        "at = at + interval '1 microsecond'", "recorded_at = recorded_at - interval '1 day'", "before = '{}'",
        "after = after || '{\"points_change\": 1000000}'", "after = NULL", "subject_ref = 'account-0'",
        "request_id = ''", "remote_address = '192.0.2.8'", "user_agent = ''", "public_id = gen_random_uuid()",
        "actor_kind = 'system'", "subject_kind = 'member'",
    ])  # fmt: skip
    row = _some_row(chance)
    run(f"UPDATE audit_auditentry SET {change} WHERE id = %s", [row])  # noqa: S608 - ours
    return Tampered(f"{change} of row {row}", frozenset({FaultKind.EDITED}), row)


def delete_row(chance: random.Random) -> Tampered:
    """Remove one row."""
    row = _some_row(chance)
    run("DELETE FROM audit_auditentry WHERE id = %s", [row])
    return Tampered(f"deleted row {row}", frozenset({FaultKind.DELETED}), row)


INSERT = """
    INSERT INTO audit_auditentry (id, public_id, request_id, xid, at, recorded_at, actor_kind, actor_ref, actor_name,
        act, subject_kind, subject_ref, before, after, reason)
    SELECT -e.id, gen_random_uuid(), '', e.xid, e.at, e.recorded_at, e.actor_kind, e.actor_ref, e.actor_name, e.act,
        e.subject_kind, e.subject_ref, e.before, e.after, e.reason
    FROM audit_auditentry e WHERE e.id = %s RETURNING id
"""


def insert_row(chance: random.Random) -> Tampered:
    """Put a row among those that were sealed."""
    model = _some_row(chance)
    ((made,),) = run(INSERT, [model])
    return Tampered(f"inserted a row before {model}", frozenset({FaultKind.INSERTED}), int(made))


def exchange_ids(chance: random.Random) -> Tampered:
    """Have two rows change places."""
    first, second = _two_rows(chance)
    run("UPDATE audit_auditentry SET id = -1 WHERE id = %s", [first])
    run("UPDATE audit_auditentry SET id = %s WHERE id = %s", [first, second])
    run("UPDATE audit_auditentry SET id = %s WHERE id = -1", [second])
    return Tampered(f"exchanged rows {first} and {second}", frozenset({FaultKind.REORDERED}))


def move_row(chance: random.Random) -> Tampered:
    """Give a row the transaction of another, so that it stands elsewhere."""
    row = _some_row(chance)
    run("UPDATE audit_auditentry SET xid = '11'::xid8 WHERE id = %s AND xid <> '11'::xid8", [row])
    run("UPDATE audit_auditentry SET xid = '40'::xid8 WHERE id = %s AND xid = '11'::xid8 AND id < 10", [row])
    return Tampered(
        f"moved row {row}", frozenset({FaultKind.EDITED, FaultKind.DELETED, FaultKind.INSERTED, FaultKind.REORDERED})
    )


def delete_block(chance: random.Random) -> Tampered:
    """Remove a block from the middle, with or without its rows."""
    ((last,),) = run("SELECT max(number) FROM audit_block")
    number = chance.randrange(1, last)
    if chance.random() < 0.5:
        run("DELETE FROM audit_auditentry e USING audit_block b WHERE b.number = %s AND e.id = ANY (b.ids)", [number])
    run("DELETE FROM audit_block WHERE number = %s", [number])
    return Tampered(f"deleted block {number}", frozenset({FaultKind.BLOCK_DELETED}))


def edit_block(chance: random.Random) -> Tampered:
    """Change what a block says."""
    ((last,),) = run("SELECT max(number) FROM audit_block")
    number = chance.randrange(1, last + 1)
    change = chance.choice([
        "hash = sha256('x')", "digest = sha256('x')", "sealed_at = sealed_at + interval '1 second'",
        "previous_hash = sha256('x')", "leaves = leaves || '\\x00'", "row_count = row_count - 1",
        "ids = ids[2:] || ids[1]",
    ])  # fmt: skip
    run(f"UPDATE audit_block SET {change} WHERE number = %s", [number])  # noqa: S608 - ours
    return Tampered(f"{change} of block {number}", frozenset({FaultKind.BLOCK_EDITED}))


def _reseal(first: int) -> None:
    """Do as the sealer does, from a block onwards."""
    ends = run("SELECT row_count FROM audit_block WHERE number >= %s ORDER BY number", [first])
    run("DELETE FROM audit_block WHERE number >= %s", [first])
    for (count,) in ends:
        run("SELECT audit_seal(%s, '1000000000', %s)", [count, NOW])


def edit_with_its_block(chance: random.Random) -> Tampered:
    """Change a row and make its block fit; the block after it tells."""
    ((last,),) = run("SELECT max(number) FROM audit_block")
    number = chance.randrange(1, last)
    later = run("SELECT b.* FROM audit_block b WHERE number > %s ORDER BY number", [number])
    ((row,),) = run("SELECT ids[1] FROM audit_block WHERE number = %s", [number])
    run("UPDATE audit_auditentry SET reason = 'changed' WHERE id = %s", [row])
    run("DELETE FROM audit_block WHERE number > %s", [number])
    _reseal(number)
    for block in later:
        run("INSERT INTO audit_block VALUES (%s, %s::text::xid8, %s, %s, %s, %s, %s, %s, %s, %s)", list(block))
    return Tampered(f"rewrote block {number}", frozenset({FaultKind.CHAIN_BROKEN}))


def rewrite_all(chance: random.Random) -> Tampered:
    """Change a row and seal everything anew: nothing inside the database tells any more."""
    row = _some_row(chance)
    run("UPDATE audit_auditentry SET actor_name = 'Nobody' WHERE id = %s", [row])
    _reseal(1)
    return Tampered(f"rewrote the chain over row {row}", frozenset({FaultKind.REWRITTEN}))


def cut_tail(chance: random.Random) -> Tampered:
    """Remove the last blocks with their rows."""
    ((last,),) = run("SELECT max(number) FROM audit_block")
    first = chance.randrange(1, last + 1)
    run("DELETE FROM audit_auditentry e USING audit_block b WHERE b.number >= %s AND e.id = ANY (b.ids)", [first])
    run("DELETE FROM audit_block WHERE number >= %s", [first])
    return Tampered(f"cut the tail from block {first}", frozenset({FaultKind.CUT_TAIL}))


def regrow_tail(chance: random.Random) -> Tampered:
    """Remove the last row and seal what is left as if it had never been."""
    ((last, row),) = run("SELECT number, id_to FROM audit_block ORDER BY number DESC LIMIT 1")
    run("DELETE FROM audit_auditentry WHERE id = %s", [row])
    _reseal(last)
    return Tampered(f"cut row {row} and sealed anew", frozenset({FaultKind.REWRITTEN}))


TAMPERS: tuple[Tamper, ...] = (
    edit_row, delete_row, insert_row, exchange_ids, move_row, delete_block, edit_block, edit_with_its_block,
    rewrite_all, cut_tail, regrow_tail,
)  # fmt: skip


def look() -> api.VerificationView:
    """Hold everything against the chain."""
    return api.verify(now=NOW, is_full=True)
