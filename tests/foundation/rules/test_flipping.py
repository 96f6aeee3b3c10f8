"""The smallest change that would make a rule come out otherwise, with target values that were tried."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty.foundation.rules.api import Flip, RuleFault, check, evaluate, flips
from tests.foundation.rules.test_behaviour import DIARY, GOLD
from tests.foundation.rules.test_behaviour import SCHEMA as BEHAVIOUR
from tests.foundation.rules.test_explaining import SEGMENT, TELECOM
from tests.foundation.rules.world import NOW, SCHEMA, TODAY, RuleMaker, make_rows


def told(rule: object, facts: dict[str, Any], schema: Any = SCHEMA) -> list[tuple[list[str], dict[str, Any]]]:
    """What would have to be otherwise, in words and as facts."""
    found = flips(check(rule, schema), facts, now=NOW)
    return [([change.said for change in flip.changes], dict(flip.facts)) for flip in found]


def test_flips__just_below__names_the_target_and_the_least_change() -> None:
    assert told(SEGMENT, {"total_revenue": 940, "last_purchase_days_ago": 3}, TELECOM) == [
        (["Total revenue must be above 1000, is 940"], {"total_revenue": Decimal("1000.01")})
    ]


def test_flips__member__names_each_condition_that_could_fall() -> None:
    assert told(SEGMENT, {"total_revenue": Decimal(1500), "last_purchase_days_ago": 3}, TELECOM) == [
        (["Total revenue must be at most 1000, is 1500"], {"total_revenue": 1000}),
        (["Days since last purchase must be at least 30, is 3"], {"last_purchase_days_ago": 30}),
    ]


def test_flips__never_bought_and_too_little__names_both_as_one_set() -> None:
    assert told(SEGMENT, {"total_revenue": 940}, TELECOM) == [
        (
            [
                "Total revenue must be above 1000, is 940",
                "Days since last purchase must be below 30, is not known",
            ],
            {"total_revenue": Decimal("1000.01"), "last_purchase_days_ago": 0},
        )
    ]


@pytest.mark.parametrize(
    ("rule", "facts", "wanted"),
    [
        ({"in": [{"var": "city"}, ["Oslo", "Rome"]]}, {"city": "Bonn"}, {"city": "Oslo"}),
        ({"!=": [{"var": "city"}, None]}, {}, {"city": "-"}),
        ({"==": [{"var": "visits"}, 7]}, {"visits": 100}, {"visits": 7}),
        ({"<=": [3, {"var": "visits"}, 5]}, {"visits": 9}, {"visits": 5}),
        ({">": [{"*": [{"var": "revenue"}, 2]}, 10]}, {"revenue": 1}, {"revenue": Decimal("5.01")}),
        ({"starts_with": [{"var": "plan"}, "gold"]}, {"plan": "a"}, {"plan": "gold"}),
        ({"in": ["vip", {"var": "tags"}]}, {"tags": ["a"]}, {"tags": ["a", "vip"]}),
        ({"==": [{"var": "has_app"}, True]}, {"has_app": False}, {"has_app": True}),
        ({"within_days": [{"var": "joined_on"}, 30]}, {"joined_on": TODAY - timedelta(days=90)}, {"days": -29}),
        ({"<": [{"days_since": [{"var": "joined_on"}]}, 10]}, {"joined_on": None}, {"days": 0}),
        # The nearest city that helps one condition would harm the other: the set is solved as a whole.
        (
            {"and": [{">": [{"var": "visits"}, 5]}, {"<": [{"var": "visits"}, 8]}]},
            {"visits": 5},
            {"visits": 6},
        ),
    ],
)
def test_flips__one_fact__gets_the_nearest_value(rule: object, facts: dict[str, Any], wanted: dict[str, Any]) -> None:
    if "days" in wanted:
        wanted = {"joined_on": TODAY + timedelta(days=wanted["days"])}
    assert flips(check(rule, SCHEMA), facts, now=NOW)[0].facts == wanted


def test_flips__behaviour_and_segments__are_told_without_facts() -> None:
    rule = {"and": [{">=": [{"events_count": ["purchase", 30]}, 5]}, {"!": [{"in_segment": [GOLD]}]}]}
    (flip,) = flips(check(rule, BEHAVIOUR), {}, now=NOW, history=DIARY)
    assert [change.said for change in flip.changes] == [
        'the number of events "Purchase" in the last 30 days must be at least 5, is 3',
        'this must not hold: the customer is in the segment "Gold"',
    ]
    assert [(one.requirement, one.target, one.value) for one in flip.changes] == [
        ("at_least", 5, 3),
        ("false", None, None),
    ]
    assert flip.facts == {}


def test_flips__nothing_can_change__gives_none() -> None:
    assert flips(check({"<": [{"bucket": ["a", 10]}, 11]}, BEHAVIOUR), {}, now=NOW, history=DIARY) == ()
    assert flips(check({"and": [{">": [{"var": "visits"}, 1]}, False]}, SCHEMA), {"visits": 3}, now=NOW) == ()
    for impossible in ({"<": [{"events_count": ["login", 5]}, 0]}, {"==": [{"events_count": ["login", 5]}, None]}):
        assert flips(check(impossible, BEHAVIOUR), {}, now=NOW, history=DIARY) == ()


def test_flips__any_generated_rule__every_answer_does_flip_it() -> None:
    maker, rows = RuleMaker(11), make_rows(40, 11)
    answered = 0
    for index in range(300):
        rule, row = check(maker.boolean(index % 4), SCHEMA), rows[index % len(rows)]
        found = flips(rule, row, now=NOW, most=3)
        answered += bool(found)
        assert len({len(flip.changes) for flip in found}) <= 1
        for flip in found:
            assert_flips(rule, row, flip)
    assert answered > 200


def assert_flips(rule: Any, row: dict[str, Any], flip: Flip) -> None:
    """With the facts of the answer the rule comes out otherwise."""
    try:
        after = evaluate(rule, {**row, **flip.facts}, now=NOW)
    except RuleFault:
        after = None
    assert after is not evaluate(rule, row, now=NOW), rule.text
    assert all(change.said and change.words for change in flip.changes)
