"""Single decisions, and what the same rule costs customer by customer in Python, ours and the libraries'."""

import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select

from benchmarks.harness import Bench
from benchmarks.peers import rule_libraries
from loyalty.features import api as features
from loyalty.foundation.rules import api as rules
from loyalty.segments.models import Segment
from loyalty.segments.operations.facts import list_known, satisfies
from loyalty.segments.operations.recalculation import rule_of
from loyalty.segments.queries import world

# The cost per customer is the same over a part of them; all ten million would take minutes.
CUSTOMERS = 20_000
DECISIONS = 2_000


class Clock(Protocol):
    """Tells processor time."""

    def seconds(self, act: Callable[[], object]) -> float:
        """Give what an act takes."""
        ...


def measure(bench: Bench, clock: Clock, segment: Segment, rules_json: Any, customers: int) -> None:
    """Tell all of it."""
    decide(segment)
    rows = fetch(rules_json)
    rule = rules.check(rules_json, world.schema(), "boolean")
    now = datetime.now(UTC)
    began = time.process_time()
    ours = sum(1 for row in rows if rules.evaluate(rule, row, now=now))
    print(
        f"  the evaluator, rows at hand: {(time.process_time() - began) / len(rows) * 1e6:.2f} us for each customer, "
        f"{(time.process_time() - began) / len(rows) * customers:.1f} s for all",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "rows.json"
        file.write_text(json.dumps({"rule": rules_json, "rows": rows}, default=float))
        for name, (seconds, found) in rule_libraries.measure(file).items():
            agrees = "agrees" if found == ours else f"selects {found} where we select {ours}"
            per_row = seconds / len(rows)
            print(f"  {name}: {per_row * 1e6:.2f} us for each customer, {per_row * customers:.1f} s for all, {agrees}")


def fetch(rules_json: Any) -> list[dict[str, Any]]:
    """Fetch what the rule reads of some customers."""
    source = features.source()
    names = sorted(rules.uses_fields(rules.check(rules_json, world.schema(), "boolean")))
    statement = select(*(source.columns[name] for name in names)).select_from(source.table).limit(CUSTOMERS)
    return [dict(zip(names, row, strict=True)) for row in source.connector.fetch_all(statement)]


def decide(segment: Segment) -> None:
    """Decide single customers with their features in the cache."""
    source = features.source()
    keys = [row[0] for row in source.connector.fetch_all(select(source.key).select_from(source.table).limit(200))]
    rule, now = rule_of(segment), datetime.now(UTC)
    fields = rules.uses_fields(rule)
    list_known(keys, fields, now=now)
    taken = sorted(_timed(partial(_decide, keys[n % len(keys)], rule, fields, now)) for n in range(DECISIONS))
    known = list_known(keys[:1], fields, now=now)[keys[0]]
    bare = sorted(_timed(partial(satisfies, rule, known, reads_warehouse=True, now=now)) for _ in range(DECISIONS))
    print(
        f"  one decision with cached features: p50 {taken[DECISIONS // 2] * 1e3:.3f} ms, "
        f"p99 {taken[DECISIONS * 99 // 100] * 1e3:.3f} ms; facts at hand: p50 {bare[DECISIONS // 2] * 1e3:.4f} ms",
        flush=True,
    )


def _decide(key: Any, rule: rules.Rule, fields: frozenset[str], now: datetime) -> bool:
    return satisfies(rule, list_known([key], fields, now=now)[key], reads_warehouse=True, now=now)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
