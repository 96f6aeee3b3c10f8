"""Recalculation over a real warehouse: members, differences, failures, races."""

import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.work import api as work
from loyalty.foundation.work.models import Run, RunStatus
from loyalty.segments import api
from loyalty.segments.models import Segment, SegmentSnapshot
from loyalty.segments.operations import keys
from loyalty.segments.policy import bitmaps
from loyalty.segments.queries import membership
from tests.segments.people import PEOPLE

Warehouse = psycopg.Connection[tuple[object, ...]]
WARM = {"and": [{">": [{"var": "total_revenue"}, 1000]}, {"<": [{"var": "last_purchase_days_ago"}, 30]}]}
Make = Callable[..., Segment]


@pytest.fixture
def make(warehouse: Warehouse, people: list[uuid.UUID], actor: Actor, now: datetime) -> Make:
    """Make a dynamic segment with rules."""

    def make_segment(rules: Any, name: str = "warm") -> Segment:
        made = api.create(name=name, description="", kind="dynamic", rules=rules, actor=actor, now=now)
        return Segment.objects.get(public_id=made)

    return make_segment


def calculate(segment: Segment, actor: Actor, now: datetime) -> Run:
    """Recalculate through a run, as a worker does."""
    view = api.start_recalculation(segment=segment, actor=actor, now=now)
    while work.execute_next(now=now):
        pass
    return Run.objects.get(public_id=view.id)


def members(segment: Segment) -> list[str]:
    """Give the members by reference."""
    ids = bitmaps.ids_of(membership.bits_of(segment))
    return sorted(one["customer_ref"] for one in membership.public_ids_of(ids, limit=100))


def added_at(segment: Segment, customer_id: uuid.UUID) -> datetime | None:
    """Give when a customer came in."""
    rows = membership.list_members(segment, membership.bits_of(segment), after=-1, limit=100)
    return next(row.added_at for row in rows if row.customer_id == customer_id)


@pytest.mark.parametrize(
    "rules, expected",
    [
        (WARM, ["P1", "P4"]),
        ({"!": WARM}, ["P2", "P3", "P5", "P6", "P7"]),
        ({">=": [{"var": "churn_score"}, 0.6]}, ["P2", "P3", "P6"]),
        ({"missing": ["city"]}, ["P3", "P4"]),
        ({"or": [{"missing": ["city"]}, {"<": [{"var": "total_revenue"}, 1]}]}, ["P3", "P4", "P7"]),
        ({"in": [{"var": "city"}, ["Beirut", "Zahlé"]]}, ["P1", "P6", "P7"]),
        ({"==": [{"var": "total_revenue"}, None]}, ["P6"]),
        ({"<": [{"var": "last_purchase_days_ago"}, 30]}, ["P1", "P3", "P4", "P6"]),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_recalculate__rules__select_exactly_these(
    make: Make, actor: Actor, now: datetime, rules: Any, expected: list[str]
) -> None:
    segment = make(rules)
    run = calculate(segment, actor, now)
    assert (run.status, run.error) == (RunStatus.SUCCEEDED, None)
    assert members(segment) == expected
    assert api.preview(rules, now=now).count == len(expected)
    by_trace = [person.ref for person in PEOPLE if api.explain(segment, person.id, now=now).matches]
    assert by_trace == expected, "the evaluator and the warehouse agree"


@pytest.mark.django_db(transaction=True)
def test_recalculate__again__is_a_difference_that_leaves_the_rest(
    make: Make, warehouse: Warehouse, actor: Actor, now: datetime
) -> None:
    segment = make(WARM)
    calculate(segment, actor, now)
    stayed = added_at(segment, PEOPLE[0].id)
    warehouse.execute(
        "UPDATE customer_features_view SET last_purchase_days_ago = 99 WHERE customer_id = %s", (PEOPLE[3].id,)
    )
    warehouse.execute(
        "UPDATE customer_features_view SET last_purchase_days_ago = 1 WHERE customer_id = %s", (PEOPLE[4].id,)
    )
    run = calculate(segment, actor, now.replace(hour=15))
    assert run.result is not None and (run.result["added"], run.result["removed"], run.result["members"]) == (1, 1, 2)
    assert members(segment) == ["P1", "P5"]
    assert added_at(segment, PEOPLE[0].id) == stayed == now
    assert list(SegmentSnapshot.objects.order_by("id").values_list("member_count", "added_count", "removed_count")) == [
        (2, 2, 0), (2, 1, 1),
    ]  # fmt: skip
    assert PublishedEvent.objects.filter(type="segment.recalculated").count() == 2
    assert AuditEntry.objects.filter(act="segments.recalculate").count() == 2


@pytest.mark.django_db(transaction=True)
def test_recalculate__warehouse_down__fails_with_reason_and_old_members_stay(
    make: Make, actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = make(WARM)
    calculate(segment, actor, now)
    monkeypatch.setattr(settings, "DWH_POSTGRESQL_URL", "postgresql://nobody@127.0.0.1:9/nowhere")
    run = calculate(segment, actor, now.replace(hour=15))
    assert run.status == RunStatus.FAILED
    assert run.error is not None and run.error["code"] == "warehouse.unavailable"
    assert members(segment) == ["P1", "P4"]
    segment.refresh_from_db()
    assert segment.last_calculated_at == now, "the time of the last success"


@pytest.mark.django_db(transaction=True)
def test_recalculate__column_gone__fails_and_old_members_stay(
    make: Make, warehouse: Warehouse, actor: Actor, now: datetime
) -> None:
    segment = make({"in": [{"var": "city"}, ["Beirut"]]})
    calculate(segment, actor, now)
    warehouse.execute("ALTER TABLE customer_features_view RENAME COLUMN city TO town")
    run = calculate(segment, actor, now.replace(hour=15))
    assert run.status == RunStatus.FAILED
    assert members(segment) == ["P1", "P6"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("customers_min", [2**62, 1], ids=["by the database", "by files"])
def test_recalculate__eight_workers_at_once__each_run_once(
    make: Make, actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch, customers_min: int
) -> None:
    # By files each worker makes them anew and takes those of the others away, while these read them.
    monkeypatch.setattr(keys, "CUSTOMERS_MIN", customers_min)
    monkeypatch.setattr(keys, "YOUNGER_MAX", -1)
    segments = [make(WARM, f"warm {number}") for number in range(4)]
    for segment in segments:
        api.start_recalculation(segment=segment, actor=actor, now=now)

    def worker() -> None:
        try:
            while work.execute_next(now=now):
                pass
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [members(segment) for segment in segments] == [["P1", "P4"]] * 4
    assert SegmentSnapshot.objects.count() == 4
