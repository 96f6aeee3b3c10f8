"""One person's way, with the clock moved by hand: the examples of the product's guide, and every kind of step."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.journeys.contracts import ExecutionState
from loyalty.journeys.policy.graph import parse
from loyalty.journeys.policy.interpreter import Acted, Happening, Walk
from tests.journeys.policy.graphs import SCHEMA, edges, node, start, welcome
from tests.journeys.policy.graphs import world as make_world
from tests.journeys.policy.people import Told

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def walk(document: dict[str, Any], person: Told, context: dict[str, Any] | None = None) -> Walk:
    """Let a person in."""
    made = Walk(parse(document), make_world().scope, person)
    made.begin(at=NOON, context=context or {}, entry_id="entry")
    return made


def graph(*nodes: dict[str, Any], ways: tuple[str, ...], **settings: Any) -> dict[str, Any]:
    """Make a graph with a start and an end."""
    return {
        "nodes": [start(), *nodes, node("end", "end", outcome="done")],
        "edges": edges(*ways),
        "settings": {"re_entry": "never", **settings},
    }


def way(of: Walk) -> list[str]:
    """Give the nodes with the branches they were left by."""
    return [f"{one.node_id}:{one.branch}" for one in of.path]


@pytest.mark.parametrize(
    ("known", "expected", "outcome"),
    [
        ({"is_engaged": True}, ["engaged:yes", "points:success", "done:"], "welcomed"),
        ({"is_engaged": False}, ["engaged:no", "reminder:success", "quiet:"], "reminded"),
        ({}, ["engaged:unknown", "reminder:success", "quiet:"], "reminded"),
    ],
)
def test_walk__welcome__goes_by_engagement_after_a_day(
    known: dict[str, Any], expected: list[str], outcome: str
) -> None:
    person = Told(known)
    one = walk(welcome(), person)
    one.run([], until=NOON + DAY - HOUR)
    assert way(one) == ["start:next", "mail:success", "day:"]
    assert (one.state, one.due_at) == (ExecutionState.WAITING, NOON + DAY)
    one.run([], until=NOON + 2 * DAY)
    assert way(one)[3:] == expected
    assert (one.state, one.outcome, one.ended_at) == (ExecutionState.COMPLETED, outcome, NOON + DAY)
    assert (one.goal_at is not None) == (outcome == "welcomed")
    assert [(name, visit) for name, visit, _ in person.done][0] == ("mail", 2)


def test_walk__condition__says_why() -> None:
    rule = {"and": [{">": [{"var": "churn_probability"}, 0.5]}, {"==": [{"var": "city"}, "Oslo"]}]}
    document = graph(
        node("risk", "condition", rule=rule), node("a", "end"), ways=("start risk", "risk.yes end", "risk.no a")
    )
    high = walk(document, Told({"churn_probability": 0.9, "city": "Oslo"}))
    high.advance(NOON)
    assert high.path[1].branch == "yes" and any("0.9" in one for one in high.path[1].reasons)
    half = walk(document, Told({"city": "Oslo"}))
    half.advance(NOON)
    assert (half.path[1].branch, half.path[1].reasons) == ("unknown", ("churn_probability is not known",))
    no = walk(document, Told({"city": "Rome"}))
    no.advance(NOON)
    assert no.path[1].branch == "no"


def test_walk__action__fails_is_tried_again_and_takes_its_branch() -> None:
    acts = [Acted("failure", {}, ("the server is down",), may_pass=True)] * 2 + [Acted("success")]
    person = Told(acts=lambda *_: acts.pop(0))
    document = graph(
        node("a", "action", retries_max=2, retry_after_minutes=10), ways=("start a", "a.success end", "a.failure end")
    )
    one = walk(document, person)
    one.run([], until=NOON + HOUR)
    assert [at for *_, at in person.done] == [NOON, NOON + timedelta(minutes=10), NOON + timedelta(minutes=20)]
    assert way(one) == ["start:next", "a:success", "end:"]
    assert one.context["action_result_a"] == {"branch": "success"}


def test_walk__action__always_failing_without_a_failure_edge__fails_with_the_reason() -> None:
    person = Told(acts=lambda *_: Acted("failure", {}, ("no such campaign",)))
    one = walk(graph(node("a", "action"), ways=("start a", "a.success end")), person)
    one.advance(NOON)
    assert (one.state, one.reason, way(one)) == (
        ExecutionState.FAILED, "no such campaign", ["start:next", "a:failure"]
    )  # fmt: skip
    skipped = walk(graph(node("a", "action"), ways=("start a", "a.success end")), Told(acts=lambda *_: Acted("skip")))
    skipped.advance(NOON)
    assert way(skipped) == ["start:next", "a:skip", "end:"]


CART = node(
    "topup", "wait", mode="event", event_type="customer.topup",
    correlation=[{"event_path": "cart_id", "context_path": "event.cart_id"}], timeout={"amount": 2, "unit": "hours"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("events", "branch"),
    [
        ([(1, "customer.topup", {"cart_id": "c1"})], "next"),
        ([(1, "customer.topup", {"cart_id": "other"})], "timeout"),
        ([(1, "customer.login", {"cart_id": "c1"})], "timeout"),
        ([(3, "customer.topup", {"cart_id": "c1"})], "timeout"),
        ([(2, "customer.topup", {"cart_id": "c1"})], "next"),
    ],
)
def test_walk__abandoned_topup__wakes_by_the_event_of_the_same_cart(events: list[Any], branch: str) -> None:
    document = graph(
        CART, node("mail", "action"), ways=("start topup", "topup.next end", "topup.timeout mail", "mail.success end")
    )
    one = walk(document, Told(), {"event": {"cart_id": "c1"}})
    told = [Happening(NOON + at * HOUR, kind, data, f"e{at}") for at, kind, data in events]
    one.run(told, until=NOON + 5 * HOUR)
    assert one.path[1].branch == branch
    assert one.state is ExecutionState.COMPLETED


def test_walk__look_back__an_event_before_counts_and_the_entry_does_not() -> None:
    wait = node(
        "w", "wait", mode="event", event_type="customer.purchase", look_back={"amount": 1, "unit": "days"},
        timeout={"amount": 1, "unit": "hours"},
    )  # fmt: skip
    document = graph(wait, ways=("start w", "w.next end", "w.timeout end"))
    entry = Happening(NOON, "customer.purchase", {}, "entry")
    before = Happening(NOON - HOUR, "customer.purchase", {}, "e0")
    alone, earlier = walk(document, Told(past=[entry])), walk(document, Told(past=[before, entry]))
    for one in (alone, earlier):
        one.run([], until=NOON + 2 * HOUR)
    assert (alone.path[1].branch, earlier.path[1].branch) == ("timeout", "next")


def test_walk__exit_and_goal__anywhere() -> None:
    document = graph(
        node("day", "wait", mode="duration", amount=1, unit="days"), ways=("start day", "day end"),
        exit_events=[{"event_type": "customer.plan_changed"}],
        goal={"event_type": "customer.purchase", "filter": {">": [{"var": "amount"}, 10]}},
    )  # fmt: skip
    gone = walk(document, Told())
    gone.run([Happening(NOON + HOUR, "customer.plan_changed")], until=NOON + 3 * DAY)
    assert (gone.state, gone.reason, way(gone)[-1]) == (
        ExecutionState.EXITED,
        "event customer.plan_changed",
        "day:exit",
    )
    bought = walk(document, Told())
    bought.run([Happening(NOON + HOUR, "customer.purchase", {"amount": 50})], until=NOON + 3 * DAY)
    assert (bought.state, bought.goal_at) == (ExecutionState.COMPLETED, NOON + HOUR)
    document["settings"]["goal_exits"] = True
    led_out = walk(document, Told())
    small = Happening(NOON + HOUR, "customer.purchase", {"amount": 5})
    led_out.run([small, Happening(NOON + 2 * HOUR, "customer.purchase", {"amount": 50})], until=NOON + 3 * DAY)
    assert (led_out.state, led_out.ended_at) == (ExecutionState.EXITED, NOON + 2 * HOUR)


def test_walk__exit_rule__is_asked_at_each_step() -> None:
    person = Told({"city": "Oslo"})
    document = graph(
        node("day", "wait", mode="duration", amount=1, unit="days"), node("a", "action"),
        ways=("start day", "day a", "a.success end"), exit_rule={"==": [{"var": "city"}, "Rome"]},
    )  # fmt: skip
    one = walk(document, person)
    one.run([], until=NOON + HOUR)
    person.known["city"] = "Rome"
    one.run([], until=NOON + 2 * DAY)
    assert (one.state, one.reason, person.done) == (ExecutionState.EXITED, "exit rule", [])


def test_walk__longest_time__expires_and_a_circle_is_bounded() -> None:
    ways = ("start day", "day c", "c.yes end", "c.no day")
    circle = (
        node("day", "wait", mode="duration", amount=1, unit="days"),
        node("c", "condition", rule={"==": [{"var": "city"}, "Rome"]}),
    )
    bounded = walk(graph(*circle, ways=ways, max_duration_days=5), Told({"city": "Oslo"}))
    bounded.run([], until=NOON + 10 * DAY)
    assert (bounded.state, bounded.ended_at) == (ExecutionState.EXPIRED, NOON + 5 * DAY)
    endless = walk(graph(*circle, ways=ways), Told({"city": "Oslo"}))
    endless.run([], until=NOON + 1_000 * DAY)
    assert (endless.state, endless.reason) == (ExecutionState.FAILED, "came to one node too often")
    assert way(endless).count("day:next") == 101


def test_walk__waits_until__day_attribute_and_local_time() -> None:
    def left(**config: Any) -> datetime | None:
        known = {"birthday": "2026-11-25"} if config.get("attribute") != "last_purchase_at" else {}
        document = graph(node("w", "wait", **config), ways=("start w", "w.next end", "w.timeout end"))
        one = walk(document, Told(known, time_zone="Asia/Beirut"))
        one.run([], until=NOON + 40 * DAY)
        return one.path[1].left_at

    assert left(mode="until", date="2026-11-22", time_zone="customer") == datetime(2026, 11, 21, 22, tzinfo=UTC)
    assert left(mode="until", date="2026-11-01") == NOON
    assert left(mode="until", attribute="birthday", offset_days=-2) == datetime(2026, 11, 23, tzinfo=UTC)
    assert left(mode="until", attribute="last_purchase_at") == NOON
    # The 20th of November 2026 is a Friday.
    assert left(mode="local_time", time="09:00", weekdays=[1]) == datetime(2026, 11, 23, 7, tzinfo=UTC)
    assert left(mode="local_time", time="09:00", time_zone="UTC") == datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_walk__split__is_sticky_and_in_proportion() -> None:
    branches = [{"code": "a", "weight": 3}, {"code": "b", "weight": 1}]
    document = graph(
        node("s", "split", branches=branches, salt="x"), node("other", "end"), ways=("start s", "s.a end", "s.b other")
    )
    drawn = []
    for number in range(400):
        pair = []
        for _ in range(2):
            one = walk(document, Told(customer_id=f"01900000-0000-7000-8000-{number:012x}"))
            one.advance(NOON)
            pair.append(one.path[1].branch)
        assert pair[0] == pair[1]
        drawn += pair[:1]
    assert 260 <= drawn.count("a") <= 340


def test_schema__of_the_scene__is_the_one_that_conditions_read() -> None:
    assert make_world().scope.schema is SCHEMA
