"""Behavioural operators ask a history in Python and a context in SQL, and are offered only where a schema says so."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty.foundation.rules.api import (
    Aggregate,
    EventQuestion,
    EventType,
    Field,
    FieldType,
    RuleFault,
    RuleInvalid,
    RuleNotCompilable,
    Schema,
    SegmentName,
    Window,
    bucket_of,
    check,
    compile_predicate,
    conjuncts,
    evaluate,
    leaves,
    matches,
    questions,
    say,
    uses_buckets,
    uses_fields,
    uses_history,
    uses_segments,
)
from tests.foundation.rules.world import NOW

GOLD = "01935b4e-8a2f-7c31-9d2e-5f6a7b8c9d0e"
SCHEMA = Schema(
    (Field("visits", FieldType.INTEGER, "Visits"), Field("city", FieldType.TEXT, "City")),
    zone="Asia/Dubai",
    events=(
        EventType(
            "purchase",
            "Purchase",
            (Field("amount", FieldType.DECIMAL, "Amount"), Field("channel", FieldType.TEXT, "Channel")),
        ),
        EventType("login", "Login"),
    ),
    segments=(SegmentName(GOLD, "Gold"),),
    has_buckets=True,
)
Event = tuple[str, datetime, dict[str, Any]]


class Diary:
    """A history in memory: the plainest reading of the protocol."""

    def __init__(self, events: list[Event], segments: frozenset[str] = frozenset(), key: str = "c-1") -> None:
        self._events = events
        self._segments = segments
        self._key = key

    @property
    def customer_key(self) -> str:
        return self._key

    def count(self, question: EventQuestion, window: Window) -> int:
        return len(self._kept(question, window))

    def last(self, question: EventQuestion, window: Window) -> datetime | None:
        return max((at for at, _ in self._kept(question, window)), default=None)

    def aggregate(self, how: Aggregate, question: EventQuestion, window: Window) -> Decimal | int | None:
        field = question.field or ""
        values = [facts[field] for _, facts in self._kept(question, window) if facts.get(field) is not None]
        if how == "values":
            return len(values)
        if not values:
            return None
        return sum(values) if how == "sum" else (min if how == "min" else max)(values)  # type: ignore[no-any-return]

    def is_member(self, segment_id: str) -> bool:
        return segment_id in self._segments

    def _kept(self, question: EventQuestion, window: Window) -> list[tuple[datetime, dict[str, Any]]]:
        return [
            (at, facts)
            for name, at, facts in self._events
            if name == question.event_type
            and at <= window.until
            and (window.since is None or at > window.since)
            and matches(question.filter, facts, now=window.until)
        ]


def at(**back: float) -> datetime:
    """A moment before the reference."""
    return NOW - timedelta(**back)


DIARY = Diary(
    [
        ("purchase", at(days=30), {"amount": Decimal("100")}),
        ("purchase", at(days=29, hours=23), {"amount": Decimal("7"), "channel": "app"}),
        ("purchase", at(days=1), {"amount": Decimal("0.10"), "channel": "app"}),
        ("purchase", at(hours=1), {"amount": None}),
        ("purchase", at(hours=-1), {"amount": Decimal("5000")}),
    ],
    frozenset({GOLD}),
)
APP = {"==": [{"var": "channel"}, "app"]}


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({"events_count": ["purchase", 30]}, 3),
        ({"events_count": ["purchase", None]}, 4),
        ({"events_count": ["purchase", 30, APP]}, 2),
        ({"events_count": ["login", 30]}, 0),
        ({"events_last_days": ["purchase"]}, 0),
        ({"events_last_days": ["purchase", APP]}, 1),
        ({"events_last_days": ["login"]}, None),
        ({"events_sum": ["purchase", "amount", 30]}, Decimal("7.1")),
        ({"events_avg": ["purchase", "amount", 30]}, Decimal("3.55")),
        ({"events_min": ["purchase", "amount", None]}, Decimal("0.1")),
        ({"events_max": ["purchase", "amount", None]}, 100),
        ({"events_max": ["purchase", "amount", 1, APP]}, None),
        ({"events_sum": ["purchase", "amount", 1, APP]}, 0),
    ],
)
def test_events__measured__count_only_the_window_and_the_filter(rule: dict[str, Any], wanted: object) -> None:
    assert evaluate(check(rule, SCHEMA, "number"), {}, now=NOW, history=DIARY) == wanted


def test_last_days__evening_across_midnight__count_in_the_zone_of_the_schema() -> None:
    late = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    diary = Diary([("login", datetime(2026, 11, 20, 19, 0, tzinfo=UTC), {})])
    rule = {"events_last_days": ["login"]}
    assert evaluate(check(rule, SCHEMA, "number"), {}, now=late, history=diary) == 1
    assert evaluate(check(rule, SCHEMA, "number", profile=1), {}, now=late, history=diary) == 0


def test_did_at_least__segment__bucket__answer_yes_or_no() -> None:
    did = {">=": [{"events_count": ["purchase", 30]}, 3]}
    assert evaluate(check(did, SCHEMA), {}, now=NOW, history=DIARY) is True
    assert evaluate(check({"!": [{"in_segment": [GOLD]}]}, SCHEMA), {}, now=NOW, history=DIARY) is False
    bucket = {"<": [{"bucket": ["spring", 100]}, 10]}
    drawn = [evaluate(check(bucket, SCHEMA), {}, now=NOW, history=Diary([], key=str(key))) for key in range(1_000)]
    assert 70 < sum(bool(one) for one in drawn) < 130


def test_bucket__known_key__is_the_documented_hash() -> None:
    # printf 'spring:<key>' | md5sum
    assert bucket_of("spring", GOLD, 100) == 0xFC321CE0 % 100
    assert {bucket_of("spring", str(key), 3) for key in range(50)} == {0, 1, 2}


@pytest.mark.parametrize(
    ("rule", "code", "path"),
    [
        ({"events_count": ["refund", 30]}, "rule.unknown_event", "/events_count/0"),
        ({"events_count": [{"var": "city"}, 30]}, "rule.unknown_event", "/events_count/0"),
        ({"events_count": ["login", 0]}, "rule.bad_literal", "/events_count/1"),
        ({"events_count": ["login", 1.5]}, "rule.bad_literal", "/events_count/1"),
        ({"events_sum": ["purchase", "city", 30]}, "rule.unknown_field", "/events_sum/1"),
        ({"events_sum": ["purchase", "channel", 30]}, "rule.type_mismatch", "/events_sum/1"),
        (
            {"events_count": ["purchase", 3, {"==": [{"var": "city"}, "x"]}]},
            "rule.unknown_field",
            "/events_count/2/==/0",
        ),
        ({"events_count": ["purchase", 3, {"events_count": ["login", 3]}]}, "rule.not_offered", "/events_count/2"),
        ({"events_count": ["purchase", 3, 1]}, "rule.not_boolean", "/events_count/2"),
        ({"in_segment": ["nobody"]}, "rule.unknown_segment", "/in_segment/0"),
        ({"bucket": ["سلام", 10]}, "rule.bad_literal", "/bucket/0"),
        ({"bucket": ["a", 0]}, "rule.bad_literal", "/bucket/1"),
    ],
)
def test_check__wrong_behaviour__is_refused_with_code_and_place(rule: object, code: str, path: str) -> None:
    with pytest.raises(RuleInvalid) as caught:
        check(rule, SCHEMA, "any")
    assert [(one.code, one.field) for one in caught.value.problems] == [(code, path)]


def test_check__schema_that_offers_nothing__knows_no_behaviour() -> None:
    plain = Schema(SCHEMA.fields)
    for rule in ({"events_count": ["login", 3]}, {"in_segment": [GOLD]}, {"bucket": ["a", 2]}):
        for schema in (plain, None):
            with pytest.raises(RuleInvalid) as caught:
                check(rule, schema, "any")
            assert caught.value.problems[0].code == "rule.not_offered"


def test_evaluate__nobody_answers__is_a_fault_and_not_false() -> None:
    with pytest.raises(RuleFault, match="nobody answers"):
        evaluate(check({"in_segment": [GOLD]}, SCHEMA), {}, now=NOW)
    with pytest.raises(RuleNotCompilable, match="in_segment at the top of the rule"):
        compile_predicate(check({"in_segment": [GOLD]}, SCHEMA), {}, now=NOW)


def test_asking__rule_of_all_kinds__tells_what_it_reads() -> None:
    rule = check(
        {
            "and": [
                {">": [{"var": "visits"}, 3]},
                {"and": [{"or": [{"in_segment": [GOLD]}, {"<": [{"bucket": ["a", 10]}, 5]}]}, {"var": "city"}]},
                {">": [{"events_count": ["purchase", 30, APP]}, 2]},
            ]
        },
        SCHEMA,
    )
    assert uses_fields(rule) == {"visits", "city"}
    assert uses_history(rule)
    assert uses_segments(rule) == {GOLD}
    assert uses_buckets(rule)
    (question,) = questions(rule)
    assert (question.event_type, question.field, question.days) == ("purchase", None, 30)
    assert question.filter is not None
    assert question.filter.text == '{"==":[{"var":"channel"},"app"]}'
    assert [leaf.path for leaf in leaves(rule)] == [
        "/and/0",
        "/and/1/and/0/or/0",
        "/and/1/and/0/or/1",
        "/and/1/and/1",
        "/and/2",
    ]
    parts = conjuncts(rule)
    assert [uses_fields(part) for part in parts] == [{"visits"}, set(), {"city"}, set()]
    for facts in ({"visits": 4, "city": "Oslo"}, {"visits": 4, "city": ""}, {"visits": 3, "city": "Oslo"}):
        whole = evaluate(rule, facts, now=NOW, history=DIARY)
        assert whole is all(evaluate(part, facts, now=NOW, history=DIARY) for part in parts)


def test_say__behaviour__reads_as_a_sentence() -> None:
    rule = {">=": [{"events_count": ["purchase", 30, {">": [{"var": "amount"}, 5]}]}, 3]}
    assert say(check(rule, SCHEMA)) == (
        'the number of events "Purchase" in the last 30 days (where Amount is more than 5) is at least 3'
    )
    assert say(check({"in_segment": [GOLD]}, SCHEMA)) == 'the customer is in the segment "Gold"'
