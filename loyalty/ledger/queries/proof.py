"""Proof: the totals of the book, and every invariant as a query that finds violations."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from django.db import connection, transaction

from loyalty.foundation.orm import sql
from loyalty.ledger.contracts.proofs import InvariantResult, Proof
from loyalty.ledger.queries.reconciliation import get_totals

INVARIANTS_FOLDER = Path(__file__).parent.parent / "sql" / "invariants"
# Enough rows to begin a search with; the number of violations is exact.
EXAMPLES_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """A law of the book: a query that finds rows only where it is broken."""

    code: str
    title: str
    query: str


@cache
def list_invariants() -> tuple[Invariant, ...]:
    """Give every invariant; a file's first line is ``-- CODE: title`` and the rest is its query.

    The queries take one parameter, ``now``.
    """
    found = []
    for path in sorted(INVARIANTS_FOLDER.glob("*.sql")):
        heading, _, query = path.read_text(encoding="utf-8").partition("\n")
        code, _, title = heading.removeprefix("-- ").partition(": ")
        found.append(Invariant(code=code, title=title, query=query.strip().rstrip(";")))
    return tuple(found)


def check_invariants(*, now: datetime, codes: Sequence[str] | None = None) -> list[InvariantResult]:
    """Check the invariants (all, or those named) on one snapshot of the ledger."""
    with _one_snapshot():
        return [_check(one, now) for one in list_invariants() if codes is None or one.code in codes]


def prove(*, now: datetime) -> Proof:
    """Prove the whole ledger on one snapshot: totals and every invariant."""
    started = time.perf_counter()
    with _one_snapshot():
        totals = get_totals()
        results = [_check(one, now) for one in list_invariants()]
    return Proof(
        is_balanced=not any(result.violations for result in results),
        as_of=now,
        totals=totals,
        invariants=tuple(results),
        duration_ms=_ms_since(started),
    )


@contextmanager
def _one_snapshot() -> Iterator[None]:
    # Postings go on while we look, so all queries must see one instant. Inside a caller's transaction that has already
    # read something the level cannot be raised any more, and the caller's own isolation holds.
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        sql.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _check(invariant: Invariant, now: datetime) -> InvariantResult:
    started = time.perf_counter()
    rows = sql.fetch_all(
        f"WITH violation AS MATERIALIZED ({invariant.query}) "
        "SELECT count(*) OVER () AS violations_total, violation.* FROM violation LIMIT %(examples)s",
        {"now": now, "examples": EXAMPLES_MAX},
    )
    violations = rows[0]["violations_total"] if rows else 0
    return InvariantResult(
        code=invariant.code,
        title=invariant.title,
        violations=violations,
        examples=tuple({name: value for name, value in row.items() if name != "violations_total"} for row in rows),
        duration_ms=_ms_since(started),
    )


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
