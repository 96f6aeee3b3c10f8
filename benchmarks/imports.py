"""Migration in: a file of members with opening points, taken in by a worker that is killed half-way and goes on.

Beside it the same rows by single calls. Told are rows per second and per second of processor time (server and client
together), the worker's memory at its peak, the log written, the longest transaction, and what became of the rows: every
row has its result, wrong ones their code, and points and keys are counted against the file.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.harness import Bench, ServerClock
from loyalty.config.launch import programs as processes
from loyalty.customers import api as customers
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api as ledger
from loyalty.points import api as points
from loyalty.programs import api as programs

ROWS, QUICK_ROWS = 100_000, 20_000
SINGLE_ROWS = 150
# Every so many rows one is wrong, in turn in each of these ways.
WRONG_EVERY = 1000
WRONG = {
    "import.points_invalid": {"points_balance": "12.5"},
    "import.tier_unknown": {"tier_code": "PLATINUM"},
    "import.expires_on_invalid": {"expires_on": "2027-02-30"},
    "import.customer_ref_invalid": {"customer_ref": ""},
    "wallet.unknown": {"wallet": "gems"},
}
COLUMNS = (
    "customer_ref", "first_name", "last_name", "email", "phone", "enrolled_on", "tier_code", "wallet",
    "points_balance", "expires_on",
)  # fmt: skip
LOOK_S = 0.05
ACTOR = system_actor("bench")
STAGE = """
import sys, uuid, django
django.setup()
from pathlib import Path
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.points import api
with Path(sys.argv[1]).open("rb") as file:
    made, _ = api.start_import(program_id=uuid.UUID(sys.argv[2]), file=file, file_name="members.csv", key=sys.argv[3],
                               actor=system_actor("bench"), now=clock.now())
print(made.public_id)
"""
# What the worker's task does when the doorbell rings, until nothing is left.
WORK = """
import time, django
django.setup()
from loyalty.foundation.kernel import clock
from loyalty.foundation.work import operations
while not operations.execute_next(now=clock.now()):
    time.sleep(0.2)
"""
CHECK = """
    SELECT i.rows_total, i.rows_done, i.rows_imported, i.rows_refused, i.points_imported,
        (SELECT count(*) FROM points_import_result r WHERE r.import_id = i.id) AS results,
        (SELECT json_object_agg(c.code, c.rows) FROM (
            SELECT r.code, count(*) AS rows FROM points_import_result r WHERE r.import_id = i.id AND r.code <> ''
            GROUP BY r.code) c) AS refusals,
        (SELECT count(*) FROM ledger_transaction t WHERE t.idempotency_scope = 'points.import') AS transactions,
        (SELECT sum(b.points_posted)::bigint FROM ledger_balance b) AS points,
        (SELECT count(*) FROM customers_customer) AS customers
    FROM points_import i WHERE i.public_id = %s
