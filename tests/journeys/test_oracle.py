"""Random graphs, events and clocks: the engine in sets leads everybody just as the interpreter leads each alone."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.customers.models import Customer
from loyalty.foundation.rules import api as rules
from loyalty.journeys.contracts import FAILURE, ActionCall, ActionOutcome, ActionRow, FieldSpec, Node
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.models import Execution, Step
from loyalty.journeys.operations.advancing import advance
from loyalty.journeys.operations.listening import listen
from loyalty.journeys.operations.sweeping import sweep
from loyalty.journeys.policy.graph import parse
from loyalty.journeys.policy.interpreter import Acted, Happening, Walk
from loyalty.journeys.queries import world
from tests.journeys import ground
from tests.journeys.test_listening import tell

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ZONES = ("UTC", "Asia/Beirut", "America/New_York")
KINDS = ("test.a", "test.b")
NODES_MAX = 6
GRAVE = {"event_type": "test.b", "filter": {">": [{"var": "x"}, 8]}}
GOALS = ({"event_type": "test.a", "filter": None}, {"rule": {">": [{"var": "context.n"}, 3]}})


class Told:
    """An action that comes to what its config says."""

    kind = "told"
    title = description = icon = group = unavailable_reason = ""
    fields: Sequence[FieldSpec] = ()

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Any]:
        """Nothing is wrong with it."""
        return []

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> protocol.Effect:
        """Tell nothing."""
        return protocol.Effect("", FAILURE, {})

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Come to what was told."""
        branch, may_pass = call.config["comes_to"], call.config["may_pass"]
        return [ActionOutcome(branch, {"seen": row.visit}, ("told",), may_pass) for row in rows]


@pytest.fixture(autouse=True)
def told_action() -> Iterator[None]:
    """The action of these tests."""
    protocol.register(Told())
    yield
    protocol.forget("told")


class One:
    """A person for the interpreter."""

    journey_id = ""

    def __init__(self, customer: uuid.UUID, zone: str) -> None:
        self.customer_id, self.time_zone = str(customer), zone
        self.events: list[Happening] = []

    def arm(self, kept_as: str) -> str | None:
        """Nothing was drawn before."""
        return None

    def features(self, names: frozenset[str], at: datetime) -> Mapping[str, Any]:
        """Nothing is known."""
        return dict.fromkeys(names)

    def history(self, at: datetime) -> rules.History | None:
        """Nobody answers."""
        return None

    def act(self, node: Node, context: Mapping[str, Any], visit: int, at: datetime) -> Acted:
        """Come to what the config says."""
        return Acted(node.config["comes_to"], {"seen": visit}, ("told",), node.config["may_pass"])

    def happened(self, event_type: str, since: datetime, until: datetime) -> Sequence[Happening]:
        """Give what happened so far."""
        return [one for one in self.events if one.event_type == event_type and since <= one.at <= until]


span = st.fixed_dictionaries({"amount": st.integers(1, 3), "unit": st.sampled_from(["hours", "days"])})
maybe_span = st.one_of(st.none(), span)
event_filter = st.sampled_from([None, {">": [{"var": "x"}, 5]}])
correlation = st.sampled_from([[], [{"event_path": "k", "context_path": "context.k"}]])
ruled = st.sampled_from(
    [
        {">": [{"var": "context.n"}, 5]},
        {"==": [{"var": "context.k"}, "one"]},
        {"or": [{">": [{"var": "context.n"}, 7]}, {"==": [{"var": "context.k"}, "two"]}]},
        {"missing": ["context.n"]},
        {"==": [{"var": "context.action_result_n0.branch"}, "success"]},
    ]
)
configs = {
    "duration": st.tuples(st.just("wait"), span.map(lambda one: {"mode": "duration", **one})),
    "event": st.tuples(
        st.just("wait"),
        st.fixed_dictionaries(
            {
                "mode": st.just("event"), "event_type": st.sampled_from(KINDS), "filter": event_filter,
                "correlation": correlation, "timeout": maybe_span, "look_back": maybe_span,
            }
        ),
    ),
    "local": st.tuples(
        st.just("wait"),
        st.fixed_dictionaries(
            {
                "mode": st.just("local_time"), "time": st.sampled_from(["09:00", "00:30", "23:15"]),
                "weekdays": st.sampled_from([[], [1], [5, 6]]),
                "time_zone": st.sampled_from(["customer", "Asia/Tokyo"]),
            }
        ),
    ),
    "until": st.tuples(
        st.just("wait"),
        st.fixed_dictionaries(
            {
                "mode": st.just("until"), "attribute": st.just("context.day"), "offset_days": st.integers(-1, 2),
                "timeout": maybe_span,
            }
        ),
    ),
    "condition": st.tuples(
        st.just("condition"), st.fixed_dictionaries({"rule": ruled, "unknown": st.sampled_from(["yes", "no"])})
    ),
    "split": st.tuples(
        st.just("split"),
        st.fixed_dictionaries(
            {
                "mode": st.sampled_from(["random", "sticky", "experiment"]), "salt": st.sampled_from(["s", "t", ""]),
                "branches": st.tuples(st.integers(1, 4), st.integers(0, 4)).map(
                    lambda one: [{"code": "a", "weight": one[0]}, {"code": "b", "weight": one[1]}]
                ),
            }
        ),
    ),
    "action": st.tuples(
        st.just("action"),
        st.fixed_dictionaries(
            {
                "action_type": st.just("told"), "comes_to": st.sampled_from(["success", "failure", "skip"]),
                "may_pass": st.booleans(), "retries_max": st.integers(0, 2), "retry_after_minutes": st.just(90),
            }
        ),
    ),
}  # fmt: skip


