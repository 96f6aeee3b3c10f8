"""The part of a planted fault that lies in the processes; the part in the database is in ``faults``."""

from typing import Any

from django.db import connection, transaction

from benchmarks.kill.contracts import FAULT_POINT
from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql as orm_sql
from loyalty.foundation.resilience.failpoints import maybe_fail


def prepare(fault: str) -> None:
    """Put the part of a fault that lies in the processes in place."""
    if fault in ("split_commit", "event_after_commit"):
        _finish_after_commit()
    if fault == "relay_marks_first":
        events.relay = _relay_marks_first


def _finish_after_commit() -> None:
    """Have every outermost commit followed by the second one, that of a statement by itself too."""
    leave, fetch = transaction.Atomic.__exit__, orm_sql.fetch_prepared

    def finish() -> None:
        if not connection.in_atomic_block:
            maybe_fail(FAULT_POINT)
            orm_sql.execute("SELECT fault_finish()")

    def leave_then_finish(self: transaction.Atomic, kind: Any, value: Any, trace: Any) -> None:
        leave(self, kind, value, trace)
        if kind is None:
            finish()

    def fetch_then_finish(sql: str, params: orm_sql.Params = None) -> list[dict[str, Any]]:
        rows = fetch(sql, params)
        if "ledger_" in sql:
            finish()
        return rows

    transaction.Atomic.__exit__ = leave_then_finish  # type: ignore[method-assign]
    orm_sql.fetch_prepared = fetch_then_finish


MARK = """
    WITH known AS (SELECT position FROM events_relaycursor WHERE name = %(name)s)
    UPDATE events_relaycursor c SET position = least(known.position + %(limit)s, %(until)s) FROM known
    WHERE c.name = %(name)s AND known.position < %(until)s
    RETURNING known.position AS from_position, c.position AS to_position
"""
HAND_ON = """
    INSERT INTO events_inboxentry (handler, event_id, type, key, rank, state, due_at, attempts, last_error, envelope)
    SELECT s.handler, b.event_id, b.type, b.key, s.rank, 'PENDING', %(now)s, 0, '', jsonb_build_object(
        'id', b.event_id, 'type', b.type, 'version', b.version, 'key', b.key, 'subject_kind', b.subject_kind,
        'subject_ref', b.subject_ref, 'occurred_at', b.occurred_at, 'recorded_at', b.recorded_at,
        'correlation_id', b.correlation_id, 'causation_id', b.causation_id, 'data', b.data)
    FROM events_stored b
    JOIN unnest(%(handlers)s::text[], %(types)s::text[], %(ranks)s::int[]) AS s (handler, type, rank) ON s.type = b.type
    WHERE b.position > %(from_position)s AND b.position <= %(to_position)s
    ON CONFLICT DO NOTHING
"""


def _relay_marks_first(*, now: Any, limit: int = 1000) -> tuple[int, int]:
    orm_sql.execute("INSERT INTO events_relaycursor (name, position) VALUES ('postgres', 0) ON CONFLICT DO NOTHING")
    moved = orm_sql.fetch_one(MARK, {"name": "postgres", "limit": limit, "until": events.store_facts()})
    if moved is None:
        return 0, 0
    maybe_fail(FAULT_POINT)
    wanted = [s for s in events.subscriptions() if s.is_wanted is None or s.is_wanted(s.event_type)]
    handlers, types, ranks = zip(*((s.name, s.event_type, s.rank) for s in wanted), strict=True)
    names = {"handlers": list(handlers), "types": list(types), "ranks": list(ranks)}
    made = orm_sql.execute(HAND_ON, {**moved, **names, "now": now})
    return 1, made
