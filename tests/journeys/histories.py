"""Histories that were walked once, kept, and walked again by the code of today: ``python -m tests.journeys.histories``.

``record N`` draws graphs, people, events and clocks and keeps N histories with their paths; it is run when the walk is
meant to change. ``replay`` walks all that are kept and names those that came out differently.
"""

import gzip
import json
import random
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402  (the applications must be ready first)

from loyalty.foundation.rules import api as rules  # noqa: E402
from loyalty.journeys.policy.conditions import Scope  # noqa: E402
from loyalty.journeys.policy.graph import parse  # noqa: E402
from loyalty.journeys.policy.interpreter import Happening, Walk  # noqa: E402
from tests.journeys.test_oracle import BEGIN, KINDS, ZONES, One, graphs  # noqa: E402

KEPT = Path(__file__).with_name("histories.jsonl.gz")
SCOPE = Scope(schema=rules.Schema(fields=(), has_buckets=True))
UNTIL = BEGIN + timedelta(days=9)
PEOPLE_OF_A_GRAPH = 40
SEED = 20_261_128


@dataclass(frozen=True, slots=True)
class Difference:
    """A history that came out differently."""

    customer: str
    kept: Any
    walked: Any


def told(graph: dict[str, Any], person: dict[str, Any]) -> list[Any]:
    """Walk one person; give where it led: state, node, outcome, goal, end and each step, in seconds from the start."""
    one = One(uuid.UUID(person["customer"]), person["zone"])
    for minutes, kind, data in person["events"]:
        one.events.append(Happening(BEGIN + timedelta(minutes=minutes), kind, data))
    walk = Walk(parse(graph), SCOPE, one)
    walk.begin(at=BEGIN, context=person["context"])
    walk.advance(BEGIN)
    walk.run(one.events, until=UNTIL)
    path = [[step.node_id, step.branch, _seconds(step.entered_at), _seconds(step.left_at)] for step in walk.path]
    return [walk.state.value, walk.node_id, walk.outcome, _seconds(walk.goal_at), _seconds(walk.ended_at), path]


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int((at - BEGIN).total_seconds())


def kept() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give the kept histories: a graph and a person with the path that was walked."""
    with gzip.open(KEPT, "rt", encoding="utf-8") as file:
        for line in file:
            group = json.loads(line)
            for person in group["people"]:
                yield group["graph"], person


def replay(most: int | None = None) -> tuple[int, list[Difference]]:
    """Walk kept histories again; give how many, and which came out differently."""
    walked, different = 0, []
    for graph, person in kept():
        if walked == most:
            break
        walked += 1
        now = told(graph, person)
        if now != person["told"]:
            different.append(Difference(person["customer"], person["told"], now))
    return walked, different


def record(count: int) -> None:
    """Draw and keep so many histories; the same numbers draw the same ones."""
    lot = random.Random(SEED)  # noqa: S311 - no secret
    lines: list[str] = []

    @seed(SEED)
    @settings(
        max_examples=count // PEOPLE_OF_A_GRAPH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(graph=graphs())
    def draw(graph: dict[str, Any]) -> None:
        people = [_person(lot) for _ in range(PEOPLE_OF_A_GRAPH)]
        drawn = [{**person, "told": told(graph, person)} for person in people]
        lines.append(json.dumps({"graph": graph, "people": drawn}, separators=(",", ":")))

    draw()
    with gzip.GzipFile(KEPT, "wb", mtime=0) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


def _person(lot: random.Random) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if lot.random() < 0.8:
        context["n"] = lot.randint(0, 10)
    if lot.random() < 0.6:
        context["k"] = lot.choice(["one", "two"])
    if lot.random() < 0.6:
        context["day"] = lot.choice(["2026-11-21", "2026-11-22T08:00:00Z", "soon"])
    minutes = sorted(lot.sample(range(1, 9 * 24 * 60), lot.randint(0, 8)))
    events = [[at, lot.choice(KINDS), {"x": lot.randint(0, 10), "k": lot.choice(["one", "two"])}] for at in minutes]
    customer = uuid.UUID(int=lot.getrandbits(128), version=4)
    return {"customer": str(customer), "zone": lot.choice(ZONES), "context": context, "events": events}


def main(arguments: list[str]) -> int:
    """Record or replay."""
    if arguments[:1] == ["record"]:
        record(int(arguments[1]))
    walked, different = replay()
    for one in different[:10]:
        print(f"{one.customer}\n  kept   {one.kept}\n  walked {one.walked}")
    print(f"{walked:,} histories walked again, {len(different):,} differ")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
