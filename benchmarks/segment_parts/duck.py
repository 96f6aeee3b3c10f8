"""The same recalculation over Parquet files through DuckDB, beside DuckDB's own scan and difference."""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings

from benchmarks.harness import Bench
from loyalty.features import api as features
from loyalty.foundation.kernel.actor import system_actor
from loyalty.segments import api as segments
from loyalty.segments.contracts import SnapshotCause
from loyalty.segments.models import Segment
from loyalty.segments.operations.applying import apply
from loyalty.segments.operations.evaluating import evaluate
from loyalty.segments.operations.recalculation import target_of
from loyalty.warehouse import api as warehouse

ACTOR = system_actor("bench")
WHERE = "total_revenue > 1000 AND last_purchase_days_ago < 30"
COLUMNS = """
    (random() * 3000)::DECIMAL(12, 2) AS total_revenue,
    CASE WHEN random() < 0.12 THEN NULL ELSE (random() * 160)::INT END AS last_purchase_days_ago,
    ['Beirut', 'Tripoli', 'Saida'][1 + (random() * 2)::INT] AS city
"""


def measure(bench: Bench, rules_json: Any, customers: int) -> None:
    """Tell the ratio."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "customer_features_view.parquet"
        others = ", ".join(f"(random() * 100)::INT AS number_{n}" for n in range(14))
        scores = ", ".join(f"random() AS score_{n}" for n in range(13))
        with duckdb.connect() as own:
            own.execute("SET memory_limit = '1GB'")
            own.execute(
                f"COPY (SELECT md5('c' || n)::UUID AS customer_id, {COLUMNS}, {others}, {scores}, now() AS updated_at "
                f"FROM range(1, {customers + 1}) t(n)) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"
            )
            own.execute(f"CREATE TABLE old AS SELECT customer_id FROM '{file}' WHERE {WHERE}")
            warehouse.close()
            settings.DWH_TYPE, settings.DWH_DUCKDB_PATH = "duckdb", place
            features.sync_catalogue()
            made = segments.create(
                name="by DuckDB", description="", kind="dynamic", rules=rules_json, actor=ACTOR, now=datetime.now(UTC)
            )
            segment = Segment.objects.get(public_id=made)
            recalculate(segment)
            figures = bench.interleave(
                {
                    "theirs": lambda: cpu(lambda: scan_and_difference(own, file)),
                    "ours": lambda: cpu(lambda: recalculate(segment)),
                }
            )
        warehouse.close()
    line = "recalculation over Parquet / DuckDB's own scan and difference"
    bench.tell(line, figures["ours"], figures["theirs"], goal=1.5)


def scan_and_difference(own: "duckdb.DuckDBPyConnection", file: Path) -> None:
    """Count whom the condition selects, and compare them with those of before."""
    own.execute(f"SELECT count(*) FROM '{file}' WHERE {WHERE}").fetchall()
    own.execute(
        "SELECT count(*) FILTER (o.customer_id IS NULL), count(*) FILTER (n.customer_id IS NULL) "
        f"FROM (SELECT customer_id FROM '{file}' WHERE {WHERE}) n FULL JOIN old o ON o.customer_id = n.customer_id"
    ).fetchall()


def recalculate(segment: Segment) -> None:
    """Do all that a run does."""
    now = datetime.now(UTC)
    target = target_of(segment)
    found = evaluate([target], now=now)[target.key]
    apply(
        segment=segment, members=found.bits, evaluated_at=now, cause=SnapshotCause.RECALCULATION, actor=ACTOR, now=now
    )


def cpu(act: Callable[[], object]) -> float:
    """Processor time of this process: DuckDB runs inside, and the server's part is small and the same each time."""
    began = time.process_time()
    act()
    return time.process_time() - began
