"""Segments of ten million customers with thirty features beside the bare scan of their condition."""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import psutil
from django.conf import settings
from sqlalchemy import func, select

from benchmarks.harness import Bench, ServerClock
from benchmarks.segment_parts import duck, events, python
from loyalty.features import api as features
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.segments import api as segments
from loyalty.segments.contracts import SnapshotCause
from loyalty.segments.models import Segment, SegmentSnapshot
from loyalty.segments.operations.applying import apply
from loyalty.segments.operations.evaluating import Target, evaluate, pushed_predicate
from loyalty.segments.operations.recalculation import target_of
from loyalty.segments.policy import bitmaps
from loyalty.segments.policy.planning import plan_of
from loyalty.segments.queries import membership, world

CUSTOMERS = 10_000_000
CUSTOMERS_QUICK = 500_000
RULES: dict[str, Any] = {
    "and": [{">": [{"var": "total_revenue"}, 1000]}, {"<": [{"var": "last_purchase_days_ago"}, 30]}]
}
ACTOR = system_actor("bench")
# Thirty features of the kinds that a telecom's warehouse has; 12 % of the customers never bought.
FEATURES = """
    round((random() * 3000)::numeric, 2) AS total_revenue,
    CASE WHEN random() < 0.12 THEN NULL ELSE (random() * 160)::int END AS last_purchase_days_ago,
    (ARRAY['Beirut', 'Tripoli', 'Saida'])[1 + (random() * 2)::int] AS city,
    (random() * 100)::int AS transaction_count, (random() * 60 + 18)::int AS age,
    (random() * 120)::int AS tenure_months,
    (random() * 50)::int AS complaint_count, (random() * 400)::int AS sms_count, (random() * 900)::int AS voice_minutes,
    (random() * 48)::int AS device_age_months, (random() * 30)::int AS days_active, (random() * 12)::int AS logins,
    random() AS churn_score, random() AS nps_score, random() AS credit_score, random() AS data_usage_gb,
    random() AS roaming_share, random() AS weekend_share,
    round((random() * 100)::numeric, 2) AS monthly_charges, round((random() * 5000)::numeric, 2) AS lifetime_value,
    round((random() * 200)::numeric, 2) AS avg_transaction_value, round((random() * 50)::numeric, 2) AS last_top_up,
    'plan ' || (random() * 20)::int AS plan, 'area ' || (random() * 40)::int AS area,
    'shop ' || (random() * 90)::int AS shop,
    random() < 0.5 AS has_fibre, random() < 0.3 AS has_roaming, random() < 0.1 AS is_business,
    date '2018-01-01' + (random() * 2500)::int AS customer_since,
    date '2024-01-01' + (random() * 600)::int AS contract_ends
"""
PEOPLE_INDEXES = (
    "customers_ref_prefix", "customers_first_prefix", "customers_last_prefix", "customers_status",
)  # fmt: skip


TEN_RULES: list[dict[str, Any]] = [
    RULES,
    {"and": [{">=": [{"var": "age"}, 60]}, {"==": [{"var": "city"}, "Saida"]}]},
    {"and": [{"<": [{"var": "churn_score"}, 0.05]}, {"var": "has_fibre"}]},
    {"and": [{">": [{"var": "monthly_charges"}, 90]}, {">": [{"var": "tenure_months"}, 60]}]},
    {"in": [{"var": "plan"}, ["plan 3", "plan 7"]]},
    {"and": [{"==": [{"var": "last_purchase_days_ago"}, None]}, {"<": [{"var": "tenure_months"}, 6]}]},
    {"and": [{"var": "is_business"}, {">": [{"var": "data_usage_gb"}, 0.8]}]},
    {"and": [{">": [{"var": "complaint_count"}, 45]}, {"!": [{"var": "has_roaming"}]}]},
    {"and": [{">=": [{"var": "lifetime_value"}, 4500]}, {"in": [{"var": "city"}, ["Beirut", "Tripoli"]]}]},
    {"<": [{"var": "days_active"}, 2]},
]


