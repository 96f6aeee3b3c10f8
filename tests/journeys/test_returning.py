"""A roll-back takes back what a publication did: people stand where they stood, no step is doubled, no timer lost."""

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.customers.models import Customer
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.journeys import api
from loyalty.journeys.contracts import Fate
from loyalty.journeys.models import Execution, Step
from loyalty.journeys.operations import hearing
from loyalty.journeys.operations.listening import listen
from tests.journeys import ground
from tests.journeys.test_listening import tell
from tests.journeys.test_publishing import TWO, draft, inside, live, make, publish, where

pytestmark = pytest.mark.django_db
BACK = api.Plan(Fate.MOVE)
EVENT = {
    "kind": "wait",
    "config": {"mode": "event", "event_type": "customer.login", "timeout": {"amount": 5, "unit": "days"}},
}
WAITS = ground.graph_of(
    {"e": EVENT, "yes": {"kind": "end", "config": {"outcome": "came"}}},
    ["start e", "e yes", "e:timeout end"],
    {"re_entry": "after_exit", "exit_events": [{"event_type": "customer.purchase"}]},
)  # fmt: skip
OTHER = ground.graph_of(
    {"u": ground.wait(30)}, ["start u", "u end"],
    {"re_entry": "after_exit", "exit_events": [{"event_type": "customer.purchase"}]},
)  # fmt: skip


def roll_back(made: uuid.UUID, actor: Actor, now: datetime, plan: api.Plan = BACK, **more: Any) -> api.Published:
    """Have the first version count again and take the later ones back."""
    return api.roll_back(journey_id=made, to_version=1, plan=plan, takes_back=True, actor=actor, now=now, **more)


def standing() -> dict[int, dict[str, Any]]:
    """Give how everybody stands, apart from how often they have moved."""
    names = (
        "version__number",
        "node__code",
        "state",
        "entered_at",
        "due_at",
        "timer",
        "expires_at",
        "ended_at",
        "reason",
    )
    return {one.pop("customer_id"): one for one in Execution.objects.values("customer_id", *names)}


def fates(told: api.Published) -> Counter[tuple[str, str]]:
    """Give how many of a node have which fate."""
    return Counter({(one.node_id, one.fate): one.count for one in told.returned})


def is_each_step_once() -> bool:
    """Tell whether nobody has two steps of one visit, nor stands at a visit that is over."""
    steps = list(Step.objects.values_list("execution_id", "visit"))
    at = dict(Execution.objects.exclude(state="COMPLETED").values_list("pk", "visit"))
    return len(set(steps)) == len(steps) and not any((pk, visit) in set(steps) for pk, visit in at.items())


@pytest.mark.parametrize("policy", [Fate.MOVE, Fate.EXIT])
def test_roll_back__nobody_moved_on__everybody_stands_as_before_the_publication(
    now: datetime, actor: Actor, policy: Fate
) -> None:
    made, _ = inside(now, actor)
    before = standing()
    draft(made, TWO, actor, now)
    later = now + timedelta(hours=5)
    publish(made, api.Plan(policy, {"v": "u"}), actor, later)
    assert standing() != before
    seen = standing()
    fate = "back" if policy == Fate.MOVE else "again"
    told = roll_back(made, actor, later + timedelta(hours=1), is_dry_run=True)
    assert fates(told) == Counter({("w", fate): 3, ("v", fate): 2})
    assert (told.people, told.version, standing(), live(made).number) == ((), None, seen, 2)
    told = roll_back(made, actor, later + timedelta(hours=1))
    assert fates(told) == Counter({("w", fate): 3, ("v", fate): 2})
    assert (standing(), told.version) == (before, 1)
    assert is_each_step_once()
    ground.run_through(now, 30)
    assert Counter(one[1:] for one in where().values()) == {("end", "COMPLETED"): 5}
    assert is_each_step_once()


