"""People are let in, wait, decide, are split and come to an end, in sets; each step is taken once."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from loyalty.customers.models import Customer
from loyalty.foundation.rules import api as rules
from loyalty.journeys.models import Execution, Step
from tests.journeys import ground

pytestmark = pytest.mark.django_db


def test_wait__time_is_over__person_goes_on_and_is_through(now: datetime) -> None:
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait(2)}, ["start w", "w end"]))
    [ada] = ground.make_people(1, now)
    assert ground.let_in(loaded, [ada], now).entered == 1
    assert ground.run(now) == 0
    ground.run(now + timedelta(days=2, seconds=-1))
    execution = Execution.objects.get()
    assert (execution.state, execution.due_at) == ("WAITING", now + timedelta(days=2))
    ground.run(now + timedelta(days=2))
    execution.refresh_from_db()
    assert (execution.state, execution.outcome, execution.due_at) == ("COMPLETED", "done", None)
    assert ground.path_of(execution) == ["start:next", "w:next", "end:"]


def test_split__many_people__each_by_the_bucket_of_the_rule_language(now: datetime) -> None:
    weights = {"a": 50, "none": 0, "b": 30, "c": 20}
    config = {"mode": "random", "salt": "s1", "branches": [{"code": k, "weight": w} for k, w in weights.items()]}
    ways = ["start s", *(f"s:{code} {code}" for code in weights), *(f"{code} end" for code in weights)]
    nodes = {"s": {"kind": "split", "config": config}, **{code: ground.wait() for code in weights}}
    loaded = ground.make_journey(now, ground.graph_of(nodes, ways))
    people = ground.make_people(60, now)
    ground.let_in(loaded, people, now)
    ground.run(now)
    where = dict(Execution.objects.values_list("customer_id", "node__code"))
    for one in people:
        bucket = rules.bucket_of("s1", str(one), 100)
        wanted = "a" if bucket < 50 else "b" if bucket < 80 else "c"
        assert where[ground.internal_id(one)] == wanted
    assert set(where.values()) == {"a", "b", "c"}


@pytest.mark.parametrize(("context", "way"), [({"age": 30}, "yes"), ({"age": 3}, "no"), ({}, "unknown")])
def test_condition__over_the_context__yes_no_or_unknown(now: datetime, context: dict[str, object], way: str) -> None:
    config = {"rule": {">": [{"var": "context.age"}, 18]}}
    nodes = {"c": {"kind": "condition", "config": config}, **{one: ground.wait() for one in ("yes", "no", "unknown")}}
    ways = ["start c", *(f"c:{one} {one}" for one in ("yes", "no", "unknown"))]
    loaded = ground.make_journey(now, ground.graph_of(nodes, [*ways, "yes end", "no end", "unknown end"]))
    ground.let_in(loaded, ground.make_people(1, now), now, context=context)
    ground.run(now)
    assert Execution.objects.get().node.code == way


def test_condition__no_edge_for_unknown__where_its_config_says(now: datetime) -> None:
    nodes = {
        "c": {"kind": "condition", "config": {"rule": {">": [{"var": "context.age"}, 18]}, "unknown": "yes"}},
        "yes": ground.wait(),
    }
    loaded = ground.make_journey(now, ground.graph_of(nodes, ["start c", "c:yes yes", "c:no end", "yes end"]))
    ground.let_in(loaded, ground.make_people(1, now), now)
    ground.run(now)
    assert Execution.objects.get().node.code == "yes"


def test_entry__thousand_people__one_row_each_and_a_log(now: datetime) -> None:
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"]))
    people = ground.make_people(300, now)
    assert ground.let_in(loaded, people, now).entered == 300
    assert Step.objects.count() == 300
    ground.run(now + timedelta(days=1))
    assert Counter(Execution.objects.values_list("state", flat=True)) == {"COMPLETED": 300}
    assert Step.objects.values("execution_id", "visit").distinct().count() == Step.objects.count() == 900


@pytest.mark.parametrize(
    ("chosen", "entries"),
    [
        ({"re_entry": "never"}, [1, 0, 0, 0]),
        ({"re_entry": "after_exit"}, [1, 0, 1, 1]),
        ({"re_entry": "each_occurrence"}, [1, 0, 1, 1]),
        ({"re_entry": "cool_down", "cool_down_days": 5}, [1, 0, 0, 1]),
    ],
)
def test_re_entry__inside_after_the_end_and_later__as_it_was_chosen(
    now: datetime, chosen: dict[str, object], entries: list[int]
) -> None:
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"], chosen))
    people = ground.make_people(1, now)
    seen = []
    for days in (0.0, 0.5, 2, 6):
        ground.run(now + timedelta(days=days))
        seen.append(ground.let_in(loaded, people, now + timedelta(days=days)).entered)
    assert seen == entries


def test_concurrency__one_per_key__several_at_once_but_not_of_one_key(now: datetime) -> None:
    settings = {"concurrency": "one_per_key", "key_path": "event.order"}
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"], settings))
    people = ground.make_people(1, now)
    came = [ground.let_in(loaded, people, now, context={"event": {"order": order}}).entered for order in (7, 7, 8)]
    assert came == [1, 0, 1]
    assert sorted(Execution.objects.values_list("key", flat=True)) == ["7", "8"]


def test_holdout__part_of_the_people__written_down_and_never_stepped(now: datetime) -> None:
    settings = {"holdout_percent": 30}
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"], settings))
    people = ground.make_people(200, now)
    told = ground.let_in(loaded, people, now)
    wanted = {one for one in people if rules.bucket_of(f"holdout:{loaded.journey_id}", str(one), 10_000) < 3_000}
    assert (told.entered, told.held_out) == (200 - len(wanted), len(wanted))
    ground.run(now + timedelta(days=2))
    held = Execution.objects.filter(is_held_out=True)
    assert set(held.values_list("customer_id", flat=True)) == {ground.internal_id(one) for one in wanted}
    assert set(held.values_list("state", flat=True)) == {"NOT_STARTED"}
    assert not Step.objects.filter(execution__is_held_out=True).exists()
    assert ground.let_in(loaded, people, now).held_out == 0


def test_exit_rule__true_at_a_step__person_leaves_there(now: datetime) -> None:
    settings = {"exit_rule": {"==": [{"var": "context.state"}, "gone"]}}
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"], settings))
    people = ground.make_people(2, now)
    ground.let_in(loaded, people[:1], now, context={"state": "gone"})
    ground.let_in(loaded, people[1:], now, context={"state": "here"})
    ground.run(now + timedelta(days=1))
    assert Counter(Execution.objects.values_list("state", "reason")) == {
        ("EXITED", "exit rule"): 1,
        ("COMPLETED", ""): 1,
    }


def test_goal_rule__true_at_a_step__written_down_and_the_journey_ends(now: datetime) -> None:
    settings = {"goal": {"rule": {"==": [{"var": "context.state"}, "won"]}}, "goal_exits": True}
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"], settings))
    ground.let_in(loaded, ground.make_people(1, now), now, context={"state": "won"})
    ground.run(now + timedelta(days=1))
    execution = Execution.objects.get()
    assert (execution.state, execution.reason, execution.goal_at) == ("EXITED", "goal reached", now + timedelta(days=1))


def test_local_time__people_in_two_zones__each_by_the_own_clock(now: datetime) -> None:
    config = {"mode": "local_time", "time": "09:00", "weekdays": [1], "time_zone": "customer"}
    nodes = {"w": {"kind": "wait", "config": config}}
    loaded = ground.make_journey(now, ground.graph_of(nodes, ["start w", "w end"]))
    people = ground.make_people(2, now)
    Customer.objects.filter(public_id=people[0]).update(time_zone="Asia/Beirut")
    Customer.objects.filter(public_id=people[1]).update(time_zone="America/New_York")
    ground.let_in(loaded, people, now)
    ground.run(now)
    dues = [one for one in Execution.objects.order_by("due_at").values_list("due_at", flat=True) if one]
    # Monday the 23rd, nine o'clock: seven in UTC, and fourteen.
    assert [one.isoformat() for one in dues] == ["2026-11-23T07:00:00+00:00", "2026-11-23T14:00:00+00:00"]
    ground.run(now + timedelta(days=5))
    assert set(Execution.objects.values_list("state", flat=True)) == {"COMPLETED"}
