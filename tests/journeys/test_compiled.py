"""A condition asked of many by one statement: everybody answers as the interpreter says of each alone."""

import os
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from sqlalchemy import false

from loyalty.customers import api as customers
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.journeys.models import Execution, ExecutionContext
from loyalty.journeys.operations import compiled, deciding, reading
from loyalty.journeys.operations.knowing import condition_of
from loyalty.journeys.operations.versions import Loaded
from loyalty.journeys.policy.conditions import Part
from tests.campaigns.scene import make_segment
from tests.features.conftest import IDS, Owner
from tests.journeys import ground
from tests.journeys.test_listening import tell

pytestmark = pytest.mark.django_db
# A run of the suite is short; JOURNEY_RULES=20000 compares so many.
RULES = int(os.environ.get("JOURNEY_RULES", "250"))
# What the domain of tiers says of them, for as long as a test lasts.
TIERS = """
    CREATE OR REPLACE VIEW tiers_customer_facts AS
    SELECT v.customer_id, v.tier_code, v.tier_code AS tier_name, v.tier_level, v.tier_since_at,
        'main'::text AS tier_program_code
    FROM (VALUES
        (%s::uuid, 'gold'::text, 3::bigint, '2026-11-01T08:00Z'::timestamptz),
        (%s, '', 0, NULL),
        (%s, NULL, NULL, '2026-11-20T11:59:59.999999Z')
    ) v (customer_id, tier_code, tier_level, tier_since_at)
"""
NUMBERS = (
    "context.n",
    "event.n",
    "event.amount",
    "context.action_result_a.score",
    "score",
    "total_revenue",
    "transaction_count",
    "tier_level",
    "attribute_score",
)
TEXTS = ("context.k", "event.k", "city", "tier_code", "attribute_plan", "attribute_store")
FLAGS = ("context.flag", "has_app", "attribute_is_pilot")
MOMENTS = ("context.at", "tier_since_at", "updated_at", "attribute_renewal")
# What the operator keeps of customers, with what they have of it.
ATTRIBUTES: Mapping[str, tuple[str, tuple[Any, ...]]] = {
    "score": ("number", (0, 5, "7.5", -3, 999_999_999_999)),
    "plan": ("choice", ("one", "gold")),
    "store": ("text", ("Tyre", "one", "ä" * 500)),
    "is_pilot": ("boolean", (True, False)),
    "renewal": ("date", ("2026-11-20", "2026-11-19", "2030-01-01")),
}
LISTS = ("context.tags",)
VALUES: Mapping[str, tuple[Any, ...]] = {
    "amount": (0, 5, 7.25, "7", None),
    "n": (0, 1, 5, -3, 7.5, 1e30, 10**20, "7", True, None, [1], {"a": 1}),
    "k": ("", "one", "gold", "Tyre", 3, None, ["one"], "ä" * 5000),
    "flag": (True, False, "yes", 0, None),
    "at": (
        "2026-11-20T08:00:00Z", "2026-11-19", "2026-11-18T24:00:00Z", "2026-02-30T00:00:00Z",
        "2026-11-20T08:00:00.123456789Z", "2026-11-20T08:00:00+05:30", "soon", 5, None,
    ),
    "tags": (["a", "b"], [], ["a", 1], ["a", None], "a", [["a"]], None),
}  # fmt: skip