def test_roll_back__somebody_moved_on_or_came_through__stays_under_the_plan(now: datetime, actor: Actor) -> None:
    made, places = inside(now, actor)
    nodes = {"w": ground.wait(2), "u": ground.wait(1), "t": ground.wait(9)}
    draft(made, ground.graph_of(nodes, ["start w", "w u", "u t", "t end"], {"re_entry": "never"}), actor, now)
    publish(made, api.Plan(Fate.MOVE, {"v": "u"}), actor, now)
    ground.run(now + timedelta(days=1))
    told = roll_back(made, actor, now + timedelta(days=1, hours=1), api.Plan(Fate.MOVE, {"t": "v"}))
    assert fates(told) == Counter({("w", "back"): 3, ("v", "moved_on"): 2})
    assert [(one.place.node.id, one.place.count, one.target) for one in told.people] == [("t", 2, "v")]
    assert {where()[one] for one in places["w"]} == {(1, "w", "WAITING")}
    assert {where()[one] for one in places["v"]} == {(1, "v", "WAITING")}
    assert is_each_step_once()


def test_roll_back__moved_on_to_a_node_that_is_gone__is_refused_with_the_count_and_nothing_changes(
    now: datetime, actor: Actor
) -> None:
    made, _ = inside(now, actor)
    draft(made, TWO, actor, now)
    publish(made, api.Plan(Fate.MOVE, {"v": "u"}), actor, now)
    [newcomer] = ground.make_people(1, now, "new")
    ground.let_in(live(made), [newcomer], now - timedelta(days=9))
    ground.run(now)
    seen = standing()
    with pytest.raises(api.PlanInvalid) as refused:
        roll_back(made, actor, now)
    assert "1 people at 'u' have nowhere to go" in str(refused.value)
    assert standing() == seen


def test_roll_back__who_waits_for_an_event_again__goes_on_by_what_happened_meanwhile(
    now: datetime, actor: Actor
) -> None:
    made = make(now, actor, WAITS)
    ada, bob = ground.make_people(2, now)
    ground.let_in(live(made), [ada, bob], now)
    ground.run(now)
    listen(now=now)
    before = standing()
    draft(made, OTHER, actor, now)
    publish(made, api.Plan(Fate.MOVE, {"e": "u"}), actor, now + timedelta(days=1))
    tell("customer.login", ada, now + timedelta(days=2))
    events.store_facts()
    listen(now=now + timedelta(days=2))
    roll_back(made, actor, now + timedelta(days=3))
    assert Execution.objects.get(customer_id=ground.internal_id(ada)).outcome == "came"
    assert standing()[ground.internal_id(bob)] == before[ground.internal_id(bob)]
    tell("customer.login", bob, now + timedelta(days=3, hours=1))
    events.store_facts()
    listen(now=now + timedelta(days=3, hours=1))
    ground.run(now + timedelta(days=3, hours=1))
    assert Execution.objects.get(customer_id=ground.internal_id(bob)).outcome == "came"
    assert is_each_step_once()


def test_roll_back__led_out_and_since_closed_come_anew_or_left_by_an_event__stays_out_and_is_counted(
    now: datetime, actor: Actor
) -> None:
    made = make(now, actor, WAITS)
    people = ground.make_people(4, now)
    ground.let_in(live(made), people, now)
    ground.run(now)
    draft(made, OTHER, actor, now)
    publish(made, api.Plan(Fate.EXIT), actor, now + timedelta(days=1))
    closed, anew, bought, well = people
    Customer.objects.filter(public_id=closed).update(status="CLOSED")
    ground.let_in(live(made), [anew], now + timedelta(days=2))
    tell("customer.purchase", bought, now + timedelta(days=2))
    events.store_facts()
    told = roll_back(made, actor, now + timedelta(days=3), api.Plan())
    assert fates(told) == Counter({("e", "happened"): 3, ("e", "again"): 1})
    inside_again = Execution.objects.filter(state="WAITING", version__number=1)
    assert [one.customer_id for one in inside_again] == [ground.internal_id(well)]
    assert Execution.objects.filter(customer_id=ground.internal_id(anew)).count() == 2


