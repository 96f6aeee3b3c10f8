"""Versions that change while workers move people: every invariant holds, and nobody takes a step twice.

``JOURNEY_PEOPLE=100000`` has so many inside; the suite's run is short.
"""

import os
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.journeys import api
from loyalty.journeys.contracts import Fate
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.models import Execution, Version
from tests.journeys import ground
from tests.journeys.dying import Mark
from tests.journeys.test_publishing import draft, live, make, publish

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = int(os.environ.get("JOURNEY_PEOPLE", "240"))
WORKERS, PUBLICATIONS = 2, 6
MARK = {"kind": "action", "config": {"action_type": "mark"}}
# What changes from version to version is the second wait: another node, so that people are led from one to the other.
OTHER = {"v": "u", "u": "v"}


def graph_with(second: str) -> dict[str, Any]:
    """Two effects and two waits; the second wait has this name."""
    nodes = {"w": ground.wait(1, "hours"), "m": MARK, second: ground.wait(1, "hours"), "n": MARK}
    ways = ["start w", "w m", f"m:success {second}", f"{second} n", "n:success end"]
    return ground.graph_of(nodes, ways, {"re_entry": "never"})


@pytest.fixture
def mark() -> Iterator[None]:
    """An action whose every effect is seen."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE journeys_test_mark (key text NOT NULL)")
    protocol.register(Mark())
    yield
    protocol.forget("mark")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE journeys_test_mark")


class Clock:
    """An instant that the test moves and the workers read."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.is_over = threading.Event()

    def work(self) -> int:
        """Move people on until the test is over."""
        moved = 0
        try:
            while not self.is_over.is_set():
                moved += api.advance(now=self.now)
        finally:
            connections.close_all()
        return moved


def check_whole(made: uuid.UUID) -> None:
    """Everybody is through without a gap, each effect happened once, nobody is at another version's node."""
    states = set(Execution.objects.filter(journey__public_id=made).values_list("state", flat=True))
    assert states == {"COMPLETED"}
    assert Execution.objects.count() == PEOPLE
    gaps = sql.fetch_all(
        "SELECT s.execution_id FROM journeys_step s JOIN journeys_execution x ON x.id = s.execution_id "
        "GROUP BY s.execution_id, x.visit HAVING count(*) <> count(DISTINCT s.visit) OR count(*) <> max(s.visit) "
        "OR max(s.visit) + 1 <> x.visit"
    )
    assert gaps == []
    elsewhere = sql.fetch_all(
        "SELECT x.id FROM journeys_execution x JOIN journeys_node n ON n.id = x.node_id "
        "WHERE n.version_id <> x.version_id"
    )
    assert elsewhere == []
    marks = sql.fetch_all(
        "SELECT split_part(key, ':', 3) AS node, count(*) AS done, count(DISTINCT split_part(key, ':', 2)) AS people "
        "FROM journeys_test_mark GROUP BY 1 ORDER BY 1"
    )
    counted = {one["node"]: (one["done"], one["people"]) for one in marks}
    assert counted == {"m": (PEOPLE, PEOPLE), "n": (PEOPLE, PEOPLE)}


def run_under_load(actor: Actor, now: datetime) -> uuid.UUID:
    """Publish versions while workers move people, then let everybody come to the end; give the journey."""
    made = make(now, actor, graph_with("v"))
    people = ground.make_people(PEOPLE, now)
    clock, second = Clock(now), "v"
    share = PEOPLE // PUBLICATIONS
    with ThreadPoolExecutor(WORKERS) as pool:
        workers = [pool.submit(clock.work) for _ in range(WORKERS)]
        try:
            for number in range(PUBLICATIONS):
                last = number == PUBLICATIONS - 1
                ground.let_in(live(made), people[number * share : None if last else (number + 1) * share], clock.now)
                clock.now += timedelta(minutes=25)
                before, second = second, OTHER[second]
                draft(made, graph_with(second), actor, clock.now)
                publish(made, api.Plan(Fate.MOVE, {before: second}), actor, clock.now)
        finally:
            clock.is_over.set()
        assert sum(one.result() for one in workers) > 0
    # People were led on again and again, and came to both waits; whoever is left goes on by the clock.
    ground.run_through(clock.now, 1)
    return made


def test_publish__while_workers_move_people__every_invariant_holds(mark: None, actor: Actor, now: datetime) -> None:
    made = run_under_load(actor, now)
    assert Version.objects.filter(journey__public_id=made).count() == PUBLICATIONS + 1
    check_whole(made)
    assert api.list_stuck(now=now + timedelta(days=9)) == []


# Who is led to another node comes there anew, as visit so and so: so that its effect there has a key of its own.
COUNTED = "visit = x.visit + CASE t.kind WHEN 'end' THEN 2 ELSE 1 END"


def test_planted_fault__who_is_led_elsewhere_is_not_counted__is_found(mark: None, actor: Actor, now: datetime) -> None:
    text = sql.read("loyalty.journeys", "leading")
    assert COUNTED in text
    sql.execute(text.replace(COUNTED, "visit = x.visit"))
    try:
        made = run_under_load(actor, now)
    finally:
        sql.execute(text)
    with pytest.raises(AssertionError):
        check_whole(made)