class Maker:
    """Makes rules over all that may be read, and contexts that hold odd things."""

    def __init__(self, seed: int, segment: uuid.UUID) -> None:
        self._draw, self._segment = random.Random(seed), str(segment)

    def rule(self, depth: int = 3) -> Any:
        """Make a rule that is true or false."""
        draw = self._draw
        if depth and draw.random() < 0.5:
            name = draw.choice(("and", "or", "!", "if"))
            if name == "!":
                return {"!": [self.rule(depth - 1)]}
            if name == "if":
                return {"if": [self.rule(depth - 1) for _ in range(3)]}
            return {name: [self.rule(depth - 1) for _ in range(draw.randint(2, 3))]}
        return draw.choice((self._number, self._text, self._other, self._beyond))()

    def context(self) -> dict[str, Any]:
        """Make what somebody brought along."""
        told = {name: self._draw.choice(some) for name, some in VALUES.items() if self._draw.random() < 0.7}
        if self._draw.random() < 0.7:
            names = [name for name in ("n", "k", "amount") if self._draw.random() < 0.7]
            told["event"] = {name: self._draw.choice(VALUES[name]) for name in names}
        if self._draw.random() < 0.5:
            told["action_result_a"] = {"score": self._draw.choice(VALUES["n"])}
        return told

    def _number(self) -> Any:
        draw = self._draw
        value: Any = {"var": draw.choice(NUMBERS)}
        if draw.random() < 0.3:
            value = {draw.choice(("+", "-", "*", "/")): [value, draw.choice((0, 2, {"var": draw.choice(NUMBERS)}))]}
        if draw.random() < 0.2:
            value = {"??": [value, 4]}
        return {draw.choice(("<", "<=", ">", ">=", "==", "!=")): [value, draw.choice((0, 1, 5, 7.5, -3, 100))]}

    def _text(self) -> Any:
        draw = self._draw
        name = {"var": draw.choice(TEXTS)}
        if draw.random() < 0.3:
            return {"in": [name, ["one", "Tyre", ""]]}
        return {draw.choice(("==", "!=", "<")): [name, draw.choice(("one", "gold", "", "Tyre"))]}

    def _other(self) -> Any:
        draw = self._draw
        return draw.choice((
            {"var": draw.choice(FLAGS)},
            {"==": [{"var": draw.choice(FLAGS)}, draw.random() < 0.5]},
            {"<": [{"days_since": [{"var": draw.choice(MOMENTS)}]}, draw.choice((0, 1, 20))]},
            {"in": ["a", {"var": draw.choice(LISTS)}]},
            {"missing": [draw.choice((*NUMBERS, *TEXTS, *FLAGS))]},
            {"==": [{"var": draw.choice((*NUMBERS, *TEXTS))}, None]},
        ))  # fmt: skip

    def _beyond(self) -> Any:
        draw = self._draw
        return draw.choice((
            {">=": [{"events_count": ["customer.purchase", draw.choice((1, 30))]}, draw.choice((1, 2))]},
            {">": [{"events_sum": ["customer.purchase", "amount", 30]}, draw.choice((0, 10))]},
            {"<": [{"events_last_days": ["customer.purchase"]}, draw.choice((1, 9))]},
            {"in_segment": [self._segment]},
            {"<": [{"bucket": ["s", 100]}, 50]},
        ))  # fmt: skip


@dataclass(frozen=True)
class World:
    """People with facts of every kind inside a journey."""

    loaded: Loaded
    ids: list[uuid.UUID]
    maker: Maker
    now: datetime

    def bring(self) -> None:
        """Have everybody bring something else along."""
        for one in self.ids:
            ExecutionContext.objects.update_or_create(pk=one, defaults={"data": self.maker.context()})

    def disagreement(self, rule: Any) -> str:
        """Tell whom the statement and the interpreter answer otherwise for, or nothing."""
        condition = condition_of(self.loaded, rule)
        alone = deciding.Decided()
        deciding._ask_each(condition, self.ids, alone, now=self.now)
        together = deciding.decided_by(self.loaded, rule, self.ids, now=self.now)
        wanted, found = by_person(alone), by_person(together)
        wrong = [one for one in wanted if one not in found or wanted[one] is not found[one]]
        told = [(ExecutionContext.objects.get(pk=one).data, wanted[one], found.get(one)) for one in wrong[:2]]
        return f"{rule}: {told}" if told else ""


def by_person(decided: deciding.Decided) -> dict[uuid.UUID, bool | None]:
    """Give the answer of each."""
    return {one: answer for answer, some in decided.answers.items() for one in some}


def keep_attributes(people: Sequence[uuid.UUID], actor: Actor, now: datetime) -> None:
    """Define attributes, and have most people have some of them."""
    draw, values = random.Random(3), []
    for code, (kind, some) in ATTRIBUTES.items():
        choices = ("one", "gold") if kind == "choice" else ()
        made = customers.define_attribute(code=code, label=code, kind=kind, choices=choices, actor=actor, now=now)
        values += [
            customers.NewValue(ground.internal_id(one), made, customers.read_value(made, draw.choice(some)))
            for one in people
            if draw.random() < 0.7
        ]
    customers.set_values(values=values, source="tests", actor=actor, now=now)


