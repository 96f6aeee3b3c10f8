"""A fact finds its customer's people along an index, whatever the statistics say: plans are read, rows counted."""

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest

from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql
from loyalty.journeys.operations import listening
from loyalty.journeys.operations.entering import Newcomer, enter
from loyalty.journeys.operations.versions import Loaded
from tests.journeys import ground
from tests.journeys.test_listening import tell

pytestmark = pytest.mark.django_db

WAITING = 5_000
# The customer's own row, and not those of everybody who waits; a few more are no scan.
TOUCHED_MAX = 10
AWAIT = {"mode": "event", "event_type": "customer.top_up_paid", "timeout": {"amount": 90, "unit": "days"}}
GRAPH = ground.graph_of({"w": {"kind": "wait", "config": AWAIT}}, ["start w", "w:next end", "w:timeout end"])

FILL = """
    INSERT INTO customers_customer (public_id, customer_ref, first_name, last_name, status, language, time_zone, city,
        gender, source)
    SELECT gen_random_uuid(), 'w-' || n, 'N', 'N', 'ACTIVE', 'en', 'UTC', '', '', 'tests' FROM generate_series(1, %s) n
"""
PLACE = """
    INSERT INTO journeys_execution (id, journey_id, version_id, node_id, customer_id, occurrence, state, visit,
        started_at, entered_at, due_at)
    SELECT gen_random_uuid(), %(journey)s, %(version)s, %(node)s, d.customer_id, gen_random_uuid(), 'WAITING', 2,
        %(now)s, %(now)s, %(now)s::timestamptz + interval '90 days'
    FROM customers_directory d WHERE d.customer_ref LIKE 'w-%%'
"""
TABLES = "journeys_execution, customers_customer, events_stored"


def place_many(loaded: Loaded, now: datetime) -> None:
    """Have many wait for the event."""
    sql.execute(PLACE, {"journey": loaded.journey_pk, "version": loaded.pk, "node": loaded.nodes["w"], "now": now})


def arrange(statistics: str, now: datetime) -> Loaded:
    """Have many wait, with statistics of now, of before anybody waited at the node, or with none."""
    before = ground.make_journey(now, GRAPH, "Before")
    sql.execute(FILL, [WAITING])
    if statistics == "of before":
        place_many(before, now)
        sql.execute(f"ANALYZE {TABLES}")
    loaded = ground.make_journey(now, GRAPH)
    place_many(loaded, now)
    if statistics == "of now":
        sql.execute(f"ANALYZE {TABLES}")
    return loaded


def plan_of(statement: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run a statement; give the nodes of its plan, with what each of them came to."""
    row = sql.fetch_one(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", params)
    assert row is not None
    told = row["QUERY PLAN"]
    return list(_nodes((json.loads(told) if isinstance(told, str) else told)[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from _nodes(one)


def touched(plan: list[dict[str, Any]], table: str) -> float:
    """Give how many rows of a table a plan read, those that it threw away among them."""
    return sum(
        float(one[name]) * float(one["Actual Loops"])
        for one in plan
        if one.get("Relation Name") == table
        for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        if name in one
    )


def params_of(loaded: Loaded, kind: str, **more: Any) -> dict[str, Any]:
    """Give what the statements of a reading of the last fact are asked with."""
    until = events.store_facts()
    return {
        "from": until - 1, "until": until, "type": kind, "journey": loaded.journey_pk,
        "journey_id": str(loaded.journey_id), "version": loaded.pk, "node": loaded.nodes["w"], "positions": None,
        "segment": None, "correlation": "[]", **more,
    }  # fmt: skip


def a_customer() -> uuid.UUID:
    """Give one of those who wait."""
    row = sql.fetch_one("SELECT public_id FROM customers_directory WHERE customer_ref = 'w-77'")
    assert row is not None
    return uuid.UUID(str(row["public_id"]))


@pytest.mark.parametrize("statistics", ["none", "of before", "of now"])
def test_fact__finds_who_waits__by_the_customer_and_never_over_all_who_wait(statistics: str, now: datetime) -> None:
    loaded = arrange(statistics, now)
    tell("customer.top_up_paid", a_customer(), now, order=1)
    params = params_of(loaded, "customer.top_up_paid")
    for node in (loaded.nodes["w"], None):
        plan = plan_of(listening.CONCERNED, {**params, "node": node})
        assert plan[0]["Actual Rows"] == 1, statistics
        assert touched(plan, "journeys_execution") <= TOUCHED_MAX, (statistics, plan)
        assert touched(plan, "customers_customer") <= TOUCHED_MAX, (statistics, plan)


@pytest.mark.parametrize("statistics", ["none", "of before", "of now"])
def test_fact__of_a_customer_who_changed__is_no_look_at_all_customers(statistics: str, now: datetime) -> None:
    loaded = arrange(statistics, now)
    ada = a_customer()
    sql.execute("UPDATE customers_customer SET status = 'CLOSED' WHERE public_id = %s", [ada])
    tell("customer.updated", ada, now)
    plan = plan_of(listening.CLOSED, params_of(loaded, "customer.updated"))
    assert plan[0]["Actual Rows"] == (2 if statistics == "of before" else 1)
    assert touched(plan, "customers_customer") <= TOUCHED_MAX, (statistics, plan)
    assert touched(plan, "journeys_execution") <= TOUCHED_MAX, (statistics, plan)


READ = """
    SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint AS tuples FROM pg_stat_xact_user_tables
    WHERE relname IN ('journeys_execution', 'customers_customer')
"""


def read_by_now() -> int:
    """Give how many rows of executions and customers this transaction has read, functions among it."""
    row = sql.fetch_one(READ)
    return int(row["tuples"]) if row else 0


@pytest.mark.parametrize("statistics", ["none", "of before", "of now"])
def test_entry__in_many_sets__reads_a_few_rows_for_each_who_comes(statistics: str, now: datetime) -> None:
    arrange(statistics, now)
    fresh = ground.make_journey(now, GRAPH, "Fresh")
    rows = sql.fetch_all("SELECT customer_id FROM customers_directory WHERE customer_ref LIKE 'w-%%' ORDER BY 1", {})
    for start in range(0, WAITING, WAITING // 10):
        some = [int(row["customer_id"]) for row in rows[start : start + WAITING // 10]]
        before = read_by_now()
        came = enter(loaded=fresh, people=[Newcomer(one, uuid.uuid4()) for one in some], now=now)
        assert came.entered == len(some)
        assert read_by_now() - before <= TOUCHED_MAX * len(some), (statistics, start)
