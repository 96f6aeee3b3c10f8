"""The guard against a load that lost rows, and incremental recalculations that find rows which vanished."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings

from loyalty.features import api as features
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.work import api as work
from loyalty.foundation.work.models import Run, RunStatus
from loyalty.segments import api
from loyalty.segments.models import Segment
from loyalty.segments.operations import guarding
from loyalty.warehouse import api as warehouse_api
from tests.segments.people import PEOPLE
from tests.segments.test_recalculation import WARM, members

pytestmark = pytest.mark.django_db(transaction=True)
Warehouse = psycopg.Connection[tuple[object, ...]]
Make = Callable[..., Segment]
REVENUE: Any = {">": [{"var": "total_revenue"}, 1000]}
HOUR = timedelta(hours=1)
TOUCH = "UPDATE customer_features_view SET updated_at = %s WHERE customer_id = %s"


@pytest.fixture
def make(warehouse: Warehouse, people: list[uuid.UUID], actor: Actor, now: datetime) -> Make:
    """Make a dynamic segment."""

    def make_segment(rules_json: Any, name: str = "some", **others: Any) -> Segment:
        made = api.create(name=name, description="", kind="dynamic", rules=rules_json, actor=actor, now=now, **others)
        return Segment.objects.get(public_id=made)

    return make_segment


def calculate(segment: Segment, actor: Actor, now: datetime, **others: Any) -> Run:
    """Recalculate through a run, as a worker does."""
    view = api.start_recalculation(segment=segment, actor=actor, now=now, **others)
    while work.execute_next(now=now):
        pass
    return Run.objects.get(public_id=view.id)


def lose(warehouse: Warehouse, *places: int) -> None:
    """Take people's rows out of the warehouse."""
    for place in places:
        warehouse.execute("DELETE FROM customer_features_view WHERE customer_id = %s", (PEOPLE[place].id,))


def with_instants(warehouse: Warehouse) -> None:
    """Let the warehouse say how young its rows are."""
    warehouse.execute("ALTER TABLE customer_features_view ADD COLUMN updated_at timestamptz DEFAULT '2026-11-19'")
    warehouse_api.connector().forget_tables()
    features.sync_catalogue()
    features.refresh()


def test_load__lost_more_than_half_the_rows__is_refused_until_somebody_accepts_it(
    make: Make, warehouse: Warehouse, actor: Actor, now: datetime
) -> None:
    segment = make(REVENUE)
    calculate(segment, actor, now)
    assert members(segment) == ["P1", "P2", "P4", "P5"]
    lose(warehouse, 0, 3, 5, 6)
    run = calculate(segment, actor, now + HOUR)
    assert run.error is not None
    assert (run.status, run.error["code"]) == (RunStatus.FAILED, "segment.warehouse_shrunk")
    assert "3 rows" in run.error["message"] and "7" in run.error["message"]
    assert members(segment) == ["P1", "P2", "P4", "P5"]
    segment.refresh_from_db()
    assert (segment.last_calculated_at, segment.rows_read, segment.snapshots.count()) == (now, 7, 1)
    accepted = calculate(segment, actor, now + 2 * HOUR, accept_shrinkage=True)
    assert accepted.status == RunStatus.SUCCEEDED
    assert members(segment) == ["P2", "P5"]
    again = calculate(segment, actor, now + 3 * HOUR)
    assert again.status == RunStatus.SUCCEEDED, "what was accepted is the measure from then on"


@pytest.mark.parametrize("limit, status", [(42, RunStatus.FAILED), (43, RunStatus.SUCCEEDED)])
def test_load__lost_three_of_seven_rows__goes_by_the_limit(
    make: Make,
    warehouse: Warehouse,
    actor: Actor,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    status: RunStatus,
) -> None:
    segment = make(REVENUE)
    calculate(segment, actor, now)
    lose(warehouse, 0, 5, 6)
    monkeypatch.setattr(settings, "SEGMENTS_SHRINKAGE_MAX_PERCENT", limit)
    assert calculate(segment, actor, now + HOUR).status == status


def test_load__emptied_table__changes_no_segment_of_many(
    make: Make, warehouse: Warehouse, actor: Actor, now: datetime
) -> None:
    segments = [make(REVENUE, "rich"), make(WARM, "warm"), make({"!": REVENUE}, "poor")]
    api.start_together(segments=segments, actor=actor, now=now)
    assert work.execute_next(now=now)
    before = [members(one) for one in segments]
    warehouse.execute("DELETE FROM customer_features_view")
    api.start_together(segments=segments, actor=actor, now=now + HOUR)
    assert work.execute_next(now=now + HOUR)
    run = Run.objects.order_by("-id")[0]
    assert (run.status, run.error and run.error["code"]) == (RunStatus.FAILED, "segment.warehouse_shrunk")
    assert [members(one) for one in segments] == before


def test_rows__nobody_leaves_and_features_saw_no_smaller_load__are_not_counted(
    make: Make, warehouse: Warehouse, actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_instants(warehouse)
    segment = make(REVENUE)
    counted: list[guarding.Rows] = []

    def count(rows: guarding.Rows) -> int:
        counted.append(rows)
        return 7

    monkeypatch.setattr(guarding.Rows, "counted", property(count))
    calculate(segment, actor, now)
    calculate(segment, actor, now + HOUR)
    assert counted == []
    warehouse.execute("UPDATE customer_features_view SET total_revenue = 1 WHERE customer_id = %s", (PEOPLE[0].id,))
    calculate(segment, actor, now + 2 * HOUR)
    assert len(counted) == 1, "one of four left"


def test_increment__rows_vanished__are_found_at_the_next_load(
    make: Make, warehouse: Warehouse, actor: Actor, now: datetime
) -> None:
    with_instants(warehouse)
    segment = make(REVENUE, "some", refreshes_on_features=True)
    calculate(segment, actor, now)
    lose(warehouse, 1)
    warehouse.execute(
        "UPDATE customer_features_view SET updated_at = '2026-11-21' WHERE customer_id = %s", (PEOPLE[0].id,)
    )
    features.refresh()
    assert api.refresh_after_features(now=now + HOUR) == 1
    assert work.execute_next(now=now + HOUR)
    assert members(segment) == ["P1", "P4", "P5"]
    assert segment.snapshots.order_by("-id")[0].cause == "recalculation", "fewer rows than before: all were read"


def test_increment__as_many_rows_came_as_vanished__are_found_after_so_many_runs(
    make: Make, warehouse: Warehouse, actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SEGMENTS_INCREMENTS_MAX", 2)
    with_instants(warehouse)
    segment = make(REVENUE, "some", refreshes_on_features=True)
    calculate(segment, actor, now)
    lose(warehouse, 1)
    warehouse.execute("INSERT INTO customer_features_view (customer_id, total_revenue) VALUES (gen_random_uuid(), 1)")
    causes = []
    for day in range(1, 4):
        warehouse.execute(
            TOUCH,
            (now + timedelta(days=day), PEOPLE[0].id),
        )
        features.refresh()
        api.refresh_after_features(now=now + timedelta(days=day))
        assert work.execute_next(now=now + timedelta(days=day))
        causes.append((segment.snapshots.order_by("-id")[0].cause, members(segment)))
    assert causes == [
        ("increment", ["P1", "P2", "P4", "P5"]),
        ("increment", ["P1", "P2", "P4", "P5"]),
        ("recalculation", ["P1", "P4", "P5"]),
    ]
    segment.refresh_from_db()
    assert segment.increments == 0
