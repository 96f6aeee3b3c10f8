"""What the clock does: starts by a schedule, members let in, people past their time, rules that come true."""

import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from loyalty.foundation.kernel.actor import Actor
from loyalty.journeys import api
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.models import Backfill, Execution, ExecutionContext, Stretch
from loyalty.journeys.operations import sweeping
from loyalty.journeys.operations.people import merge_customers
from tests.campaigns.scene import make_segment
from tests.journeys import ground
from tests.journeys.dying import Mark

pytestmark = pytest.mark.django_db
NEVER = {"re_entry": "never"}


def make(actor: Actor, now: datetime, graph: dict[str, Any]) -> uuid.UUID:
    """Make a journey that runs."""
    made = api.create(name="Welcome", graph=graph, actor=actor, now=now)
    api.publish(journey_id=made, revision=1, comment="", plan=api.Plan(), actor=actor, now=now)
    api.activate(journey_id=made, actor=actor, now=now)
    return made


def test_schedule__its_slots_come__members_enter_once_for_each(now: datetime, actor: Actor) -> None:
    segment = make_segment(now, ground.make_people(3, now))
    trigger = {"kind": "schedule", "cron": "0 9 * * *", "time_zone": "UTC", "segment_id": str(segment)}
    graph = ground.graph_of({"w": ground.wait(1, "hours")}, ["start w", "w end"], {"re_entry": "after_exit"}, trigger)
    make(actor, now, graph)
    assert api.sweep(now=now).entered == 0
    morning = now + timedelta(hours=21)
    assert (api.sweep(now=morning).entered, api.sweep(now=morning).entered) == (3, 0)
    ground.run(morning + timedelta(hours=1))
    # Two mornings were missed: the latest counts.
    assert api.sweep(now=morning + timedelta(days=3)).entered == 3
    assert Backfill.objects.count() == 2


def test_backfill__at_the_first_activation__present_members_enter_once(now: datetime, actor: Actor) -> None:
    segment = make_segment(now, ground.make_people(4, now))
    trigger = {"kind": "segment", "segment_id": str(segment), "edge": "entered", "backfill": True}
    graph = ground.graph_of({"w": ground.wait()}, ["start w", "w end"], {"re_entry": "after_exit"}, trigger)
    made = make(actor, now, graph)
    assert api.sweep(now=now).entered == 4
    ground.run(now + timedelta(days=1))
    api.pause(journey_id=made, is_frozen=False, actor=actor, now=now)
    api.activate(journey_id=made, actor=actor, now=now)
    assert api.sweep(now=now + timedelta(days=1)).entered == 0


def test_backfill__in_many_stretches__each_member_once_and_none_left_out(
    now: datetime, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "FILL_ROWS", 3)
    # Of the pieces one is larger than the rest, one holds nobody, and ids begin and end within a chunk of 2,048.
    people = ground.make_people(5, now)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('customers_customer', 'id'), max(id) + 6000) FROM customers_customer"
        )
    people += ground.make_people(4, now, prefix="far")
    segment = make_segment(now, people)
    trigger = {"kind": "segment", "segment_id": str(segment), "edge": "entered", "backfill": True}
    graph = ground.graph_of({"w": ground.wait()}, ["start w", "w end"], {"re_entry": "after_exit"}, trigger)
    make(actor, now, graph)
    backfill = Backfill.objects.get()
    sweeping._lay_out(backfill.pk)
    stretches = list(Stretch.objects.order_by("pk").values_list("after_id", "until_id"))
    assert len(stretches) >= 2
    assert [after for after, _ in stretches[1:]] == [until for _, until in stretches[:-1]]
    assert sweeping._fill(backfill.pk, now) == 5
    # What one worker leaves another takes; a third look finds nothing more.
    assert (api.sweep(now=now).entered, api.sweep(now=now).entered) == (4, 0)
    backfill.refresh_from_db()
    assert (backfill.seen, backfill.entered, backfill.is_complete) == (9, 9, True)
    assert not Stretch.objects.exists()
    inside = set(Execution.objects.values_list("customer_id", flat=True))
    assert inside == {ground.internal_id(one) for one in people}


