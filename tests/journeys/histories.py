"""Histories that were walked once, kept, and walked again by the code of today: ``python -m tests.journeys.histories``.

``record NAME N`` draws graphs, people, facts, events and clocks and keeps N histories with their paths; ``retell NAME``
walks those that are kept anew and keeps their paths, when the walk is meant to change. ``replay`` walks all that are
kept by the interpreter and names those that came out differently; ``replaying.py`` takes them through the engine.

What is kept of a group of people: ``graph`` (as published), and for each of ``people`` the ``customer``, the ``zone``,
the ``context`` brought along, ``events`` (minute, kind, data), ``facts`` (minute, level of the tier or none) and what
was ``told`` of them: state, node, outcome, goal, end, and the log of the steps (node, branch, coming, leaving).
"""

import gzip
import itertools
import json
import random
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402  (the applications must be ready first)
from hypothesis import strategies as st  # noqa: E402

from loyalty.foundation.rules import api as rules  # noqa: E402
from loyalty.journeys.policy.conditions import Scope  # noqa: E402
from loyalty.journeys.policy.graph import parse  # noqa: E402
from loyalty.journeys.policy.interpreter import Happening, Walk  # noqa: E402
from tests.journeys.test_oracle import BEGIN, KINDS, ZONES, One, graphs  # noqa: E402

# ``histories`` has what is brought along, events and the clock; ``known`` also has features that change on the way.
NAMES = ("histories", "known")
LEVEL = "tier_level"
SCOPE = Scope(
    schema=rules.Schema(fields=(rules.Field(LEVEL, rules.FieldType.INTEGER, "Level"),), has_buckets=True),
    known_absent=frozenset({LEVEL}),
)
UNTIL = BEGIN + timedelta(days=9)
PEOPLE_OF_A_GRAPH = 40
SEED = 20_261_128


# Conditions over what is known of people.
LEVELS = st.tuples(
    st.just("condition"),
    st.fixed_dictionaries(
        {
            "rule": st.sampled_from(
                [
                    {">": [{"var": LEVEL}, 2]},
                    {"missing": [LEVEL]},
                    {"and": [{">=": [{"var": LEVEL}, 2]}, {"<": [{"var": "context.n"}, 8]}]},
                    {"or": [{"==": [{"var": LEVEL}, 1]}, {"==": [{"var": "context.k"}, "one"]}]},
                ]
            ),
            "unknown": st.sampled_from(["yes", "no"]),
        }
    ),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A history that came out differently."""

    customer: str
    kept: Any
    walked: Any

    def __str__(self) -> str:
        if self.kept[-1] == self.walked[-1]:
            return f"{self.customer}: the same steps, but {self.kept[:-1]} is now {self.walked[:-1]}"
        pairs = enumerate(itertools.zip_longest(self.kept[-1], self.walked[-1]), start=1)
        number, (kept, walked) = next(pair for pair in pairs if pair[1][0] != pair[1][1])
        return f"{self.customer}: step {number} was {kept} and is now {walked}"


class Kept(One):
    """A person of a history for the interpreter: also knows the level of the tier at any instant."""

    def __init__(self, person: Mapping[str, Any]) -> None:
        super().__init__(uuid.UUID(person["customer"]), person["zone"])
        self.events = [
            Happening(BEGIN + timedelta(minutes=minutes), kind, data) for minutes, kind, data in person["events"]
        ]
        self._levels = [(BEGIN + timedelta(minutes=minutes), level) for minutes, level in person.get("facts", ())]

    def features(self, names: frozenset[str], at: datetime) -> Mapping[str, Any]:
        """Give what was known at an instant."""
        level = next((level for since, level in reversed(self._levels) if since <= at), None)
        return {name: level if name == LEVEL else None for name in names}


def told(graph: dict[str, Any], person: dict[str, Any]) -> list[Any]:
    """Walk one person; give where it led: state, node, outcome, goal, end and each step, in seconds from the start."""
    one = Kept(person)
    walk = Walk(parse(graph), SCOPE, one)
    walk.begin(at=BEGIN, context=person["context"])
    walk.advance(BEGIN)
    walk.run(one.events, until=UNTIL)
    path = [[step.node_id, step.branch, seconds(step.entered_at), seconds(step.left_at)] for step in walk.path]
    return [walk.state.value, walk.node_id, walk.outcome, seconds(walk.goal_at), seconds(walk.ended_at), path]


def seconds(at: datetime | None) -> int | None:
    """Give an instant as seconds from the beginning of all histories."""
    return None if at is None else int((at - BEGIN).total_seconds())


def _file(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.jsonl.gz")


def groups(name: str) -> Iterator[dict[str, Any]]:
    """Give what is kept under a name: graphs, each with the people who were led through it."""
    with gzip.open(_file(name), "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def kept() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give the kept histories: a graph and a person with the path that was walked."""
    for name in NAMES:
        for group in groups(name):
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


def record(name: str, count: int) -> None:
    """Draw and keep so many histories; the same numbers draw the same ones."""
    has_facts = name == "known"
    lot = random.Random(f"{SEED} {name}")  # noqa: S311 - no secret
    lines: list[str] = []

    @seed(SEED)
    @settings(
        max_examples=count // PEOPLE_OF_A_GRAPH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(graph=graphs(*([LEVELS, LEVELS, LEVELS] if has_facts else [])))
    def draw(graph: dict[str, Any]) -> None:
        people = [_person(lot, has_facts=has_facts) for _ in range(PEOPLE_OF_A_GRAPH)]
        drawn = [{**person, "told": told(graph, person)} for person in people]
        lines.append(json.dumps({"graph": graph, "people": drawn}, separators=(",", ":")))

    draw()
    _keep(name, lines)


def retell(name: str) -> None:
    """Walk what is kept under a name anew and keep the paths of today: for a walk that was mended."""
    lines = []
    for group in groups(name):
        people = [{**person, "told": told(group["graph"], person)} for person in group["people"]]
        lines.append(json.dumps({**group, "people": people}, separators=(",", ":")))
    _keep(name, lines)


def _keep(name: str, lines: list[str]) -> None:
    with gzip.GzipFile(_file(name), "wb", mtime=0) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


def _person(lot: random.Random, *, has_facts: bool) -> dict[str, Any]:
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
    person = {"customer": str(customer), "zone": lot.choice(ZONES), "context": context, "events": events}
    if has_facts:
        changes = sorted(lot.sample(range(1, 9 * 24 * 60), lot.randint(0, 4)))
        person["facts"] = [[at, lot.choice([None, 1, 2, 3, 4])] for at in (0, *changes)]
    return person


def main(arguments: list[str]) -> int:
    """Record or replay."""
    if arguments[:1] == ["record"]:
        record(arguments[1], int(arguments[2]))
    if arguments[:1] == ["retell"]:
        retell(arguments[1])
    walked, different = replay()
    for one in different[:10]:
        print(one)
    print(f"{walked:,} histories walked again, {len(different):,} differ")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
