"""A draft becomes a version; the people inside stay, move or leave, all at once, and nobody loses a timer."""

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.foundation.kernel.actor import Actor
from loyalty.journeys import api
from loyalty.journeys.contracts import Fate
from loyalty.journeys.errors import (
    DraftChanged,
    GraphNotPublishable,
    JourneyInUse,
    JourneyStateWrong,
    PlanInvalid,
)
from loyalty.journeys.models import Execution, Journey, Step, Version
from loyalty.journeys.operations.versions import Loaded, load
from tests.journeys import ground

pytestmark = pytest.mark.django_db

ONE = ground.graph_of({"w": ground.wait(2), "v": ground.wait(1)}, ["start w", "w v", "v end"], {"re_entry": "never"})
# ``w`` is a longer wait now, ``v`` is gone, ``u`` is new.
TWO = ground.graph_of({"w": ground.wait(9), "u": ground.wait(3)}, ["start w", "w u", "u end"], {"re_entry": "never"})


def make(now: datetime, actor: Actor, graph: Mapping[str, Any] = ONE) -> uuid.UUID:
    """Make a journey that runs."""
    made = api.create(name="Welcome", graph=graph, actor=actor, now=now)
    api.publish(journey_id=made, revision=1, comment="first", plan=api.Plan(), actor=actor, now=now)
    api.activate(journey_id=made, actor=actor, now=now)
    return made


def live(journey_id: uuid.UUID) -> Loaded:
    """Give the version that counts."""
    journey = Journey.objects.get(public_id=journey_id)
    assert journey.live_id is not None
    return load(journey.live_id, journey.public_id)


def draft(journey_id: uuid.UUID, graph: Mapping[str, Any], actor: Actor, now: datetime) -> int:
    """Save a draft; give its revision."""
    revision = Journey.objects.get(public_id=journey_id).revision
    return api.save_draft(journey_id=journey_id, graph=graph, revision=revision, actor=actor, now=now).revision


def inside(now: datetime, actor: Actor) -> tuple[uuid.UUID, dict[str, list[int]]]:
    """Make a journey with three people at ``w`` and two at ``v``."""
    made = make(now, actor)
    people = ground.make_people(5, now)
    ground.let_in(live(made), people[3:], now - timedelta(days=2))
    ground.run(now)
    ground.let_in(live(made), people[:3], now)
    ids = [ground.internal_id(one) for one in people]
    return made, {"w": ids[:3], "v": ids[3:]}


def publish(made: uuid.UUID, plan: api.Plan, actor: Actor, now: datetime, **more: Any) -> api.Published:
    """Publish the draft as it is."""
    revision = Journey.objects.get(public_id=made).revision
    return api.publish(journey_id=made, revision=revision, comment="", plan=plan, actor=actor, now=now, **more)


def where() -> dict[int, tuple[int, str, str]]:
    """Give version, node and state of everybody."""
    rows = Execution.objects.values_list("customer_id", "version__number", "node__code", "state")
    return {customer: (version, node, state) for customer, version, node, state in rows}


def test_draft__saved_over_another_revision__is_refused_with_the_one_that_counts(now: datetime, actor: Actor) -> None:
    made = api.create(name="Welcome", actor=actor, now=now)
    assert draft(made, ONE, actor, now) == 2
    with pytest.raises(DraftChanged) as refused:
        api.save_draft(journey_id=made, graph=TWO, revision=1, actor=actor, now=now)
    assert refused.value.facts["revision"] == 2
    assert {one["id"] for one in refused.value.facts["graph"]["nodes"]} == {"start", "w", "v", "end"}


def test_publish__graph_with_errors__is_refused_and_names_node_and_repair(now: datetime, actor: Actor) -> None:
    graph = ground.graph_of({"w": ground.wait(), "x": ground.wait()}, ["start w", "w end"], {"re_entry": "never"})
    made = api.create(name="Welcome", graph=graph, actor=actor, now=now)
    with pytest.raises(GraphNotPublishable) as refused:
        publish(made, api.Plan(), actor, now)
    assert any(one.field.startswith("x") for one in refused.value.problems)
    assert not Version.objects.exists()


def test_publish__dry_run__tells_counts_and_changes_nothing(now: datetime, actor: Actor) -> None:
    made, _ = inside(now, actor)
    draft(made, TWO, actor, now)
    before = where()
    told = publish(made, api.Plan(Fate.MOVE, {"v": "u"}), actor, now, is_dry_run=True)
    assert [(one.place.node.id, one.place.count, one.fate, one.target) for one in told.people] == [
        ("w", 3, "move", "w"), ("v", 2, "move", "u"),
    ]  # fmt: skip
    assert (where(), Version.objects.count(), told.version) == (before, 1, None)