@pytest.fixture
def world(owner: Owner, actor: Actor, now: datetime) -> World:
    """Three whom a warehouse may know, three of whom it knows nothing, with tiers, events and a segment."""
    trigger = {"kind": "event", "event_type": "customer.purchase"}
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"], None, trigger))
    people = [*IDS, *ground.make_people(9, now)]
    sql.execute(TIERS, [people[0], people[3], people[4]])
    segment = make_segment(now, people[::2])
    keep_attributes(people, actor, now)
    for number, one in enumerate(people[:4]):
        for back in range(number):
            tell("customer.purchase", one, now - timedelta(days=10 * back, hours=1), amount=5 * back)
    events.store_facts()
    ground.let_in(loaded, people, now)
    return World(loaded, list(Execution.objects.values_list("pk", flat=True)), Maker(7, segment), now)


def compare(world: World) -> Iterator[str]:
    """Compare many rules; who answers changes as often."""
    for number in range(RULES):
        if number % 10 == 0:
            world.bring()
        try:
            rule = world.maker.rule()
            if told := world.disagreement(rule):
                yield told
        except rules.RuleInvalid:
            continue


def test_condition__any_rule_and_facts__all_at_once_as_each_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: Counter[str] = Counter()
    ask = compiled.ask

    def counted(plan: compiled.Plan, *args: Any, **more: Any) -> compiled.Found:
        told = ask(plan, *args, **more)
        found.update(sure=sum(map(len, told.answers.values())), doubtful=len(told.doubtful))
        return told

    monkeypatch.setattr(compiled, "ask", counted)
    assert list(compare(world)) == []
    # It is the statement that answers, and not the interpreter twice.
    assert found["sure"] > 5 * RULES
    assert found["doubtful"] > 0


def without_needs(part: Part) -> Part:
    """Give a part that needs nothing."""
    return Part(part.operator, tuple(without_needs(one) for one in part.parts), part.rule)


def no_doubt(data: Any, name: str, kind: Any) -> reading.Read:
    """Plant the fault that a value of another type counts as missing."""
    return reading.Read(READ(data, name, kind).value, false())


ANSWER, READ = compiled._answer, reading.read


@pytest.mark.parametrize(
    ("place", "fault"), [("_answer", lambda part, *given: ANSWER(without_needs(part), *given)), ("read", no_doubt)]
)
def test_planted_fault__what_is_missing_or_odd_is_overlooked__is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str, fault: Callable[..., Any]
) -> None:
    monkeypatch.setattr(compiled, place, fault)
    assert next(compare(world), "") != ""


RULE = {
    "and": [
        {">": [{"var": "context.n"}, 1]},
        {"or": [{"<": [{"var": "score"}, 5]}, {">": [{"var": "tier_level"}, 1]}]},
        {">=": [{"events_count": ["customer.purchase", 30]}, 0]},
    ]
}


# What a process reads again by the clock, whoever is asked.
UPKEEP = ("configuration_stamp", "features_cataloguefield", "features_storestate")


def statements_of(count: int, now: datetime) -> int:
    """Give how many statements a condition takes for so many people."""
    nodes = {"c": {"kind": "condition", "config": {"rule": RULE, "unknown": "no"}}, "w": ground.wait()}
    loaded = ground.make_journey(now, ground.graph_of(nodes, ["start c", "c:yes w", "c:no w", "w end"]))
    ground.let_in(loaded, ground.make_people(count, now, prefix=f"n{count}-"), now, context={"n": 3})
    with CaptureQueriesContext(
        connection,
    ) as told:
        assert ground.run(now) == count
    assert Execution.objects.filter(journey_id=loaded.journey_pk, node__code="w").count() == count
    return sum(not any(name in one["sql"] for name in UPKEEP) for one in told)


def test_condition__two_people_or_a_thousand__as_many_statements(owner: Owner, now: datetime) -> None:
    statements_of(1, now)  # what a process reads once
    assert statements_of(2, now) == statements_of(1_000, now) < 20


def test_condition__what_has_no_form_in_sql__is_asked_of_each(world: World) -> None:
    rule = {"==": [{"var": "context.tags.0"}, "a"]}
    assert compiled.plan_of(condition_of(world.loaded, rule), now=world.now) is None
    world.bring()
    assert world.disagreement(rule) == ""
