"""Facts lead people in, wake those who wait for them, and lead out; each fact once, in its order."""

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.customers.models import Customer
from loyalty.foundation.orm import sql
from loyalty.journeys.models import Execution, ExecutionContext
from loyalty.journeys.operations.listening import listen
from loyalty.journeys.operations.versions import Loaded
from tests.campaigns.scene import make_segment
from tests.journeys import ground

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOP_UP, PAID = "customer.top_up_started", "customer.top_up_paid"
AWAIT = {
    "mode": "event", "event_type": PAID, "timeout": {"amount": 30, "unit": "minutes"},
    "correlation": [{"event_path": "order", "context_path": "event.order"}],
}  # fmt: skip
ABANDONED = ground.graph_of(
    {"w": {"kind": "wait", "config": AWAIT}, "end": ground.END, "paid": {"kind": "end", "config": {"outcome": "paid"}}},
    ["start w", "w:next paid", "w:timeout end"],
    {"concurrency": "one_per_key", "key_path": "event.order"},
    {"kind": "event", "event_type": TOP_UP, "filter": {">": [{"var": "amount"}, 10]}},
)


def tell(kind: str, customer: uuid.UUID, at: datetime, **data: Any) -> uuid.UUID:
    """Have a fact about a customer published."""
    event = uuid.uuid4()
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data) "
        "VALUES (%s, %s, %s, 'customer', %s, %s, %s::jsonb)",
        [event, kind, str(customer), str(customer), at, ground.as_json(data)],
    )
    return event


def test_abandoned_top_up__paid_by_key_or_not__each_order_by_itself(now: datetime) -> None:
    ground.make_journey(now, ABANDONED)
    listen(now=now)
    [ada] = ground.make_people(1, now)
    for order, amount in ((1, 50), (2, 60), (3, 5)):
        tell(TOP_UP, ada, now, order=order, amount=amount)
    assert listen(now=now).entered == 2
    ground.run(now)
    tell(PAID, ada, now + timedelta(minutes=5), order=2)
    tell(PAID, ada, now + timedelta(minutes=5), order=9)
    assert listen(now=now + timedelta(minutes=5)).woken == 1
    ground.run(now + timedelta(minutes=29))
    ground.run(now + timedelta(minutes=30))
    told = dict(Execution.objects.values_list("key", "outcome"))
    assert told == {"1": "done", "2": "paid"}
    assert ExecutionContext.objects.count() == 2


@pytest.mark.parametrize(("is_paid_before", "outcome"), [(True, "done"), (False, "paid")])
def test_wait__fact_of_its_kind_in_the_reading_that_leads_in__only_behind_the_one_that_does(
    is_paid_before: bool, outcome: str, now: datetime
) -> None:
    ground.make_journey(now, ABANDONED)
    listen(now=now)
    [ada] = ground.make_people(1, now)
    told = [(TOP_UP, {"amount": 50}), (PAID, {})]
    for kind, data in reversed(told) if is_paid_before else told:
        tell(kind, ada, now, order=1, **data)
    assert listen(now=now).entered == 1
    ground.run(now)
    ground.run(now + timedelta(minutes=30))
    assert Execution.objects.get().outcome == outcome


def test_fact__read_twice_over__leads_in_once(now: datetime) -> None:
    ground.make_journey(now, ABANDONED)
    listen(now=now)
    [ada] = ground.make_people(1, now)
    tell(TOP_UP, ada, now, order=1, amount=50)
    listen(now=now)
    ground.run_through(now, 1)
    sql.execute("UPDATE journeys_factcursor SET position = 0")
    listen(now=now + timedelta(days=1))
    assert Execution.objects.count() == 1


def test_event__read_while_nobody_was_seen_waiting__is_not_lost(now: datetime) -> None:
    """A fact that is read between the arrival and the moment it can be seen: the reader passes, the look finds it."""
    loaded = ground.make_journey(now, ABANDONED)
    listen(now=now)
    [ada] = ground.make_people(1, now)
    tell(TOP_UP, ada, now, order=1, amount=50)
    listen(now=now)
    execution = Execution.objects.get()
    assert (execution.node.code, execution.state) == ("w", "IN_PROGRESS")
    # The reader has gone past the payment without seeing the person.
    tell(PAID, ada, now, order=1)
    Execution.objects.update(node_id=loaded.start_pk)
    assert listen(now=now).woken == 0
    Execution.objects.update(node_id=loaded.nodes["w"])
    ground.run(now)
    assert Execution.objects.get().outcome == "paid"


def test_look_back__event_shortly_before_the_wait__counts(now: datetime) -> None:
    config = {"mode": "event", "event_type": PAID, "look_back": {"amount": 1, "unit": "hours"}}
    nodes = {"w": {"kind": "wait", "config": config}}
    loaded = ground.make_journey(now, ground.graph_of(nodes, ["start w", "w end"]))
    listen(now=now)
    ada, bob = ground.make_people(2, now)
    tell(PAID, ada, now - timedelta(minutes=50), order=1)
    tell(PAID, bob, now - timedelta(minutes=70), order=1)
    listen(now=now)
    ground.let_in(loaded, [ada, bob], now)
    ground.run(now)
    assert Counter(Execution.objects.values_list("state", flat=True)) == {"COMPLETED": 1, "WAITING": 1}
    assert Execution.objects.get(state="WAITING").customer_id == ground.internal_id(bob)


