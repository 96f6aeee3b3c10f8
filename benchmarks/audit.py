"""The audit log: what a row costs an earn, how fast rows are sealed, and how fast the chain is verified.

An earn is the platform's own operation: the member, the version and the rule are read, the points posted and the audit
row written in one statement. Beside it stands the same earn without its row. What is compared is the processor time of
this process and of its server process together.
"""

import json
import os
import random
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
from django.conf import settings
from django.db import connection

from benchmarks.harness import BackendClock, Bench, ServerClock
from benchmarks.ledger.over_http import _world
from loyalty.config.launch import programs
from loyalty.foundation.audit import api
from loyalty.foundation.kernel import origin
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql
from loyalty.points import api as points
from loyalty.points.operations import earning

EARNS, EARNS_QUICK = 1500, 300
ROWS, ROWS_QUICK = 1_000_000, 100_000
# What the issue asks: rows verified in a second, and the share of an earn that its audit row may take.
ROWS_PER_SECOND = 200_000
SHARE_MAX = 1.10
# As the rows of earns are.
FILL = """
    INSERT INTO audit_auditentry (public_id, at, actor_kind, actor_ref, actor_name, act, subject_kind, subject_ref,
        before, after, reason, request_id, remote_address, user_agent)
    SELECT gen_random_uuid(), now(), 'token', gen_random_uuid()::text, 'bench/till ' || n %% 50, 'points.earn',
        'account', gen_random_uuid()::text, NULL, jsonb_build_object('transaction_id', gen_random_uuid(),
        'points_amount', n %% 500, 'points_balance', n), '', gen_random_uuid()::text, '192.0.2.' || n %% 250, 'till/3.1'
    FROM generate_series(1, %s) n
"""


def run(bench: Bench) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        settings.LOYALTY_AUDIT_ANCHOR_FILE = str(Path(folder) / "anchors.jsonl")
        _share_of_earn(bench, Path(folder))
        _verification(bench)


def _share_of_earn(bench: Bench, folder: Path) -> None:
    environment = {
        **os.environ, "DATABASE_URL": bench.database_url, "DJANGO_SETTINGS_MODULE": "benchmarks.served.settings",
        "PYTHONPATH": str(programs.ROOT),
    }  # fmt: skip
    accounts = [uuid.UUID(one) for one in _world(folder, environment)["account_ids"]]
    clock = BackendClock(_session())
    number = EARNS_QUICK if bench.is_quick else EARNS
    with_row, without_row = vars(earning)["audit"], SimpleNamespace(recording=lambda **_: sql.Following("SELECT 1", {}))

    def earn(audit: Any) -> float:
        vars(earning)["audit"] = audit
        began = clock.seconds() + time.process_time()
        with origin.coming_from("192.0.2.7", "till/3.1", str(uuid.uuid4())):
            for _ in range(number):
                _earn(random.choice(accounts))
        vars(earning)["audit"] = with_row
        return clock.seconds() + time.process_time() - began

    earn(with_row)
    bench.compare(
        "earn with its audit row / without, processor time",
        ours=lambda: earn(with_row), theirs=lambda: earn(without_row), ceiling=SHARE_MAX,
    )  # fmt: skip


def _earn(account: uuid.UUID) -> None:
    key, now = str(new_public_id()), datetime.now(UTC)
    request = points.EarnRequest(
        member=points.MemberRef(account_id=account), key=points.Key(scope="bench", key=key, request_hash=b"x" * 32),
        occurred_at=now, amount=Decimal(50), points=None, currency="USD", context={},
    )  # fmt: skip
    if points.earn(request=request, actor=system_actor("bench"), now=now).transaction_id is None:
        raise SystemExit("benchmarks: an earn gave nothing, so it wrote no row to compare")


def _verification(bench: Bench) -> None:
    rows = ROWS_QUICK if bench.is_quick else ROWS
    sql.execute(FILL, [rows])
    sql.execute("ANALYZE audit_auditentry")
    # Stretches of the chain are verified at once by sessions of their own, so the whole server counts.
    clock, now = ServerClock(bench.database_url), datetime.now(UTC)
    wall, processor = _timed(clock, lambda: api.seal(now=now, blocks_max=rows))
    print(
        f"  sealed {rows:,} rows: {rows / wall:,.0f} a second, {rows / processor:,.0f} a second of processor time",
        flush=True,
    )
    api.anchor(now=now)
    walls, processors = [], []
    for _ in range(bench.repetitions):
        found: list[api.VerificationView] = []
        wall, processor = _timed(clock, lambda found=found: found.append(api.verify(now=now, is_full=True)))  # type: ignore[misc]
        if not found[0].is_intact:
            raise SystemExit(
                f"benchmarks: the chain is not intact: {json.dumps(found[0].as_dict(), default=str)[:500]}"
            )
        walls.append(found[0].row_count / wall / ROWS_PER_SECOND)
        processors.append(found[0].row_count / processor / ROWS_PER_SECOND)
    bench.tell_ratios("rows verified in a second / 200,000, by the wall", walls)
    bench.tell_ratios("  the same by processor time", processors, floor=1.0, goal=5.0)


def _timed(clock: ServerClock, act: Callable[[], object]) -> tuple[float, float]:
    before, began = clock.seconds() + time.process_time(), time.monotonic()
    act()
    wall = time.monotonic() - began
    return wall, clock.seconds() + time.process_time() - before


def _session() -> "psycopg.Connection[tuple[object, ...]]":
    connection.ensure_connection()
    return cast("psycopg.Connection[tuple[object, ...]]", connection.connection)