def branches_of(kind: str, config: Mapping[str, Any]) -> list[str]:
    """Give the branches that a node may have."""
    if kind == "wait":
        return ["next", "timeout"] if config.get("timeout") else ["next"]
    return {"condition": ["yes", "no", "unknown"], "split": ["a", "b"], "action": ["success", "failure", "skip"]}[kind]


@st.composite
def graphs(draw: st.DrawFn, *more: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Draw a graph, ``more`` kinds of nodes among it: ways lead forwards, but out of a wait for days also back."""
    drawn = [draw(st.one_of(*configs.values(), *more)) for _ in range(draw(st.integers(1, NODES_MAX)))]
    ways = ["start n0"]
    for number, (kind, config) in enumerate(drawn):
        ahead = [f"n{later}" for later in range(number + 1, len(drawn))] + ["end", "lost"]
        back = [f"n{earlier}" for earlier in range(number)] if config.get("unit") == "days" else []
        for branch in branches_of(kind, config):
            is_needed = branch not in ("failure", "skip", "unknown")
            target = draw(st.sampled_from([*ahead, *back, *([] if is_needed else [""])]))
            if target:
                ways.append(f"n{number}:{branch} {target}")
    nodes = {f"n{number}": {"kind": kind, "config": config} for number, (kind, config) in enumerate(drawn)}
    nodes["lost"] = {"kind": "end", "config": {"outcome": "lost", "is_goal": draw(st.booleans())}}
    chosen = {
        "exit_rule": draw(st.sampled_from([None, None, {"==": [{"var": "context.n"}, 9]}])),
        "exit_events": draw(st.sampled_from([[], [], [GRAVE]])),
        "goal": draw(st.sampled_from([None, *GOALS])),
        "max_duration_days": draw(st.sampled_from([None, None, 4])),
    }  # fmt: skip
    chosen["goal_exits"] = chosen["goal"] is not None and draw(st.booleans())
    return ground.graph_of(nodes, ways, chosen)


contexts = st.fixed_dictionaries(
    {},
    optional={
        "n": st.integers(0, 10), "k": st.sampled_from(["one", "two"]),
        "day": st.sampled_from(["2026-11-21", "2026-11-22T08:00:00Z", "soon"]),
    },
)  # fmt: skip
events = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(1, 9 * 24 * 60), st.sampled_from(KINDS),
        st.fixed_dictionaries({"x": st.integers(0, 10), "k": st.sampled_from(["one", "two"])}),
    ),
    max_size=8, unique_by=lambda one: one[1],
)  # fmt: skip


def turn(at: datetime) -> None:
    """Have the engine do everything for which the time has come."""
    sweep(now=at)
    listen(now=at)
    advance(now=at)


def run_engine(happenings: Sequence[tuple[datetime, uuid.UUID, Happening]], until: datetime) -> None:
    """Move the clock from one instant of interest to the next; an event at the instant of a timer comes first."""
    ahead = sorted(happenings, key=lambda one: one[0])
    while True:
        rows = Execution.objects.filter(ended_at__isnull=True)
        timers = [at for pair in rows.values_list("due_at", "expires_at") for at in pair if at is not None]
        at = min([*timers, *(one[0] for one in ahead[:1])], default=until)
        if at > until:
            break
        if ahead and ahead[0][0] == at:
            _, customer, event = ahead.pop(0)
            tell(event.event_type, customer, at, **event.data)
            listen(now=at)
            advance(now=at)
        else:
            turn(at)
        if not timers and not ahead:
            break


def told_by(walk: Walk) -> tuple[Any, ...]:
    """Give what the interpreter says of a person."""
    path = [(one.node_id, one.branch, one.entered_at, one.left_at) for one in walk.path]
    return walk.state.value, walk.node_id, walk.outcome, walk.goal_at, walk.ended_at, path


def told_of(execution: Execution) -> tuple[Any, ...]:
    """Give what the engine says of a person."""
    rows = Step.objects.filter(execution_id=execution.pk).order_by("visit")
    path: list[Any] = list(rows.values_list("node__code", "branch", "entered_at", "left_at"))
    code = execution.node.code
    if execution.ended_at is None:
        path.append((code, "", execution.entered_at, None))
    return execution.state, code, execution.outcome, execution.goal_at, execution.ended_at, path


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(graph=graphs(), brought=st.tuples(contexts, contexts, contexts), drawn=events)
def test_engine__any_graph_events_and_clock__each_as_the_interpreter_leads(
    graph: dict[str, Any], brought: Sequence[dict[str, Any]], drawn: Sequence[Any]
) -> None:
    with transaction.atomic():
        listen(now=BEGIN)
        loaded = ground.make_journey(BEGIN, graph)
        customers = ground.make_people(3, BEGIN)
        until = BEGIN + timedelta(days=9)
        people = [One(customer, zone) for customer, zone in zip(customers, ZONES, strict=True)]
        for one in people:
            Customer.objects.filter(public_id=one.customer_id).update(time_zone=one.time_zone)
        happenings = []
        for number, minutes, kind, data in drawn:
            event = Happening(BEGIN + timedelta(minutes=minutes), kind, data)
            happenings.append((event.at, customers[number], event))
            people[number].events.append(event)
        walks = []
        for one, customer, context in zip(people, customers, brought, strict=True):
            ground.let_in(loaded, [customer], BEGIN, context=context)
            walk = Walk(parse(graph), world.scope(), one)
            walk.begin(at=BEGIN, context=context)
            walk.advance(BEGIN)
            walk.run(one.events, until=until)
            walks.append(walk)
        run_engine(happenings, until)
        for customer, walk in zip(customers, walks, strict=True):
            execution = Execution.objects.get(customer_id=ground.internal_id(customer))
            assert told_of(execution) == told_by(walk)
        transaction.set_rollback(True)