def test_roll_back__timers_stood_still_meanwhile__have_the_time_that_was_left(now: datetime, actor: Actor) -> None:
    made, places = inside(now, actor)
    draft(made, TWO, actor, now)
    publish(made, api.Plan(Fate.MOVE, {"v": "u", "w": "u"}), actor, now)
    api.pause(journey_id=made, is_frozen=True, actor=actor, now=now)
    api.activate(journey_id=made, actor=actor, now=now + timedelta(days=4))
    roll_back(made, actor, now + timedelta(days=4))
    dues = dict(Execution.objects.values_list("customer_id", "due_at"))
    assert {dues[one] for one in places["w"]} == {now + timedelta(days=6)}
    assert {dues[one] for one in places["v"]} == {now + timedelta(days=5)}


def test_roll_back__over_two_publications_and_forth_and_back__comes_back_to_where_it_was(
    now: datetime, actor: Actor
) -> None:
    made, _ = inside(now, actor)
    before = standing()
    draft(made, TWO, actor, now)
    publish(made, api.Plan(Fate.MOVE, {"v": "u"}), actor, now)
    draft(made, ground.graph_of({"x": ground.wait(7)}, ["start x", "x end"], {"re_entry": "never"}), actor, now)
    publish(made, api.Plan(Fate.MOVE, {"w": "x", "u": None}), actor, now)
    assert Counter(one[1:] for one in where().values()) == {("x", "WAITING"): 3, ("u", "EXITED"): 2}
    for _ in range(2):
        roll_back(made, actor, now)
        assert standing() == before
        api.roll_back(
            journey_id=made, to_version=3, plan=api.Plan(Fate.MOVE, {"w": "x", "v": None}), actor=actor, now=now
        )
        assert Counter(one[2] for one in where().values()) == {"WAITING": 3, "EXITED": 2}
    assert is_each_step_once()


def test_planted_fault__who_moved_on_is_brought_back_too__is_found(
    now: datetime, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sql.fetch_one("SELECT pg_get_functiondef(oid) AS text FROM pg_proc WHERE proname = 'journeys_return'")
    assert row is not None
    sql.execute(row["text"].replace("t.visit > l.visit", "t.visit < l.visit AND false"))
    with pytest.raises(AssertionError):
        test_roll_back__somebody_moved_on_or_came_through__stays_under_the_plan(now, actor)


def test_planted_fault__what_happened_meanwhile_is_not_looked_up__is_found(
    now: datetime, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "look", lambda group, ids: {})
    with pytest.raises(AssertionError):
        test_roll_back__who_waits_for_an_event_again__goes_on_by_what_happened_meanwhile(now, actor)


def test_rest__roll_back__tells_who_comes_back_and_takes_back_unless_told_otherwise(
    admin_client: APIClient, now: datetime, actor: Actor
) -> None:
    made, places = inside(now, actor)
    draft(made, TWO, actor, now)
    publish(made, api.Plan(Fate.MOVE, {"v": "u"}), actor, now)
    place = f"/api/loyalty/v1/journeys/{made}/rollback/"
    body: Mapping[str, Any] = {"to_version": 1, "plan": {"policy": "move"}}
    told = admin_client.post(place, {**body, "dry_run": True}, format="json").json()
    assert told["returned"] == [
        {"publication": 2, "version": 1, "node_id": "w", "node_name": "w", "fate": "back", "count": 3},
        {"publication": 2, "version": 1, "node_id": "v", "node_name": "v", "fate": "back", "count": 2},
    ]
    kept = admin_client.post(place, {**body, "takes_back": False, "dry_run": True}, format="json").json()
    assert (kept["returned"], [one["count"] for one in kept["people"]]) == ([], [3, 2])
    assert admin_client.post(place, body, format="json").status_code == 200
    assert {where()[one] for one in places["v"]} == {(1, "v", "WAITING")}
