"""Event-driven segments: what happens to a customer turns memberships at once, in batches, once, and in order."""

import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections

from loyalty.customers import api as customers
from loyalty.foundation.events import api as events
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.segments import api
from loyalty.segments.contracts import SnapshotCause
from loyalty.segments.errors import SegmentNotSingle
from loyalty.segments.models import DirtyCustomer, Segment, TouchedCustomer
from loyalty.segments.operations.applying import apply
from loyalty.segments.operations.settling import settle_some
from loyalty.segments.policy import bitmaps
from loyalty.segments.queries import membership
from tests.segments.people import PEOPLE
from tests.segments.test_recalculation import WARM, calculate, members

pytestmark = pytest.mark.django_db(transaction=True)
Warehouse = psycopg.Connection[tuple[object, ...]]
Live = Callable[..., Segment]


@pytest.fixture
def live(warehouse: Warehouse, people: list[uuid.UUID], actor: Actor, now: datetime) -> Live:
    """Make an event-driven segment and fill it."""

    def make_live(rules: Any, name: str = "warm") -> Segment:
        made = api.create(
            name=name, description="", kind="dynamic", rules=rules, actor=actor, now=now, is_event_driven=True
        )
        segment = Segment.objects.get(public_id=made)
        calculate(segment, actor, now)
        api.settle(now=now)  # what lies before does not count
        return segment

    return make_live


def happen(person: int, now: datetime) -> None:
    """Publish that a customer was updated."""
    key = str(PEOPLE[person].id)
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data) "
        "VALUES (gen_random_uuid(), 'customer.updated', %s, 'customer', %s, %s, '{}')",
        [key, key, now],
    )


def buy(warehouse: Warehouse, person: int, days_ago: int) -> None:
    """Have the warehouse know of a purchase."""
    warehouse.execute(
        "UPDATE customer_features_view SET last_purchase_days_ago = %s WHERE customer_id = %s",
        (days_ago, PEOPLE[person].id),
    )
    cache.clear()


def test_settle__customer_changed__membership_turns_and_is_told(
    live: Live, warehouse: Warehouse, now: datetime
) -> None:
    segment = live(WARM)
    later = now + timedelta(minutes=5)
    buy(warehouse, 4, 1)
    buy(warehouse, 0, 99)
    assert api.settle(now=later).looked_at == 0, "nobody said that anything happened"
    happen(4, later)
    happen(0, later)
    happen(0, later)
    settled = api.settle(now=later)
    assert (settled.looked_at, settled.turned) == (2, 2)
    assert members(segment) == ["P4", "P5"]
    segment.refresh_from_db()
    assert segment.member_count == 2
    told = PublishedEvent.objects.filter(type__startswith="segment.member_", occurred_at=later)
    assert sorted(told.values_list("type", "subject_ref")) == [
        ("segment.member_added", str(PEOPLE[4].id)), ("segment.member_removed", str(PEOPLE[0].id)),
    ]  # fmt: skip
    assert not DirtyCustomer.objects.exists()
    assert api.settle(now=later).turned == 0


def test_settle__attribute_set__membership_turns(live: Live, actor: Actor, now: datetime) -> None:
    plan = customers.define_attribute(
        code="plan", label="Plan", kind="choice", choices=("blue", "gold"), actor=actor, now=now
    )
    live({"==": [{"var": "attribute_plan"}, "gold"]})
    row = sql.fetch_one("SELECT customer_id FROM customers_directory WHERE public_id = %s", [PEOPLE[0].id])
    assert row is not None
    later = now + timedelta(seconds=5)
    for value, turned in (("gold", 1), ("gold", 0), ("blue", 1)):
        customers.set_values(
            values=[customers.NewValue(row["customer_id"], plan, value)], source="tests", actor=actor, now=later
        )
        assert api.settle(now=later).turned == turned


def test_collect__facts_nobody_asked_for__are_passed_over_and_none_between_them_is_lost(
    live: Live, now: datetime
) -> None:
    live(WARM)
    row = sql.fetch_one("SELECT position FROM segments_eventcursor")
    begun = int(row["position"]) if row else 0
    for person in (4, 0, 1):
        sql.execute(
            "INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data) "
            "SELECT gen_random_uuid(), 'nobody.asked', 'x', 'thing', 'x', %s, '{}' FROM generate_series(1, 20)",
            [now],
        )
        happen(person, now)
    until = events.store_facts()
    taken = []
    for _ in range(4):
        done = sql.fetch_one("SELECT * FROM segments_collect(%s, 2, %s, %s)", [["customer.updated"], until, now])
        assert done is not None
        taken.append((int(done["read_count"]), int(done["dirty_count"])))
    assert taken == [(42, 2), (until - begun - 42, 1), (0, 0), (0, 0)]
    waiting = set(DirtyCustomer.objects.values_list("customer_id", flat=True))
    directory = sql.fetch_all("SELECT customer_id, public_id FROM customers_directory")
    assert waiting == {row["customer_id"] for row in directory if row["public_id"] in {PEOPLE[n].id for n in (4, 0, 1)}}


