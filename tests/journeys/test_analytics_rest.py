"""What came of a journey, counted from the engine's own rows."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.foundation.events import api as events
from loyalty.foundation.rules import api as rules
from tests.conftest import ClientWith
from tests.journeys.ground import graph_of, let_in, make_journey, make_people, run, run_through, wait
from tests.journeys.test_listening import tell

pytestmark = pytest.mark.django_db
SPLIT = {
    "kind": "split",
    "config": {"mode": "random", "branches": [{"code": "a", "weight": 1}, {"code": "b", "weight": 1}], "salt": "s"},
}


def analytics(client_with: ClientWith, journey: object, **query: Any) -> Any:
    """Ask for the figures."""
    told = client_with("journeys.view").get(f"/api/loyalty/v1/journeys/{journey}/analytics/", query)
    assert told.status_code == 200, told.json()
    return told.json()


def test_analytics__people_on_their_way__are_counted_where_they_are(client_with: ClientWith, now: datetime) -> None:
    graph = graph_of({"s": SPLIT, "w": wait(2)}, ["start s", "s:a w", "s:b end", "w end"])
    loaded = make_journey(now, graph)
    people = make_people(20, now)
    let_in(loaded, people, now)
    run(now)
    drawn = [rules.bucket_of("s", str(one), 2) for one in people].count(0)
    told = analytics(client_with, loaded.journey_id)
    nodes = {one["node_id"]: one for one in told["nodes"]}
    assert (told["entered"], told["held_out"]) == (20, 0)
    assert nodes["s"]["left"] == {"a": drawn, "b": 20 - drawn}
    assert (nodes["w"]["entered"], nodes["w"]["here_now"]) == (drawn, drawn)
    assert told["by_state"]["WAITING"] == drawn and told["by_state"]["COMPLETED"] == 20 - drawn
    run_through(now, 3)
    told = analytics(client_with, loaded.journey_id)
    nodes = {one["node_id"]: one for one in told["nodes"]}
    assert (nodes["w"]["here_now"], nodes["w"]["median_seconds"]) == (0, 2 * 86_400.0)
    assert nodes["end"]["entered"] == 20
    assert [(one["node_id"], one["depth"]) for one in told["funnel"]] == [("start", 0), ("s", 1), ("w", 2), ("end", 2)]
    assert told["funnel"][2]["share"] == drawn / 20
    assert told["goal"] is None


def test_analytics__goal__is_measured_alike_for_those_held_out(client_with: ClientWith, now: datetime) -> None:
    settings = {
        "holdout_percent": 50, "max_duration_days": 10,
        "goal": {"event_type": "customer.purchase", "filter": {">": [{"var": "amount"}, 10]}},
    }  # fmt: skip
    loaded = make_journey(now, graph_of({"w": wait(1)}, ["start w", "w end"], settings=settings))
    people = make_people(40, now)
    let_in(loaded, people, now)
    salt = f"holdout:{loaded.journey_id}"
    held = [one for one in people if rules.bucket_of(salt, str(one), 10_000) < 5_000]
    led = [one for one in people if one not in held]
    for customer in (*led[:6], *held[:2]):
        tell("customer.purchase", customer, now + timedelta(days=2), amount=50)
    tell("customer.purchase", led[6], now + timedelta(days=2), amount=5)
    tell("customer.purchase", led[7], now + timedelta(days=11), amount=50)
    events.store_facts()
    goal = analytics(client_with, loaded.journey_id)["goal"]
    assert (goal["reached"], goal["holdout_reached"], goal["window_days"]) == (6, 2, 10)
    assert goal["rate"] == pytest.approx(6 / len(led))
    assert goal["uplift"] == pytest.approx(6 / len(led) - 2 / len(held))
    assert goal["interval"][0] < goal["uplift"] < goal["interval"][1]


def test_analytics__time_and_version__narrow_who_is_counted(client_with: ClientWith, now: datetime) -> None:
    loaded = make_journey(now, graph_of({"w": wait(1)}, ["start w", "w end"]))
    first, second = make_people(2, now)
    let_in(loaded, [first], now)
    let_in(loaded, [second], now + timedelta(days=1))
    later = (now + timedelta(hours=1)).isoformat()
    assert analytics(client_with, loaded.journey_id, **{"from": later})["entered"] == 1
    assert analytics(client_with, loaded.journey_id, to=later, version=1)["entered"] == 1
    client = client_with("journeys.view")
    told = client.get(f"/api/loyalty/v1/journeys/{loaded.journey_id}/analytics/", {"version": 7})
    assert (told.status_code, told.json()["code"]) == (404, "journeys.version_not_found")
