"""Behavioural operators over a set mean what they mean for one customer: generated rules in Python and PostgreSQL."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Integer,
    MetaData,
    NullPool,
    Numeric,
    Table,
    Text,
    case,
    create_engine,
    func,
    insert,
    literal,
    select,
)

from loyalty.foundation.rules.api import (
    Aggregate,
    EventQuestion,
    Rule,
    Window,
    check,
    compile_predicate,
    evaluate,
    matches,
)
from tests.foundation.rules.differential import postgresql_address
from tests.foundation.rules.test_behaviour import GOLD, SCHEMA, Diary
from tests.foundation.rules.world import NOW

META = MetaData()
CUSTOMERS = Table(
    "rules_customers",
    META,
    Column("id", Text, primary_key=True),
    Column("visits", Integer),
    Column("city", Text),
    Column("segment", Text),
    prefixes=["TEMPORARY"],
)
EVENTS = Table(
    "rules_events",
    META,
    Column("customer", Text),
    Column("type", Text),
    Column("at", DateTime(timezone=True)),
    Column("amount", Numeric),
    Column("channel", Text),
    prefixes=["TEMPORARY"],
)
BACK = [timedelta(), timedelta(microseconds=1), timedelta(hours=-1), timedelta(hours=5), timedelta(days=26)]
BACK += [timedelta(days=one) + more for one in (1, 7, 30) for more in (timedelta(), timedelta(microseconds=1))]
AMOUNTS = [None, *map(Decimal, ("0", "0.1", "-3", "19.99", "1000000", "7", "0.333"))]


class Correlated:
    """A set context in the plainest form: one correlated subquery for each question."""

    def customer_key(self) -> ColumnElement[str]:
        return CUSTOMERS.c.id

    def count(self, question: EventQuestion, window: Window) -> ColumnElement[Any]:
        return self._asked(func.count(), question, window)

    def last(self, question: EventQuestion, window: Window) -> ColumnElement[Any]:
        return self._asked(func.max(EVENTS.c.at), question, window)

    def aggregate(self, how: Aggregate, question: EventQuestion, window: Window) -> ColumnElement[Any]:
        field = EVENTS.c[question.field or ""]
        return self._asked(func.count(field) if how == "values" else getattr(func, how)(field), question, window)

    def is_member(self, segment_id: str) -> ColumnElement[bool]:
        return func.coalesce(CUSTOMERS.c.segment == segment_id, False)

    def _asked(self, what: ColumnElement[Any], question: EventQuestion, window: Window) -> ColumnElement[Any]:
        wanted = [
            EVENTS.c.customer == CUSTOMERS.c.id,
            EVENTS.c.type == question.event_type,
            EVENTS.c.at <= window.until,
        ]
        if window.since is not None:
            wanted.append(EVENTS.c.at > window.since)
        if question.filter is not None:
            columns = {"amount": EVENTS.c.amount, "channel": EVENTS.c.channel}
            wanted.append(compile_predicate(question.filter, columns, now=window.until))
        return select(what).where(*wanted).correlate(CUSTOMERS).scalar_subquery()


def make_customers(seed: int) -> list[dict[str, Any]]:
    """Customers with events at the edges of every window."""
    chance = random.Random(seed)
    made = []
    for index in range(60):
        events = [
            (
                chance.choice(["purchase", "purchase", "login"]),
                NOW - chance.choice(BACK),
                {"amount": chance.choice(AMOUNTS), "channel": chance.choice([None, "", "app", "web"])},
            )
            for _ in range(chance.choice([0, 1, 3, 8]))
        ]
        made.append(
            {
                "id": f"customer-{index}",
                "visits": chance.choice([None, 0, 1, 3]),
                "city": chance.choice([None, "", "Oslo"]),
                "segment": chance.choice([None, GOLD, "other"]),
                "events": events,
            }
        )
    return made


CUSTOMERS_MADE = make_customers(3)


class RuleMaker:
    """Makes rules in which every behavioural operator stands somewhere."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def rule(self, depth: int) -> Any:
        """A rule that answers yes or no."""
        pick = self._chance
        if depth > 0 and pick.random() < 0.6:
            if pick.random() < 0.3:
                return {"!": [self.rule(depth - 1)]}
            return {pick.choice(["and", "or"]): [self.rule(depth - 1) for _ in range(2)]}
        return pick.choice(
            [
                {pick.choice(["<", "<=", ">", ">=", "==", "!="]): [self._measure(), self._other()]},
                {pick.choice(["<", ">="]): [self._other(), self._measure()]},
                {"==": [self._measure(), None]},
                {"in_segment": [GOLD]},
                {"<": [{"bucket": [pick.choice(["a", "spring"]), pick.choice([1, 2, 7])]}, pick.choice([1, 3])]},
                {pick.choice(["!", "!!"]): [self._measure()]},
            ]
        )

    def _measure(self) -> Any:
        pick = self._chance
        kept = [self._filter()] if pick.random() < 0.4 else []
        days = pick.choice([None, 1, 7, 30])
        return pick.choice(
            [
                {"events_count": ["purchase" if kept else pick.choice(["purchase", "login"]), days, *kept]},
                {"events_last_days": ["purchase", *kept]},
                {
                    pick.choice(["events_sum", "events_avg", "events_min", "events_max"]): [
                        "purchase",
                        "amount",
                        days,
                        *kept,
                    ]
                },
            ]
        )

    def _filter(self) -> Any:
        pick = self._chance
        amount = {pick.choice([">", "<=", "=="]): [{"var": "amount"}, pick.choice([0, 7, 19.99])]}
        channel = {pick.choice(["==", "!="]): [{"var": "channel"}, pick.choice(["app", "", None])]}
        return pick.choice([amount, channel, {"!": [amount]}, {"or": [amount, channel]}])

    def _other(self) -> Any:
        return self._chance.choice([0, 1, 2, 7, 19.99, 3.5, {"var": "visits"}])


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    with create_engine(postgresql_address(), poolclass=NullPool).connect() as opened:
        META.create_all(opened)
        opened.execute(insert(CUSTOMERS), [{k: v for k, v in one.items() if k != "events"} for one in CUSTOMERS_MADE])
        rows = [
            {"customer": one["id"], "type": name, "at": at, **facts}
            for one in CUSTOMERS_MADE
            for name, at, facts in one["events"]
        ]
        opened.execute(insert(EVENTS), rows)
        opened.commit()
        yield opened


