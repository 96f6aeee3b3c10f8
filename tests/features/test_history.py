"""What customers did: one customer and sets say what a plain reading of the same events says."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Uuid, column, select, table

from loyalty.features import api
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql, statements
from loyalty.foundation.rules import api as rules

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOLD = datetime(2026, 10, 1, tzinfo=UTC)
KINDS = {one.name: one for one in api.list_event_types()}
SCHEMA = rules.Schema((), zone="Asia/Beirut", events=tuple(KINDS.values()))
PURCHASE = "customer.purchase"
APP = {"==": [{"var": "channel"}, "app"]}
LARGE = {">": [{"var": "amount"}, 20]}
INSERT = "INSERT INTO events_outbox (event_id, type, key, occurred_at, data) VALUES (gen_random_uuid(), %s, %s, %s, %s)"
PEOPLE = table("asked_people", column("customer_id", Uuid()))


@dataclass(frozen=True, slots=True)
class One:
    """One customer, for the evaluator."""

    did: api.CustomerHistory

    @property
    def customer_key(self) -> str:
        return self.did.customer_key

    def count(self, question: rules.EventQuestion, window: rules.Window) -> int:
        return self.did.count(question, window)

    def last(self, question: rules.EventQuestion, window: rules.Window) -> datetime | None:
        return self.did.last(question, window)

    def aggregate(
        self, how: rules.Aggregate, question: rules.EventQuestion, window: rules.Window
    ) -> Decimal | int | None:
        return self.did.aggregate(how, question, window)

    def is_member(self, segment_id: str) -> bool:
        raise LookupError(segment_id)


@dataclass(frozen=True, slots=True)
class Many:
    """A set, for the compiler."""

    did: api.SetHistory

    def customer_key(self) -> Any:
        return self.did.key

    def count(self, question: rules.EventQuestion, window: rules.Window) -> Any:
        return self.did.count(question, window)

    def last(self, question: rules.EventQuestion, window: rules.Window) -> Any:
        return self.did.last(question, window)

    def aggregate(self, how: rules.Aggregate, question: rules.EventQuestion, window: rules.Window) -> Any:
        return self.did.aggregate(how, question, window)

    def is_member(self, segment_id: str) -> Any:
        raise LookupError(segment_id)


Event = tuple[int, str, datetime, dict[str, Any]]


class Plain:
    """The plainest reading of a list of events."""

    def __init__(self, events: Sequence[Event], who: int) -> None:
        self._events = [one for one in events if one[0] == who]

    customer_key = "plain"

    def count(self, question: rules.EventQuestion, window: rules.Window) -> int:
        return len(self._kept(question, window))

    def last(self, question: rules.EventQuestion, window: rules.Window) -> datetime | None:
        return max((at for at, _ in self._kept(question, window)), default=None)

    def aggregate(
        self, how: rules.Aggregate, question: rules.EventQuestion, window: rules.Window
    ) -> Decimal | int | None:
        stated = [facts[str(question.field)] for _, facts in self._kept(question, window)]
        values = [Decimal(str(one)) for one in stated if one is not None]
        if how == "values":
            return len(values)
        if not values:
            return None
        return {"sum": sum, "min": min, "max": max}[how](values)  # type: ignore[operator,no-any-return]

    def is_member(self, segment_id: str) -> bool:
        raise LookupError(segment_id)

    def _kept(self, question: rules.EventQuestion, window: rules.Window) -> list[tuple[datetime, dict[str, Any]]]:
        names = [one.name for one in KINDS[question.event_type].fields]
        told = [
            (at, {n: data.get(n) for n in names}) for _, kind, at, data in self._events if kind == question.event_type
        ]
        return [
            (at, facts)
            for at, facts in told
            if at <= window.until
            and (window.since is None or at > window.since)
            and rules.matches(question.filter, facts, now=window.until)
        ]


def tell(ids: Sequence[uuid.UUID], events: Sequence[Event]) -> None:
    """Write events into the store."""
    for who, kind, at, data in events:
        sql.execute(INSERT, [kind, str(ids[who]), at, dumps_exact(data).decode()])


RULES: list[Any] = [
    {"events_count": [PURCHASE, 30]},
    {"events_count": [PURCHASE, None, APP]},
    {"events_count": ["customer.login", 7]},
    {"events_last_days": [PURCHASE]},
    {"events_last_days": [PURCHASE, LARGE]},
    {"events_sum": [PURCHASE, "amount", 30]},
    {"events_avg": [PURCHASE, "amount", None, APP]},
    {"events_min": [PURCHASE, "amount", 14]},
    {"events_max": [PURCHASE, "quantity", None]},
    {"and": [{">=": [{"events_count": [PURCHASE, 30]}, 2]}, {"<": [{"events_last_days": [PURCHASE]}, 10]}]},
]
DATA = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.none() | st.decimals(0, 100, places=2) | st.integers(0, 90),
        "channel": st.sampled_from(["app", "shop", None, ""]),
        "quantity": st.integers(1, 9),
    },
)
# Also on the edges of windows: a whole number of days before now, to the microsecond, and just beside it.
MOMENTS = st.one_of(
    st.integers(0, 60 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    st.builds(
        lambda days, off: NOW - timedelta(days=days) + timedelta(microseconds=off),
        st.sampled_from([0, 7, 14, 30]),
        st.integers(-1, 1),
    ),
)
EVENTS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([PURCHASE, "customer.login"]), MOMENTS, DATA), max_size=12
)


@pytest.mark.django_db
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(events=[])
@given(events=EVENTS)
def test_every_question__one_customer_and_sets__say_what_a_plain_reading_says(db: None, events: list[Event]) -> None:
    ids = [uuid.uuid4() for _ in range(3)]
    sql.execute("CREATE TEMP TABLE IF NOT EXISTS asked_people (customer_id uuid)")
    sql.execute("TRUNCATE asked_people")
    sql.execute("INSERT INTO asked_people SELECT unnest(%s::uuid[])", [ids])
    tell(ids, events)
    for raw in RULES:
        rule = rules.check(raw, SCHEMA, expects="any")
        plain = [rules.evaluate(rule, {}, now=NOW, history=Plain(events, who)) for who in range(3)]
        single = [rules.evaluate(rule, {}, now=NOW, history=One(api.CustomerHistory(str(one)))) for one in ids]
        assert single == plain, raw
        for is_joined in (False, True):
            did = api.SetHistory(PEOPLE.c.customer_id, is_joined=is_joined)
            value = rules.compile_value(rule, {}, now=NOW, context=Many(did))
            rows = statements.fetch_all(select(PEOPLE.c.customer_id, value).select_from(did.joined(PEOPLE)))
            found = {row[0]: row[1] for row in rows}
            assert [found[one] for one in ids] == plain, (raw, is_joined)


WILD: list[Any] = [
    {"amount": "12.50", "channel": 7},
    {"amount": "a lot"},
    {"amount": [1, 2], "channel": {"a": "app"}},
    {"amount": True, "channel": None},
    {"amount": "1e400"},
    {"amount": Decimal("1e400"), "quantity": 10**40},
    {"amount": "NaN", "channel": "app' OR '1'='1"},
    {"channel": "ap\u0440 \u202e \U0001f600", "amount": "00012"},
    {},
]


@pytest.mark.django_db
def test_wild_data__whatever_was_sent__breaks_no_statement(db: None) -> None:
    one = uuid.uuid4()
    tell([one], [(0, PURCHASE, TOLD, data) for data in WILD])
    sql.execute(INSERT, [PURCHASE, str(one), TOLD, json.dumps([1, "text", None])])
    did = One(api.CustomerHistory(str(one)))
    assert (
        rules.evaluate(rules.check({"events_count": [PURCHASE, None]}, SCHEMA, expects="any"), {}, now=NOW, history=did)
        == 10
    )
    small = {"<": [{"var": "amount"}, 100]}
    kept = rules.check({"events_sum": [PURCHASE, "amount", None, small]}, SCHEMA, expects="any")
    assert rules.evaluate(kept, {}, now=NOW, history=did) == Decimal("24.5")
    quote = {"==": [{"var": "channel"}, "app' OR '1'='1"]}
    asked = rules.check({"events_count": [PURCHASE, None, quote]}, SCHEMA, expects="any")
    assert rules.evaluate(asked, {}, now=NOW, history=did) == 1


@pytest.mark.django_db
def test_filter__that_reads_the_clock__is_compiled_for_each_moment(db: None) -> None:
    one = uuid.uuid4()
    tell([one], [(0, PURCHASE, TOLD, {"amount": 1})])
    today = {"==": [{"today": []}, {"date": "2026-11-20"}]}
    rule = rules.check({"events_count": [PURCHASE, None, today]}, SCHEMA, expects="any")
    did = One(api.CustomerHistory(str(one)))
    assert rules.evaluate(rule, {}, now=NOW, history=did) == 1
    assert rules.evaluate(rule, {}, now=NOW + timedelta(days=1), history=did) == 0
    assert rules.evaluate(rule, {}, now=NOW, history=did) == 1


@pytest.mark.django_db
def test_one_customer__among_many_events__found_along_the_index(db: None) -> None:
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, key, occurred_at, data) SELECT gen_random_uuid(), %s, "
        "md5(n::text)::uuid::text, %s::timestamptz - n * interval '1 minute', '{}' FROM generate_series(1, 20000) n",
        [PURCHASE, NOW],
    )
    events.store_facts()
    sql.execute("ANALYZE events_stored")
    plan = sql.fetch_all(
        "EXPLAIN SELECT count(*) FROM events_store e WHERE e.lookup = hashtextextended('x customer.purchase', 0) "
        "AND e.key = 'x' AND e.type = 'customer.purchase' AND e.occurred_at > %s",
        [NOW - timedelta(days=30)],
    )
    assert any("hashtextextended_occurred_at_idx" in row["QUERY PLAN"] for row in plan)
    assert not any("Seq Scan on events_outbox" in row["QUERY PLAN"] for row in plan)


def test_event_types__of_the_platform__are_told_with_the_customer_as_their_key() -> None:
    assert {PURCHASE, "points.earned", "points.burned", "tier.upgraded", "message.opened"} <= set(KINDS)
    with pytest.raises(ValueError, match="Two kinds"):
        api.register_event_type(rules.EventType(PURCHASE, "Another"))