def test_timeout__event_published_and_not_read_yet__waits_for_the_reader(now: datetime) -> None:
    ground.make_journey(now, ABANDONED)
    listen(now=now)
    [ada] = ground.make_people(1, now)
    tell(TOP_UP, ada, now, order=1, amount=50)
    listen(now=now)
    ground.run(now)
    tell(PAID, ada, now + timedelta(minutes=29), order=1)
    late = now + timedelta(minutes=31)
    ground.run(late)
    assert Execution.objects.get().state == "WAITING"
    listen(now=late)
    ground.run(late)
    assert Execution.objects.get().outcome == "paid"


def test_segment__member_comes_and_goes__enters_and_leaves(now: datetime) -> None:
    segment = make_segment(now)
    ground.make_journey(
        now,
        ground.graph_of(
            {"w": ground.wait()}, ["start w", "w end"], {"leave_on_segment_exit": True},
            {"kind": "segment", "segment_id": str(segment), "edge": "entered", "backfill": False},
        ),
    )  # fmt: skip
    listen(now=now)
    ada, bob = ground.make_people(2, now)
    for one in (ada, bob):
        tell("segment.member_added", one, now, segment_id=str(segment))
        tell("segment.member_added", one, now, segment_id=str(uuid.uuid4()))
    assert listen(now=now).entered == 2
    tell("segment.member_removed", bob, now, segment_id=str(segment))
    assert listen(now=now).ended == 1
    told = dict(Execution.objects.values_list("customer_id", "state"))
    assert told == {ground.internal_id(ada): "WAITING", ground.internal_id(bob): "EXITED"}


def test_goal_and_exit_events__happen__written_down_or_left(now: datetime) -> None:
    settings = {
        "goal": {"event_type": PAID, "filter": None},
        "exit_events": [{"event_type": "customer.complained", "filter": {"==": [{"var": "grave"}, True]}}],
    }
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"], settings))
    listen(now=now)
    ada, bob, cid = ground.make_people(3, now)
    ground.let_in(loaded, [ada, bob, cid], now)
    tell(PAID, ada, now)
    tell("customer.complained", bob, now, grave=True)
    tell("customer.complained", cid, now, grave=False)
    listen(now=now)
    told = {one.customer_id: (one.state, one.goal_at is not None) for one in Execution.objects.all()}
    assert told == {
        ground.internal_id(ada): ("WAITING", True),
        ground.internal_id(bob): ("EXITED", False),
        ground.internal_id(cid): ("WAITING", False),
    }


def test_customer__closed_midway__is_led_no_further(now: datetime) -> None:
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"]))
    listen(now=now)
    [ada] = ground.make_people(1, now)
    ground.let_in(loaded, [ada], now)
    Customer.objects.filter(public_id=ada).update(status="CLOSED")
    tell("customer.updated", ada, now)
    assert listen(now=now).ended == 1
    assert Execution.objects.get().state == "CANCELLED"


def one_after_the_other(first: str, second: str) -> Loaded:
    """Two waits for the same kind of event, one behind the other; the names say which stands first in the graph."""
    waits = {
        name: {"kind": "wait", "config": {"mode": "event", "event_type": PAID}} for name in sorted((first, second))
    }
    return ground.make_journey(NOON, ground.graph_of(waits, [f"start {first}", f"{first} {second}", f"{second} end"]))


@pytest.mark.parametrize(("first", "second"), [("v", "w"), ("w", "v")])
def test_event__two_waits_for_it_in_a_row__ends_the_first_and_only_another_one_the_second(
    first: str, second: str
) -> None:
    loaded = one_after_the_other(first, second)
    listen(now=NOON)
    [ada] = ground.make_people(1, NOON)
    ground.let_in(loaded, [ada], NOON)
    ground.run(NOON)
    for number, node in enumerate((second, "end"), start=1):
        at = NOON + timedelta(hours=number)
        tell(PAID, ada, at)
        for _ in range(2):
            listen(now=at)
            ground.run(at)
        assert Execution.objects.get().node.code == node


@pytest.mark.parametrize(("first", "second"), [("v", "w"), ("w", "v")])
def test_event__two_of_it_in_one_reading__end_two_waits_in_a_row(first: str, second: str) -> None:
    loaded = one_after_the_other(first, second)
    listen(now=NOON)
    [ada] = ground.make_people(1, NOON)
    ground.let_in(loaded, [ada], NOON)
    ground.run(NOON)
    told = [tell(PAID, ada, NOON) for _ in range(2)]
    listen(now=NOON)
    ground.run(NOON)
    execution = Execution.objects.get()
    assert (execution.state, ground.path_of(execution)[1:]) == (
        "COMPLETED",
        [f"{first}:next", f"{second}:next", "end:"],
    )
    results = [step.result["event_id"] for step in execution.steps.order_by("visit") if step.result]
    assert results == [str(one) for one in told]