def test_publish__stay__people_end_on_their_version_and_new_ones_enter_the_new(now: datetime, actor: Actor) -> None:
    made, places = inside(now, actor)
    draft(made, TWO, actor, now)
    publish(made, api.Plan(), actor, now)
    [newcomer] = ground.make_people(1, now, "new")
    ground.let_in(live(made), [newcomer], now)
    ground.run_through(now, 30)
    told = where()
    assert {told[one] for one in (*places["w"], *places["v"])} == {(1, "end", "COMPLETED")}
    assert told[ground.internal_id(newcomer)] == (2, "end", "COMPLETED")
    api.tidy(now=now)
    assert dict(Version.objects.values_list("number", "is_open")) == {1: False, 2: True}


def test_publish__move__timers_of_the_same_wait_run_on_and_others_begin(now: datetime, actor: Actor) -> None:
    made, places = inside(now, actor)
    draft(made, TWO, actor, now)
    publish(made, api.Plan(Fate.MOVE, {"v": "u"}), actor, now)
    dues = dict(Execution.objects.values_list("customer_id", "due_at"))
    assert {dues[one] for one in places["w"]} == {now + timedelta(days=2)}
    assert {dues[one] for one in places["v"]} == {now + timedelta(days=1)}
    assert {where()[one] for one in places["v"]} == {(2, "u", "WAITING")}
    ground.run_through(now, 30)
    assert set(where().values()) == {(2, "end", "COMPLETED")}
    assert Step.objects.values("execution_id", "visit").distinct().count() == Step.objects.count()
    path = ground.path_of(Execution.objects.get(customer_id=places["v"][0]))
    assert path == ["start:next", "w:next", "v:moved", "u:next", "end:"]


def test_publish__move_without_a_place__is_refused_as_a_whole(now: datetime, actor: Actor) -> None:
    made, _ = inside(now, actor)
    draft(made, TWO, actor, now)
    before = where()
    with pytest.raises(PlanInvalid) as refused:
        publish(made, api.Plan(Fate.MOVE), actor, now)
    assert [one.field for one in refused.value.problems] == ["v.plan.node_map"]
    assert (where(), Version.objects.count()) == (before, 1)


def test_publish__exit_and_a_map_to_nowhere__people_leave(now: datetime, actor: Actor) -> None:
    made, places = inside(now, actor)
    draft(made, TWO, actor, now)
    publish(made, api.Plan(Fate.MOVE, {"v": None}), actor, now)
    assert {where()[one][2] for one in places["v"]} == {"EXITED"}
    publish(made, api.Plan(Fate.EXIT), actor, now)
    assert {where()[one][2] for one in places["w"]} == {"EXITED"}
    assert ground.run(now + timedelta(days=30)) == 0


def test_roll_back__people_move_back__and_the_old_version_counts(now: datetime, actor: Actor) -> None:
    made, places = inside(now, actor)
    draft(made, TWO, actor, now)
    publish(made, api.Plan(Fate.MOVE, {"v": "u"}), actor, now)
    told = api.roll_back(journey_id=made, to_version=1, plan=api.Plan(Fate.MOVE, {"u": "v"}), actor=actor, now=now)
    assert told.version == 1
    assert Counter(where().values()) == {(1, "w", "WAITING"): 3, (1, "v", "WAITING"): 2}
    assert live(made).number == 1
    assert {where()[one][1] for one in places["v"]} == {"v"}


def test_life__pause_freezes_timers__activation_moves_them(now: datetime, actor: Actor) -> None:
    made, places = inside(now, actor)
    api.pause(journey_id=made, is_frozen=True, actor=actor, now=now)
    assert ground.run(now + timedelta(days=5)) == 0
    api.activate(journey_id=made, actor=actor, now=now + timedelta(days=5))
    assert ground.run(now + timedelta(days=5)) == 0
    dues = dict(Execution.objects.values_list("customer_id", "due_at"))
    assert {dues[one] for one in places["w"]} == {now + timedelta(days=7)}


def test_life__pause_and_timers_run__what_is_over_happens_at_the_activation(now: datetime, actor: Actor) -> None:
    made, places = inside(now, actor)
    api.pause(journey_id=made, is_frozen=False, actor=actor, now=now)
    api.activate(journey_id=made, actor=actor, now=now + timedelta(days=5))
    ground.run(now + timedelta(days=5))
    assert {where()[one][1:] for one in places["w"]} == {("v", "WAITING")}
    assert {where()[one][1:] for one in places["v"]} == {("end", "COMPLETED")}


def test_life__archive__everybody_leaves_and_nobody_comes(now: datetime, actor: Actor) -> None:
    made, _ = inside(now, actor)
    assert api.archive(journey_id=made, actor=actor, now=now) == 5
    assert Counter(Execution.objects.values_list("state", flat=True)) == {"EXITED": 5}
    with pytest.raises(JourneyStateWrong):
        api.activate(journey_id=made, actor=actor, now=now)
    with pytest.raises(JourneyInUse):
        api.delete(journey_id=made, actor=actor, now=now)
