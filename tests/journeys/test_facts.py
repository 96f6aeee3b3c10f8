"""What journeys tell others: who came in and who is through, once each and about the customer."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.journeys import api
from loyalty.journeys.events import JourneyCompleted, JourneyStarted
from loyalty.journeys.models import Execution
from loyalty.journeys.operations.listening import listen
from tests.journeys import ground

pytestmark = pytest.mark.django_db
STARTED, COMPLETED = JourneyStarted.type, JourneyCompleted.type


def told(kind: str) -> list[dict[str, Any]]:
    """Give the data of the facts of a kind, by customer."""
    rows = sql.fetch_all(
        "SELECT key, subject_kind, data::text AS data FROM events_store WHERE type = %s ORDER BY key", [kind]
    )
    read = [(row["subject_kind"], row["key"], json.loads(row["data"])) for row in rows]
    assert all(subject == "customer" and key == data["customer_id"] for subject, key, data in read)
    return [data for _, _, data in read]


def test_walk__through__one_fact_at_the_start_and_one_at_the_end(now: datetime) -> None:
    ended = {"kind": "end", "config": {"outcome": "won", "is_goal": True}}
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait(), "end": ended}, ["start w", "w end"]))
    people = ground.make_people(3, now)
    ground.let_in(loaded, people, now)
    assert [one["customer_id"] for one in told(STARTED)] == sorted(str(one) for one in people)
    assert told(COMPLETED) == []
    ground.run(now + timedelta(days=1))
    rows = told(COMPLETED)
    assert {(one["outcome"], one["is_goal"], one["journey_version"]) for one in rows} == {("won", True, 1)}
    assert {one["execution_id"] for one in rows} == {str(pk) for pk in Execution.objects.values_list("pk", flat=True)}
    for kind, fact in ((STARTED, JourneyStarted), (COMPLETED, JourneyCompleted)):
        assert fact(**told(kind)[0]).journey_id == str(loaded.journey_id)


def test_held_out_and_led_out__nothing_is_told_of_them(now: datetime) -> None:
    graph = ground.graph_of({"w": ground.wait()}, ["start w", "w end"], {"holdout_percent": 50})
    loaded = ground.make_journey(now, graph)
    came = ground.let_in(loaded, ground.make_people(40, now), now)
    assert 0 < came.held_out < 40
    assert len(told(STARTED)) == came.entered
    first = Execution.objects.filter(is_held_out=False).first()
    assert first is not None
    sql.fetch_one("SELECT journeys_end(%s::uuid[], 'EXITED', 'exit', 'by hand', %s) AS gone", [[first.pk], now])
    ground.run(now + timedelta(days=1))
    assert len(told(COMPLETED)) == came.entered - 1


def test_start__leads_straight_to_an_end__both_are_told(now: datetime) -> None:
    loaded = ground.make_journey(now, ground.graph_of({}, ["start end"]))
    ground.let_in(loaded, ground.make_people(2, now), now)
    assert (len(told(STARTED)), [one["outcome"] for one in told(COMPLETED)]) == (2, ["done", "done"])


def test_other_journey__begins_where_one_ends__and_never_by_itself(now: datetime, actor: Actor) -> None:
    listen(now=now)
    first = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"]), "First")
    trigger = {"kind": "event", "event_type": COMPLETED, "filter": None}
    graph = ground.graph_of({"w": ground.wait()}, ["start w", "w end"], trigger=trigger)
    second = ground.make_journey(now, graph, "Second")
    [ada] = ground.make_people(1, now)
    ground.let_in(first, [ada], now)
    at = now
    for _ in range(5):
        at += timedelta(days=1)
        listen(now=at)
        ground.run(at)
    listen(now=at)
    # The end of the second is told too, and leads nobody into the second again.
    assert [one["journey_name"] for one in told(COMPLETED)].count("Second") == 1
    assert Execution.objects.filter(journey__public_id=second.journey_id).count() == 1
    assert api.list_stuck(now=at) == []
