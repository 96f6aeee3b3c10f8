"""Recalculation of a segment of a million customers beside the bare count of its condition and beside Python."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from sqlalchemy import func, select

from benchmarks.harness import Bench, seconds
from loyalty.features import api as features
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.segments import api as segments
from loyalty.segments.models import Segment
from loyalty.segments.operations.recalculation import apply_staged, stage

CUSTOMERS = 1_000_000
# Evaluating a million in Python takes minutes; the cost per customer is the same over a part of them.
PYTHON_CUSTOMERS = 20_000
RULES: dict[str, Any] = {
    "and": [{">": [{"var": "total_revenue"}, 1000]}, {"<": [{"var": "last_purchase_days_ago"}, 30]}]
}
FILL = """
    CREATE TABLE customer_features_view AS
    SELECT gen_random_uuid() AS customer_id, round((random() * 3000)::numeric, 2) AS total_revenue,
        CASE WHEN random() < 0.12 THEN NULL ELSE (random() * 160)::int END AS last_purchase_days_ago,
        (ARRAY['Beirut', 'Tripoli', 'Saida'])[1 + (random() * 2)::int] AS city
    FROM generate_series(1, %(customers)s)
"""


def run(bench: Bench) -> None:
    """Measure."""
    settings.DWH_POSTGRESQL_URL = bench.database_url
    settings.FEATURE_STORE_DATA_SOURCE = "dwh"
    sql.execute("SELECT setseed(0.5)")
    sql.execute(FILL, {"customers": CUSTOMERS})
    sql.execute("ANALYZE customer_features_view")
    features.sync_catalogue()
    segment = make_segment()
    figures = bench.interleave(
        {
            "count": count_bare,
            "steady": lambda: recalculate(segment),
            "changed": lambda: recalculate_after_change(segment),
            "first": lambda: recalculate_first(segment),
            "python": evaluate_in_python,
        }
    )
    steady = "recalculation, nobody moved / count(*) of the condition"
    bench.tell(steady, figures["steady"], figures["count"], ceiling=6.0, goal=3.0)
    changed = "recalculation, 2 % of the members are new / count(*)"
    bench.tell(changed, figures["changed"], figures["count"], ceiling=6.0)
    # The first time is paid once: it writes a row and two index entries for each member.
    bench.tell("recalculation, first time / count(*)", figures["first"], figures["count"])
    bench.tell("one customer after another in Python / recalculation", figures["python"], figures["steady"], floor=5.0)
    members = Segment.objects.get(pk=segment.pk).member_count
    print(f"  {members:,} of {CUSTOMERS:,} customers are members", flush=True)


def make_segment() -> Segment:
    """Make the segment of the user guide."""
    made = segments.create(
        name="High value, still warm",
        description="",
        kind="dynamic",
        rules=RULES,
        actor=system_actor("bench"),
        now=datetime.now(UTC),
    )
    return Segment.objects.get(public_id=made)


def count_bare() -> float:
    """Count those whom the compiled condition selects, through the same connector."""
    source = features.source()
    rule = rules.check(RULES, features.schema(), expects="boolean")
    predicate = rules.compile_predicate(rule, source.columns, now=datetime.now(UTC))
    statement = select(func.count()).select_from(source.table).where(predicate)
    return seconds(lambda: source.connector.fetch_all(statement))


def recalculate(segment: Segment) -> float:
    """Do all that a run does: select, stage, compare, apply, snapshot, audit, fact."""

    def act() -> None:
        now = datetime.now(UTC)
        stage(segment.rules, now)
        apply_staged(segment=segment, actor=system_actor("bench"), now=now)

    return seconds(act)


def recalculate_after_change(segment: Segment) -> float:
    """Lose one member in fifty, then recalculate."""
    sql.execute("DELETE FROM segments_segmentmember WHERE hashtext(customer_ref::text) %% 50 = 0", {})
    return recalculate(segment)


def recalculate_first(segment: Segment) -> float:
    """Recalculate from nothing."""
    sql.execute("DELETE FROM segments_segmentmember")
    Segment.objects.update(member_count=0)
    return recalculate(segment)


def evaluate_in_python() -> float:
    """Fetch what the rule reads and evaluate customer by customer, writing nothing; scaled to the whole million."""
    rule = rules.check(RULES, features.schema(), expects="boolean")
    source, now = features.source(), datetime.now(UTC)
    names = sorted(rules.uses_fields(rule))
    columns = [source.columns[name] for name in names]
    statement = select(source.key, *columns).select_from(source.table).limit(PYTHON_CUSTOMERS)

    def act() -> None:
        rows = source.connector.fetch_all(statement)
        found = [row[0] for row in rows if rules.evaluate(rule, dict(zip(names, row[1:], strict=True)), now=now)]
        assert found

    return seconds(act) * CUSTOMERS / PYTHON_CUSTOMERS