class Clock:
    """Processor time of this process and of the whole server: what counts on a machine that others use too."""

    def __init__(self, bench: Bench) -> None:
        self._server = ServerClock(bench.database_url)

    def seconds(self, act: Callable[[], object]) -> float:
        """Give how much processor time an act takes, on both sides."""
        server, own = self._server.seconds(), time.process_time()
        act()
        own = time.process_time() - own
        return self._server.seconds() - server + own


def run(bench: Bench) -> None:
    """Measure."""
    customers = CUSTOMERS_QUICK if bench.is_quick else CUSTOMERS
    make_world(bench, customers)
    measure(bench, customers)


def measure(bench: Bench, customers: int) -> None:
    """Measure in a world that stands."""
    clock = Clock(bench)
    segment = make_segment("High value, still warm", RULES)
    recalculate(segment)
    figures = bench.interleave(
        {
            "count": lambda: clock.seconds(lambda: count_bare(RULES)),
            "steady": lambda: clock.seconds(lambda: recalculate(segment)),
            "changed": lambda: changed(clock, segment),
            "first": lambda: first(clock, segment),
            "together": lambda: clock.seconds(ten_together),
            "ten counts": lambda: clock.seconds(ten_counts),
        }
    )
    for name, key in (("nobody moved", "steady"), ("2 % of the members moved", "changed"), ("first fill", "first")):
        line = f"recalculation, {name} / count(*) of the condition"
        bench.tell(line, figures[key], figures["count"], ceiling=3.0, goal=1.3)
    bench.tell("ten rules together / ten scans", figures["together"], figures["ten counts"], ceiling=0.5, goal=0.2)
    members = Segment.objects.get(pk=segment.pk).member_count
    print(f"  {members:,} of {customers:,} customers are members", flush=True)
    tell_lookups(segment)
    bench.tell_ratios("the worker's memory at its highest, MB / 500", [peak_memory_mb() / 500], ceiling=1.0)
    events.measure(bench, segment)
    python.measure(bench, clock, segment, RULES, customers)
    duck.measure(bench, RULES, customers)


def make_segment(name: str, rules_json: Any) -> Segment:
    """Make a segment."""
    made = segments.create(
        name=name, description="", kind="dynamic", rules=rules_json, actor=ACTOR, now=datetime.now(UTC)
    )
    return Segment.objects.get(public_id=made)


def count_bare(rules_json: Any) -> None:
    """Count those whom the compiled condition selects, through the same connector."""
    source = features.source()
    rule = rules.check(rules_json, world.schema(), "boolean")
    predicate = pushed_predicate(plan_of(rule, world.warehouse_fields()), source, now=datetime.now(UTC))
    source.connector.fetch_all(select(func.count()).select_from(source.table).where(predicate))


def recalculate(segment: Segment) -> None:
    """Do all that a run does: select, compare, apply, snapshot, facts, audit."""
    now = datetime.now(UTC)
    target = target_of(segment)
    found = evaluate([target], now=now)[target.key]
    apply(
        segment=segment, members=found.bits, evaluated_at=now, cause=SnapshotCause.RECALCULATION, actor=ACTOR, now=now
    )


def changed(clock: Clock, segment: Segment) -> float:
    """Lose one member in fifty behind the segment's back, then recalculate."""
    ids = bitmaps.ids_of(membership.bits_of(segment))
    bits = bitmaps.of_ids(np.delete(ids, np.s_[::50]))
    apply(
        segment=Segment.objects.get(pk=segment.pk),
        members=bits,
        evaluated_at=datetime.now(UTC),
        cause=SnapshotCause.RECALCULATION,
        actor=ACTOR,
        now=datetime.now(UTC),
    )
    return clock.seconds(lambda: recalculate(segment))