"""


@dataclass
class Watched:
    """What was seen of a child and of the server while it was at work."""

    memory_bytes: int = 0
    processor_s: float = 0.0
    longest_transaction_s: float = 0.0
    children: list[int] = field(default_factory=list)


def run(bench: Bench) -> None:
    """Measure."""
    rows = bench.rows or (QUICK_ROWS if bench.is_quick else ROWS)
    program_id = _program()
    single = _single_cost(bench, program_id)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "members.csv"
        expected = _write(file, rows)
        print(f"  {rows:,} rows, {file.stat().st_size / 1e6:,.0f} MB", flush=True)
        _measure(bench, file, program_id, rows, expected, single)


def _program() -> Any:
    tiers = tuple(
        programs.TierDocument(code=code, name=code.title(), min_points=least)
        for code, least in (("BASE", 0), ("SILVER", 1000), ("GOLD", 5000))
    )
    document = programs.ProgramDocument(
        code="bench-import", name="Import", currency="USD", timezone="UTC", start_date=date(2020, 1, 1),
        status=programs.ProgramStatus.ACTIVE, expiry_days=365, tiers=tiers,
        earn_rule={"*": [{"var": "transaction_amount"}, 0.1]},
    )  # fmt: skip
    return programs.create_program(document=document, actor=ACTOR, now=clock.now())


def _write(file: Path, rows: int) -> dict[str, Any]:
    """Write the file; give what has to come of it."""
    refusals, whole, taken = dict.fromkeys(WRONG, 0), 0, 0
    first = clock.now().date() + timedelta(days=200)
    with file.open("w", encoding="utf-8") as target:
        target.write(",".join(COLUMNS) + "\n")
        for number in range(rows):
            row = {
                "customer_ref": f"M-{number:08d}", "first_name": f"Anna{number % 500}",
                "last_name": f"Muster{number % 900}", "email": f"m{number}@example.test",
                "phone": f"+4179{number:07d}", "tier_code": ("BASE", "SILVER", "GOLD")[number % 3], "wallet": "main",
                "enrolled_on": f"{2015 + number % 10}-{1 + number % 12:02d}-{1 + number % 28:02d}",
                "points_balance": str(number * 37 % 5000 + 1),
                "expires_on": (first + timedelta(days=number % 300)).isoformat(),
            }  # fmt: skip
            if number % WRONG_EVERY == WRONG_EVERY - 1:
                code = list(WRONG)[number // WRONG_EVERY % len(WRONG)]
                row |= WRONG[code]
                refusals[code] += 1
            else:
                taken += 1
                whole += int(row["points_balance"])
            target.write(",".join(row[name] for name in COLUMNS) + "\n")
    return {"refusals": {code: number for code, number in refusals.items() if number}, "points": whole, "rows": taken}


def _single_cost(bench: Bench, program_id: Any) -> float:
    """Processor seconds of a row that is taken in by a call for each thing it says."""
    server, now = ServerClock(bench.database_url), clock.now()
    before, own = server.seconds(), time.process_time()
    for number in range(SINGLE_ROWS):
        ref = f"single-{number}"
        record = customers.CustomerRecord(customer_ref=ref, first_name="Anna", email=f"s{number}@example.test")
        customers.upsert_many([record], source="bench", actor=ACTOR, now=now)
        member, _ = points.enroll_customer(
            ref=points.MemberRef(customer_ref=ref, program_id=program_id), actor=ACTOR, now=now
        )
        ledger.adjust(
            ledger.AdjustPosting(
                account_id=member.account_id, points_change=1, reason_code="opening_balance", occurred_at=now,
                idempotency_scope="bench", idempotency_key=str(new_public_id()), expires_at=now + timedelta(days=365),
            ),
            now=now,
        )  # fmt: skip
    return (server.seconds() - before + time.process_time() - own) / SINGLE_ROWS


def _measure(bench: Bench, file: Path, program_id: Any, rows: int, expected: dict[str, Any], single: float) -> None:
    server = ServerClock(bench.database_url)
    session = psycopg.connect(bench.database_url, autocommit=True)
    began_wal, began_cpu = _wal(session), server.seconds()

    began = time.monotonic()
    with _watch(bench) as staging, _child(STAGE, str(file), str(program_id), "bench", watched=staging) as child:
        out, _ = child.communicate()
    import_id, staged_s = out.decode().split()[-1], time.monotonic() - began
    print(f"  file read in {staged_s:.1f} s, {_of(staging)}", flush=True)

    began, lost_s = time.monotonic(), 0.0
    with _watch(bench) as working:
        with _child(WORK, watched=working) as child:
            while _done(session, import_id) < rows // 2:
                time.sleep(LOOK_S)
            os.kill(child.pid, signal.SIGKILL)
        killed, at = time.monotonic(), _done(session, import_id)
        print(f"  worker killed with -9 at row {at:,}", flush=True)
        with _child(WORK, watched=working) as child:
            while _done(session, import_id) == at:
                time.sleep(LOOK_S)
            # Until its lease is over, a run belongs to the worker that was killed.
            lost_s = time.monotonic() - killed
            child.wait()
    worked_s = time.monotonic() - began - lost_s
    cpu = server.seconds() - began_cpu + staging.processor_s + working.processor_s
    print(f"  rows taken in in {worked_s:.1f} s (and {lost_s:.0f} s until the lease was over), {_of(working)}")
    print(f"  log written: {(_wal(session) - began_wal) / rows:,.0f} bytes a row")
    print(f"  {rows / (staged_s + worked_s):,.0f} rows per second, {rows / cpu:,.0f} per second of processor time")
    _check(session, import_id, rows, expected)
    bench.tell_ratios("a row by single calls / by the file, processor time", [single / (cpu / rows)], floor=10.0)


def _check(session: Any, import_id: str, rows: int, expected: dict[str, Any]) -> None:
    found = session.execute(CHECK, [import_id]).fetchone()
    wanted = (
        rows, rows, expected["rows"], rows - expected["rows"], expected["points"], rows, expected["refusals"],
        expected["rows"], expected["points"] + SINGLE_ROWS, expected["rows"] + SINGLE_ROWS,
    )  # fmt: skip
    if found != wanted:
        raise SystemExit(f"benchmarks: the import came to {found}, not to {wanted}")
    print(f"  nothing lost, nothing doubled; refused by row: {json.dumps(expected['refusals'])}", flush=True)


def _done(session: Any, import_id: str) -> int:
    row = session.execute("SELECT rows_done FROM points_import WHERE public_id = %s", [import_id]).fetchone()
    return int(row[0])


def _wal(session: Any) -> int:
    row = session.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    return int(row[0])


def _of(watched: Watched) -> str:
    return (
        f"{watched.processor_s:.1f} s of its processor time, {watched.memory_bytes / 1e6:,.0f} MB at the peak, "
        f"longest transaction {watched.longest_transaction_s:.2f} s"
    )


@contextmanager
def _child(program: str, *arguments: str, watched: Watched) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=processes.ROOT, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(processes.ROOT)},
    ) as child:  # fmt: skip
        watched.children.append(child.pid)
        yield child


@contextmanager
def _watch(bench: Bench) -> Iterator[Watched]:
    """Look at the children and at the server's transactions until it is over."""
    watched, over = Watched(), threading.Event()
    times: dict[int, float] = {}

    def look() -> None:
        with psycopg.connect(bench.database_url, autocommit=True) as session:
            while not over.wait(LOOK_S):
                row = session.execute(
                    "SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) FROM pg_stat_activity "
                    "WHERE application_name = 'khaywe' AND xact_start IS NOT NULL"
                ).fetchone()
                watched.longest_transaction_s = max(watched.longest_transaction_s, float(row[0] or 0) if row else 0.0)
                for pid in watched.children:
                    with suppress(psutil.Error):
                        process = psutil.Process(pid)
                        used = process.cpu_times()
                        times[pid] = used.user + used.system
                        watched.memory_bytes = max(watched.memory_bytes, process.memory_info().rss)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watched
    finally:
        over.set()
        thread.join()
        watched.processor_s = sum(times.values())
