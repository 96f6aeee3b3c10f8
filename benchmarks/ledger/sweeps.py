"""Expiry, reconciliation and balances of the past, by processor time of the server."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.harness import BackendClock, Bench, ServerClock
from benchmarks.ledger.scene import ACCOUNTS, account_ref, earn_lines, own_session, spread
from loyalty.ledger import api

LOTS_OF_CHUNK = 1000
CHUNKS_OF_MEASURE = 4
LOTS_OF_ACCOUNT = 2
DUE_STRIDE = 3
# Books have several entries for each account; what came before this left less than one.
HISTORY_ENTRIES = 4
LONG_ENTRIES = 10_000
LONG_ACCOUNT = 89_999


def run(bench: Bench) -> None:
    """Measure."""
    _expiry(bench)
    _reconciliation(bench)
    _as_of(bench)


def _expiry(bench: Bench) -> None:
    """Expire lots, two of each account, earned apart; each call is one transaction, so its time is that of the longest
    lock."""
    chunks = CHUNKS_OF_MEASURE * bench.repetitions
    earned_at = datetime.now(UTC) - timedelta(days=40)
    accounts = spread(0, LOTS_OF_CHUNK * (chunks + 1) // LOTS_OF_ACCOUNT, DUE_STRIDE) * LOTS_OF_ACCOUNT
    for start in range(0, len(accounts), LOTS_OF_CHUNK):
        earn_lines(accounts[start : start + LOTS_OF_CHUNK], earned_at + timedelta(seconds=start), days=30)
    own_session().execute("VACUUM ANALYZE ledger_lot_open")
    clock = BackendClock(own_session())
    now, longest = datetime.now(UTC), [0.0]

    def measure() -> float:
        lots, before = 0, clock.seconds()
        for _ in range(CHUNKS_OF_MEASURE):
            began = time.perf_counter()
            lots += api.expire_due_lots(now=now, limit=LOTS_OF_CHUNK).lots_expired
            longest[0] = max(longest[0], time.perf_counter() - began)
        return lots / (clock.seconds() - before)

    rates = [measure() for _ in range(bench.repetitions)]
    bench.tell_ratios("lots expired per processor-second of the server", rates, floor=30_000, goal=150_000)
    bench.tell_ratios("  longest transaction of it, milliseconds on the wall", [longest[0] * 1000], ceiling=100)


def _reconciliation(bench: Bench) -> None:
    """Hold every account against its entries and its lots, as the nightly run does, and as the two invariants do."""
    began = datetime.now(UTC) - timedelta(days=HISTORY_ENTRIES)
    for start in range(0, ACCOUNTS * HISTORY_ENTRIES, LOTS_OF_CHUNK):
        earn_lines([(start + n) % ACCOUNTS + 1 for n in range(LOTS_OF_CHUNK)], began + timedelta(seconds=start))
    own_session().execute("VACUUM ANALYZE")
    row = own_session().execute("SELECT count(*) FROM ledger_entry").fetchone()
    entries = int(row[0]) if row else 0
    clock = ServerClock(bench.database_url)

    def run_nightly() -> int:
        checked, after = 0, None
        while True:
            chunk = api.list_discrepancies(after_account=after)
            assert not chunk.discrepancies
            checked, after = checked + chunk.entries_checked, chunk.next_after
            if after is None:
                return checked

    def check() -> int:
        api.check_invariants(now=datetime.now(UTC), codes=["L4", "L5"])
        return entries

    for name, act, floor in (
        ("by the nightly run", run_nightly, 1_000_000.0),
        ("by invariants L4 and L5", check, None),
    ):
        rates = []
        for _ in range(bench.repetitions):
            before = clock.seconds()
            rates.append(act() / (clock.seconds() - before))
        bench.tell_ratios(f"entries reconciled per processor-second, {name}", rates, floor=floor)


def _as_of(bench: Bench) -> None:
    """Read a past balance of an account with 10,000 entries; what it touches is read from the plan."""
    began = datetime.now(UTC) - timedelta(days=1)
    for start in range(0, LONG_ENTRIES, LOTS_OF_CHUNK):
        earn_lines([LONG_ACCOUNT] * LOTS_OF_CHUNK, began + timedelta(seconds=start))
    own_session().execute("VACUUM ANALYZE ledger_entry")
    with CaptureQueriesContext(connection) as captured:
        api.get_balance_as_of(account_ref(LONG_ACCOUNT), as_of=datetime.now(UTC))
    plans = [_plan(query["sql"]) for query in captured.captured_queries if "ledger_entry" in query["sql"]]
    nodes = [node for plan in plans for node in _nodes(plan) if node.get("Relation Name") == "ledger_entry"]
    rows = sum(node["Actual Rows"] * node["Actual Loops"] for node in nodes)
    bench.tell_ratios(
        f"rows of ledger_entry read for a past balance at {LONG_ENTRIES:,} entries", [float(rows)], ceiling=1
    )
    buffers = sum(node["Shared Hit Blocks"] + node["Shared Read Blocks"] for node in nodes)
    kinds = ", ".join(sorted({str(node["Node Type"]) for node in nodes}))
    print(f"  past balance: {kinds}, {len(nodes)} probe, {buffers} pages", flush=True)


def _plan(statement: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
        (found,) = cursor.fetchone()
    plans = json.loads(found) if isinstance(found, str) else found
    plan: dict[str, Any] = plans[0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in _nodes(child))]