def first(clock: Clock, segment: Segment) -> float:
    """Recalculate from nothing."""
    sql.execute("DELETE FROM segments_segmentchunk WHERE segment_id = %s", [segment.pk])
    SegmentSnapshot.objects.filter(segment=segment).delete()
    Segment.objects.filter(pk=segment.pk).update(member_count=0)
    return clock.seconds(lambda: recalculate(segment))


def ten_together() -> None:
    """Find the customers of ten rules in one scan."""
    checked = [rules.check(one, world.schema(), "boolean") for one in TEN_RULES]
    evaluate([Target(str(place), rule) for place, rule in enumerate(checked)], now=datetime.now(UTC))


def ten_counts() -> None:
    """Count the customers of ten rules in ten scans."""
    for one in TEN_RULES:
        count_bare(one)


def tell_lookups(segment: Segment) -> None:
    """Tell what single questions take, on the wall's clock."""
    row = sql.fetch_all("SELECT public_id FROM customers_directory ORDER BY customer_id LIMIT 2000")
    chosen: list[uuid.UUID] = [one["public_id"] for one in row]
    random.Random(5).shuffle(chosen)
    asked = [partial(segments.is_member, segment.public_id, one) for one in chosen]
    tell_wall("membership of one customer", asked)
    snapshots = list(SegmentSnapshot.objects.filter(segment=segment).order_by("id"))
    acts = [partial(membership.snapshot_bits, one) for one in (snapshots[0], snapshots[-1])]
    tell_wall("members as of a snapshot", acts)


def tell_wall(name: str, acts: Sequence[Callable[[], object]]) -> None:
    """Print the median and the 99th of how long acts take."""
    taken = []
    for act in acts:
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1000)
    taken.sort()
    p50, p99 = taken[len(taken) // 2], taken[min(len(taken) - 1, len(taken) * 99 // 100)]
    print(f"  {name}: p50 {p50:.3f} ms, p99 {p99:.3f} ms", flush=True)


def peak_memory_mb() -> float:
    """Give the most memory that this process held so far, its mapped files included."""
    info = psutil.Process().memory_info()
    return float(getattr(info, "peak_wset", 0) or _high_water_kb() * 1024) / 2**20


def _high_water_kb() -> int:
    with open("/proc/self/status", encoding="ascii") as told:
        return next(int(line.split()[1]) for line in told if line.startswith("VmHWM"))


def use_postgresql(bench: Bench) -> None:
    """Read the features from the same server; on a busy machine a scan may take long."""
    settings.DWH_TYPE, settings.DWH_POSTGRESQL_URL = "postgresql", bench.database_url
    settings.FEATURE_STORE_DATA_SOURCE = "dwh"
    settings.DWH_STATEMENT_TIMEOUT_MS = 900_000


def make_world(bench: Bench, customers: int) -> None:
    """Make the customers, and their thirty features in a warehouse that is the same server."""
    use_postgresql(bench)
    for name in PEOPLE_INDEXES:
        sql.execute(f"DROP INDEX IF EXISTS {name}")
    sql.execute("SET synchronous_commit = off")
    sql.execute("SELECT setseed(0.5)")
    sql.execute(
        "INSERT INTO customers_customer (public_id, customer_ref, first_name, last_name, status, language, time_zone, "
        "city, gender, source) SELECT md5('c' || n)::uuid, 'C' || n, '', '', 'ACTIVE', 'en', 'UTC', '', '', 'bench' "
        "FROM generate_series(1, %s) n",
        [customers],
    )
    sql.execute("ANALYZE customers_customer")
    sql.execute(
        f"CREATE UNLOGGED TABLE customer_features_view AS SELECT md5('c' || n)::uuid AS customer_id, {FEATURES}, "
        "now() AS updated_at FROM generate_series(1, %s) n",
        [customers],
    )
    sql.execute("CREATE UNIQUE INDEX ON customer_features_view (customer_id)")
    sql.execute("VACUUM ANALYZE customer_features_view")
    features.sync_catalogue()
    features.refresh()