def test_settle__source_away__waits_and_turns_nothing(
    live: Live, warehouse: Warehouse, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = live(WARM)
    later = now + timedelta(minutes=5)
    buy(warehouse, 0, 99)
    happen(0, later)
    with monkeypatch.context() as away:
        away.setattr(settings, "DWH_POSTGRESQL_URL", "postgresql://nobody@127.0.0.1:9/nowhere")
        assert api.settle(now=later).turned == 0
    assert members(segment) == ["P1", "P4"], "unknown is not nothing"
    waiting = DirtyCustomer.objects.get()
    assert waiting.due_at > later
    assert settle_some(now=waiting.due_at).turned == 1
    assert members(segment) == ["P4"]


def test_settle__segment_in_segment__follows_in_the_same_round(live: Live, warehouse: Warehouse, now: datetime) -> None:
    inner = live(WARM)
    outer = live({"!": {"in_segment": [str(inner.public_id)]}}, "cold")
    assert members(outer) == ["P2", "P3", "P5", "P6", "P7"]
    later = now + timedelta(minutes=5)
    buy(warehouse, 4, 1)
    happen(4, later)
    api.settle(now=later)
    assert members(inner) == ["P1", "P4", "P5"]
    assert members(outer) == ["P2", "P3", "P6", "P7"]


def test_recalculation__read_before_the_event__leaves_the_customer_as_the_event_said(
    live: Live, warehouse: Warehouse, actor: Actor, now: datetime
) -> None:
    segment = live(WARM)
    begun = now + timedelta(minutes=1)
    as_read = membership.bits_of(segment)
    buy(warehouse, 4, 1)
    happen(4, begun + timedelta(seconds=5))
    api.settle(now=begun + timedelta(seconds=6))
    assert members(segment) == ["P1", "P4", "P5"]
    ended = begun + timedelta(seconds=30)
    apply(
        segment=segment, members=as_read, evaluated_at=begun, cause=SnapshotCause.RECALCULATION, actor=actor, now=ended
    )
    assert members(segment) == ["P1", "P4", "P5"]
    assert api.forget_touched(now=ended + timedelta(days=1)) == TouchedCustomer.objects.count() + 1


def test_settle__eight_workers_at_once__each_customer_once(live: Live, warehouse: Warehouse, now: datetime) -> None:
    segment = live(WARM)
    later = now + timedelta(minutes=5)
    for person in range(7):
        buy(warehouse, person, 1 if person in (4, 5) else 99)
        for _ in range(3):
            happen(person, later)

    def worker() -> None:
        try:
            api.settle(now=later)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    api.settle(now=later)
    assert members(segment) == ["P5"]
    segment.refresh_from_db()
    assert segment.member_count == bitmaps.count(membership.bits_of(segment)) == 1
    told = PublishedEvent.objects.filter(type__startswith="segment.member_", occurred_at=later)
    assert told.count() == 3, "two left and one came, each told once"


def test_limit__and_events__exclude_each_other(
    warehouse: Warehouse, people: list[uuid.UUID], actor: Actor, now: datetime
) -> None:
    with pytest.raises(SegmentNotSingle):
        api.create(
            name="first", description="", kind="dynamic", rules=WARM, actor=actor, now=now, is_event_driven=True,
            limit={"count": 1, "by": {"var": "total_revenue"}},
        )  # fmt: skip


def test_relay__facts_read__ring_only_while_somebody_listens(live: Live) -> None:
    assert "segments.settle" not in events.doorbells_wanted()
    live(WARM)
    assert "segments.settle" in events.doorbells_wanted()


def test_schedule_and_features__due__recalculate_together(
    warehouse: Warehouse, people: list[uuid.UUID], actor: Actor, now: datetime
) -> None:
    daily = {"kind": "interval", "every_minutes": 60}
    for number in range(3):
        api.create(
            name=f"n{number}", description="", kind="dynamic", rules=WARM, actor=actor, now=now, schedule=daily,
            refreshes_on_features=number > 0,
        )  # fmt: skip
    assert api.start_due(now=now) == 0
    hour = now + timedelta(minutes=61)
    assert api.start_due(now=hour) == 3
    assert api.start_due(now=hour) == 0, "they are due again an hour later"
    assert api.refresh_after_features(now=hour) == 2
    while work.execute_next(now=hour):
        pass
    assert [members(one) for one in Segment.objects.order_by("name")] == [["P1", "P4"]] * 3