def test_longest_time__is_over__people_expire(now: datetime) -> None:
    graph = ground.graph_of({"w": ground.wait(9)}, ["start w", "w end"], {"max_duration_days": 2})
    loaded = ground.make_journey(now, graph)
    ground.let_in(loaded, ground.make_people(2, now), now)
    assert api.sweep(now=now + timedelta(days=1)).expired == 0
    assert api.sweep(now=now + timedelta(days=2)).expired == 2
    assert Counter(Execution.objects.values_list("state", flat=True)) == {"EXPIRED": 2}


def test_rules__come_true_while_people_wait__they_leave_without_a_step(now: datetime) -> None:
    rule = {"==": [{"var": "context.state"}, "gone"]}
    graph = ground.graph_of({"w": ground.wait(9)}, ["start w", "w end"], {"exit_rule": rule})
    loaded = ground.make_journey(now, graph)
    ada, bob = ground.make_people(2, now)
    ground.let_in(loaded, [ada, bob], now, context={"state": "here"})
    assert api.ask_rules(now=now) == 2
    mine = ExecutionContext.objects.get(execution__customer_id=ground.internal_id(ada))
    mine.data = {"state": "gone"}
    mine.save()
    api.ask_rules(now=now)
    told = dict(Execution.objects.values_list("customer_id", "state"))
    assert told == {ground.internal_id(ada): "EXITED", ground.internal_id(bob): "WAITING"}


def test_circle__goes_round_for_ever__ends_as_failed(now: datetime) -> None:
    graph = ground.graph_of({"w": ground.wait(1, "minutes")}, ["start w", "w w"], NEVER)
    loaded = ground.make_journey(now, graph)
    ground.let_in(loaded, ground.make_people(1, now), now)
    ground.run_through(now, 1)
    execution = Execution.objects.get()
    assert (execution.state, execution.reason) == ("FAILED", "journeys.loop_bound")
    # The hundred and first leaving leads nowhere, as the interpreter has it too.
    assert ground.path_of(execution).count("w:next") == 101


def test_action__one_row_is_a_fault__that_person_alone_fails(now: datetime) -> None:
    class Fragile(Mark):
        kind = "fragile"

        def perform_set(self, call: Any, rows: Any, *, now: datetime) -> Any:
            if any(row.context.get("is_poison") for row in rows):
                raise ValueError("poison")
            return super().perform_set(call, rows, now=now)

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE journeys_test_mark (key text NOT NULL)")
    protocol.register(Fragile())
    try:
        config = {"action_type": "fragile", "retries_max": 1, "retry_after_minutes": 5}
        graph = ground.graph_of({"m": {"kind": "action", "config": config}}, ["start m", "m:success end"], NEVER)
        loaded = ground.make_journey(now, graph)
        people = ground.make_people(9, now)
        ground.let_in(loaded, people[1:], now)
        ground.let_in(loaded, people[:1], now, context={"is_poison": True})
        ground.run(now)
        poisoned = Execution.objects.get(customer_id=ground.internal_id(people[0]))
        assert (poisoned.state, poisoned.attempts, poisoned.due_at) == ("IN_PROGRESS", 1, now + timedelta(minutes=5))
        assert Execution.objects.filter(state="COMPLETED").count() == 8
        ground.run(now + timedelta(minutes=5))
        poisoned.refresh_from_db()
        assert poisoned.state == "FAILED"
        assert "poison" in poisoned.reason
    finally:
        protocol.forget("fragile")


def test_customers__merged__one_goes_on_and_the_other_leaves_where_both_are_inside(now: datetime) -> None:
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"]))
    other = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"]), "Other")
    ada, bob = ground.make_people(2, now)
    ground.let_in(loaded, [ada, bob], now)
    ground.let_in(other, [ada], now)
    assert merge_customers(gone=ground.internal_id(ada), into=ground.internal_id(bob), now=now) == 1
    inside = Execution.objects.filter(customer_id=ground.internal_id(bob), state="WAITING")
    assert {one.journey.name for one in inside} == {"Welcome", "Other"}
    assert Execution.objects.get(customer_id=ground.internal_id(ada)).state == "CANCELLED"
