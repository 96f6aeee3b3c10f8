"""The planted faults: ways of being wrong that the oracles must find, put into the harness's own database.

The SQL functions are patched where they stand (their text is read from the database, changed and installed again), so
that a fault is the platform of today with one thing wrong, and not a copy of it that ages.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]
ASIDE = ("ledger_entry", "events_outbox")


class CannotPlant(RuntimeError):
    """The functions of this version do not look as the fault expects."""


@dataclass(frozen=True)
class Fault:
    """A way of being wrong."""

    name: str
    words: str
    plant: Callable[[Connection], None]


def _patch(own: Connection, change: Callable[[str], str], wanted: str) -> None:
    """Change the text of the ledger's functions; at least one has to change."""
    rows = own.execute(
        "SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE p.proname LIKE 'ledger\\_%' AND n.nspname = 'public' AND p.prokind = 'f'"
    ).fetchall()
    changed = 0
    for _, text in rows:
        new = change(str(text))
        if new != text:
            own.execute(new.encode())
            changed += 1
    if not changed:
        raise CannotPlant(f"no function of the ledger has {wanted}")


def _no_idempotency(own: Connection) -> None:
    """A key is looked for and written, but nobody refuses it a second time."""
    own.execute("ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_once")
    _patch(
        own,
        lambda text: re.sub(r"ON CONFLICT \(idempotency_scope, idempotency_key\) DO NOTHING", "", text),
        "ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING",
    )


STALE = r"(SELECT x.\1 FROM ledger_balance x WHERE x.account_id = b.account_id)"


def _stale(match: "re.Match[str]") -> str:
    # A sub-select sees the statement's snapshot, not the row that the UPDATE waited for: the classic lost update.
    return match.group(1) + re.sub(r"\bb\.(points_posted|last_sequence|lifetime_\w+)\b", STALE, match.group(2))


def _no_lock(own: Connection) -> None:
    """A balance is read before it is waited for, so of two postings at once one is forgotten."""
    own.execute("DROP INDEX ledger_entry_sequence")
    _patch(
        own,
        lambda text: re.sub(
            r"(UPDATE ledger_balance b\s+SET )(.*?)(?=\bWHERE\b|\bFROM\b)", _stale, text, flags=re.DOTALL
        ),
        "UPDATE ledger_balance b SET",
    )


def _aside(*tables: str) -> Callable[[Connection], None]:
    """Have rows written aside first and moved to their table by a second transaction."""

    def plant(own: Connection) -> None:
        moves = []
        for table in tables:
            aside = sql.Identifier(f"fault_{table}")
            own.execute(sql.SQL("CREATE TABLE {} (LIKE {})").format(aside, sql.Identifier(table)))
            columns = [
                str(name) for (name,) in own.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
                    "AND column_name <> 'xid' AND is_identity = 'NO' ORDER BY ordinal_position", (table,)
                )
            ]  # fmt: skip
            for dropped in ("xid", "id", "version", "recorded_at") if table == "events_outbox" else ():
                own.execute(sql.SQL("ALTER TABLE {} ALTER {} DROP NOT NULL").format(aside, sql.Identifier(dropped)))
            if table == "events_outbox":
                own.execute(
                    "ALTER TABLE fault_events_outbox ALTER version SET DEFAULT 1, "
                    "ALTER recorded_at SET DEFAULT clock_timestamp()"
                )
            own.execute(sql.SQL("ALTER TABLE {} ADD fault_pid integer DEFAULT pg_backend_pid()").format(aside))
            names = ", ".join(columns)
            moves.append(
                f"WITH gone AS (DELETE FROM fault_{table} WHERE fault_pid = pg_backend_pid() RETURNING *) "
                f"INSERT INTO {table} ({names}) SELECT {names} FROM gone;"
            )
            _patch(
                own,
                lambda text, table=table: re.sub(rf"INSERT INTO {table}\b", f"INSERT INTO fault_{table}", text),  # type: ignore[misc]
                f"INSERT INTO {table}",
            )
        body = "\n".join(moves)
        own.execute(f"CREATE FUNCTION fault_finish() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {body} END $$".encode())

    return plant


def _asynchronous(own: Connection) -> None:
    """A commit is acknowledged before it is on the disk."""
    own.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(own.info.dbname)))


def _nothing(own: Connection) -> None:
    """The fault lies in a process."""


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("no_idempotency", "a used key is not refused", _no_idempotency),
        Fault("no_lock", "a balance is read before its lock is waited for", _no_lock),
        Fault("split_commit", "entries and event are written by a second commit", _aside(*ASIDE)),
        Fault("event_after_commit", "the event is written after the commit", _aside("events_outbox")),
        Fault("relay_marks_first", "the relay moves its cursor before it hands the facts on", _nothing),
        Fault("synchronous_commit_off", "commits are acknowledged before they are durable", _asynchronous),
    )
}