def chosen_by_evaluator(rule: Rule, now: datetime) -> set[str]:
    """The customers for whom the rule is true, one by one."""
    return {
        one["id"]
        for one in CUSTOMERS_MADE
        if evaluate(
            rule,
            one,
            now=now,
            history=Diary(one["events"], frozenset({one["segment"]} - {None}), one["id"]),
        )
    }


def test_generated_rules__over_the_set__choose_those_of_the_evaluator(connection: Connection) -> None:
    maker, context, wrong = RuleMaker(1), Correlated(), []
    columns = {"visits": CUSTOMERS.c.visits, "city": CUSTOMERS.c.city}
    for index in range(400):
        rule = check(maker.rule(index % 3), SCHEMA)
        condition = compile_predicate(rule, columns, now=NOW, context=context)
        found = set(connection.scalars(select(CUSTOMERS.c.id).where(condition)))
        if found != chosen_by_evaluator(rule, NOW):
            wrong.append(rule.text)
    assert wrong == []


def test_last_days__against_a_constant__compares_instants_and_days_alike(connection: Connection) -> None:
    late = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
    for days in range(-1, 4):
        for symbol in ("<", "<=", ">", ">=", "=="):
            rule = check({symbol: [{"events_last_days": ["purchase"]}, days]}, SCHEMA)
            condition = compile_predicate(rule, {}, now=late, context=Correlated())
            found = set(connection.scalars(select(CUSTOMERS.c.id).where(condition)))
            assert found == chosen_by_evaluator(rule, late), rule.text


def test_mutant__a_window_that_holds_its_first_instant__is_caught(connection: Connection) -> None:
    class Closed(Correlated):
        def count(self, question: EventQuestion, window: Window) -> ColumnElement[Any]:
            since = window.since - timedelta(microseconds=1) if window.since is not None else None
            return super().count(question, Window(since, window.until))

    class Unknown(Correlated):
        def aggregate(self, how: Aggregate, question: EventQuestion, window: Window) -> ColumnElement[Any]:
            value = super().aggregate(how, question, window)
            return case((value.is_(None), literal(0)), else_=value)

    rules = {
        Closed: {">=": [{"events_count": ["purchase", 30]}, 1]},
        Unknown: {"==": [{"events_min": ["purchase", "amount", 30]}, None]},
    }
    for mutant, raw in rules.items():
        rule = check(raw, SCHEMA)
        condition = compile_predicate(rule, {}, now=NOW, context=mutant())
        assert set(connection.scalars(select(CUSTOMERS.c.id).where(condition))) != chosen_by_evaluator(rule, NOW)
    assert matches(None, {}, now=NOW)
