"""What rules come to: the profile, example by example."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty.foundation.rules.api import Field, FieldType, RuleFault, Schema, check, evaluate, explain, uses_fields
from tests.foundation.rules.world import NOW, SCHEMA, TODAY

EARN = {"if": [{">": [{"var": "transaction_amount"}, 100]}, {"*": [{"var": "transaction_amount"}, 0.1]}, 0]}
BURN = {"/": [{"var": "points_requested"}, 100]}
EVENT = Schema(
    (
        Field("transaction_amount", FieldType.DECIMAL, "Transaction amount", is_nullable=False),
        Field("points_requested", FieldType.INTEGER, "Points requested", is_nullable=False),
    )
)


def value(rule: object, **facts: Any) -> Any:
    """The value of a rule over the test schema."""
    return evaluate(check(rule, SCHEMA, "any"), facts, now=NOW)


def loose(rule: object, data: object = None) -> Any:
    """The value of a rule without a schema."""
    return evaluate(check(rule, None, "any"), data, now=NOW)


@pytest.mark.parametrize(
    ("amount", "points"),
    [("199.99", "19.999"), ("100", "0"), ("100.01", "10.001"), ("19.99", "0"), ("99999999999.99", "9999999999.999")],
)
def test_earn_rule__of_the_user_guide__is_exact(amount: str, points: str) -> None:
    rule = check(EARN, EVENT, "number")
    assert evaluate(rule, {"transaction_amount": Decimal(amount)}, now=NOW) == Decimal(points)


def test_earn_rule__amount_as_a_float__counts_by_its_shortest_text() -> None:
    earned = evaluate(check(EARN, EVENT, "number"), {"transaction_amount": 199.99}, now=NOW)
    assert (type(earned), earned) == (Decimal, Decimal("19.999"))


def test_burn_rule__of_the_user_guide__gives_the_discount() -> None:
    rule = check(BURN, EVENT, "number")
    assert evaluate(rule, {"points_requested": 500}, now=NOW) == 5
    assert evaluate(rule, {"points_requested": 1_234}, now=NOW) == Decimal("12.34")


@pytest.mark.parametrize("rule", [EARN, BURN])
def test_money_rules__without_a_schema__are_exact_too(rule: object) -> None:
    facts = {"transaction_amount": Decimal("199.99"), "points_requested": Decimal("1999.9")}
    assert loose(rule, facts) in (Decimal("19.999"), Decimal("19.999"))


@pytest.mark.parametrize(
    ("rule", "facts", "wanted"),
    [
        ({"<": [{"var": "visits"}, 30]}, {"visits": None}, False),
        ({">=": [{"var": "visits"}, 0]}, {}, False),
        ({"!": [{"<": [{"var": "visits"}, 30]}]}, {}, True),
        ({"==": [{"var": "visits"}, None]}, {}, True),
        ({"==": [{"var": "visits"}, 0]}, {}, False),
        ({"!=": [{"var": "visits"}, 0]}, {}, True),
        ({"<": [1, {"var": "visits"}, 5]}, {"visits": 3}, True),
        ({"<=": [1, {"var": "visits"}, 5]}, {}, False),
        ({"var": ["visits", 7]}, {"visits": None}, 7),
        ({"var": ["visits", 7]}, {}, 7),
        ({"??": [{"var": "visits"}, {"var": "points"}, 9]}, {"points": 4}, 4),
        ({"+": [{"var": "visits"}, 1]}, {}, None),
        ({"max": [{"var": "visits"}, 1]}, {}, None),
        ({"/": [1, 0]}, {}, None),
        ({"%": [1, 0]}, {}, None),
        ({"%": [-7, 3]}, {}, -1),
        ({"%": [7, -3]}, {}, 1),
        ({"/": [1, 3]}, {}, Decimal("0." + "3" * 38)),
        ({"/": [2, 3]}, {}, Decimal("0." + "6" * 38)),
        ({"+": [0.1, 0.2]}, {}, Decimal("0.3")),
        ({"-": [5]}, {}, -5),
        ({"round": [2.5]}, {}, 3),
        ({"round": [-2.5]}, {}, -3),
        ({"round": [2.5, 0, "half_even"]}, {}, 2),
        ({"round": [2.345, 2]}, {}, Decimal("2.35")),
        ({"round": [1250, -2]}, {}, 1_300),
        ({"round": [2.001, 2, "up"]}, {}, Decimal("2.01")),
        ({"round": [2.009, 2, "down"]}, {}, Decimal("2.00")),
        ({"floor": [-1.5]}, {}, -2),
        ({"ceil": [1.01]}, {}, 2),
        ({"floor": [19.999]}, {}, 19),
        ({"missing": ["city", "plan", "visits"]}, {"city": "", "visits": 0}, ["city", "plan"]),
        ({"missing_some": [1, ["city", "plan"]]}, {"plan": "x"}, []),
        ({"in": [{"var": "city"}, ["Paris", None]]}, {}, True),
        ({"in": [{"var": "city"}, ["Paris"]]}, {}, False),
        ({"in": ["ari", {"var": "city"}]}, {"city": "Paris"}, True),
        ({"in": ["", {"var": "city"}]}, {"city": ""}, False),
        ({"contains": [{"var": "tags"}, "a"]}, {"tags": ["a"]}, True),
        ({"contains": [{"var": "city"}, "ris"]}, {"city": "Paris"}, True),
        ({"starts_with": [{"var": "city"}, "Pa"]}, {"city": "Paris"}, True),
        ({"ends_with": [{"var": "city"}, "is"]}, {}, False),
        ({"cat": [{"var": "city"}, "-", 1.50, {"var": "has_app"}]}, {"has_app": True}, "-1.5true"),
        ({"substr": ["jsonlogic", -5, -2]}, {}, "log"),
        ({"substr": [{"var": "city"}, 1]}, {}, None),
        ({"and": [{"var": "visits"}, {"var": "points"}]}, {"visits": 0, "points": 5}, 0),
        ({"or": [{"var": "visits"}, {"var": "points"}]}, {"visits": 0, "points": 5}, 5),
        ({"all": [{"var": "scores"}, {">": [{"var": ""}, 0]}]}, {"scores": []}, False),
        ({"all": [{"var": "scores"}, {">": [{"var": ""}, 0]}]}, {"scores": [1, 2]}, True),
        ({"none": [{"var": "tags"}, {"==": [{"var": ""}, "a"]}]}, {}, True),
        ({"some": [{"var": "tags"}, {"==": [{"var": ""}, "a"]}]}, {"tags": ["b", "a"]}, True),
        ({"filter": [{"var": "scores"}, {">": [{"var": ""}, 1]}]}, {"scores": [1, 2, 3]}, [2, 3]),
        ({"map": [{"var": "scores"}, {"*": [{"var": ""}, 2]}]}, {"scores": [1, 2]}, [2, 4]),
        ({"merge": [{"var": "tags"}, ["z"]]}, {"tags": ["a"]}, ["a", "z"]),
        ({"==": [{"var": "revenue"}, "0.10"]}, {"revenue": Decimal("0.1")}, True),
        ({"within_days": [{"var": "joined_on"}, 30]}, {"joined_on": TODAY - timedelta(days=29)}, True),
        ({"within_days": [{"var": "joined_on"}, 30]}, {"joined_on": TODAY - timedelta(days=30)}, False),
        ({"within_days": [{"var": "joined_on"}, -2]}, {"joined_on": TODAY + timedelta(days=2)}, True),
        ({"within_days": [{"var": "joined_on"}, -2]}, {"joined_on": TODAY}, False),
        ({"within_days": [{"var": "joined_on"}, 30]}, {"joined_on": TODAY + timedelta(days=1)}, False),
        ({"within_days": [{"var": "seen_at"}, 1]}, {"seen_at": NOW}, True),
        ({"within_days": [{"var": "seen_at"}, 1]}, {"seen_at": NOW - timedelta(days=1)}, False),
        ({"days_since": [{"var": "joined_on"}]}, {"joined_on": "2026-11-01"}, 19),
        ({"<": [{"var": "seen_at"}, {"days_ago": [1]}]}, {"seen_at": "2026-11-18T22:59:59Z"}, True),
        ({"==": [{"today": []}, "2026-11-20"]}, {}, True),
        ({"!": [{"!": [{"missing": ["city"]}]}]}, {}, True),
    ],
)
def test_evaluate__profile__gives_the_documented_value(rule: object, facts: dict[str, Any], wanted: object) -> None:
    got = value(rule, **facts)
    assert got == wanted
    assert isinstance(got, bool) == isinstance(wanted, bool)


def test_reduce__sum_of_a_list__is_exact() -> None:
    rule = {"reduce": [{"var": "scores"}, {"+": [{"var": "current"}, {"var": "accumulator"}]}, 0]}
    assert value(rule, scores=[Decimal("0.1")] * 10) == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"visits": "three"},
        {"visits": 1.5},
        {"visits": True},
        {"visits": float("nan")},
        {"visits": 10**40},
        {"visits": [1]},
    ],
)
def test_evaluate__fact_of_another_type__is_a_fault_and_not_false(facts: dict[str, Any]) -> None:
    with pytest.raises(RuleFault, match="visits"):
        value({">": [{"var": "visits"}, 1]}, **facts)


@pytest.mark.parametrize(
    "body",
    [
        {"cat": [{"var": "accumulator"}, {"var": "accumulator"}, "x"]},
        {"merge": [{"var": "accumulator"}, {"var": "accumulator"}, 1]},
        {"*": [{"var": "accumulator"}, {"var": "accumulator"}, 1.1]},
    ],
)
def test_evaluate__value_that_doubles_without_end__is_a_fault(body: object) -> None:
    rule = check({"reduce": [{"var": "list"}, body, 3]}, None, "any")
    with pytest.raises(RuleFault):
        evaluate(rule, {"list": [1] * 1_000}, now=NOW)


def test_evaluate__nested_loops__end_with_the_step_budget() -> None:
    body: Any = {"var": ""}
    for _ in range(5):
        body = {"map": [[1] * 100, body]}
    with pytest.raises(RuleFault, match="steps"):
        loose(body)


def test_evaluate__now_without_a_zone__is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="zone"):
        evaluate(check(True, SCHEMA), {}, now=datetime(2026, 11, 20))  # noqa: DTZ001


def test_evaluate__instant_in_another_zone__is_the_same_instant() -> None:
    there = datetime.fromisoformat("2026-11-20T15:30:00+01:00")
    assert value({"==": [{"var": "seen_at"}, {"datetime": ["2026-11-20T14:30:00Z"]}]}, seen_at=there) is True
    assert there.astimezone(UTC) == NOW


def test_facts__nested_objects__are_reached_by_dotted_names() -> None:
    schema = Schema((Field("plan.name", FieldType.TEXT, "Plan"),))
    rule = check({"==": [{"var": "plan.name"}, "Gold"]}, schema)
    assert evaluate(rule, {"plan": {"name": "Gold"}}, now=NOW) is True
    assert evaluate(rule, {"plan.name": "Gold"}, now=NOW) is True
    assert evaluate(rule, {}, now=NOW) is False


def test_uses_fields__rule_with_tests_of_absence__names_every_fact() -> None:
    rule = check(
        {"and": [{"!": [{"missing": ["city", "plan"]}]}, {">": [{"var": ["visits", {"var": "points"}]}, 1]}]}, SCHEMA
    )
    assert uses_fields(rule) == {"city", "plan", "visits", "points"}


def test_uses_fields__body_of_a_list_operator__names_only_the_list() -> None:
    rule = check({"some": [{"var": "tags"}, {"==": [{"var": ""}, "a"]}]}, SCHEMA)
    assert uses_fields(rule) == {"tags"}
    untyped = check({"some": [{"var": "items"}, {"==": [{"var": "sku"}, "a"]}]}, None, "any")
    assert uses_fields(untyped) == {"items"}


@pytest.mark.parametrize(
    "rule, facts, expected",
    [
        ({"missing": ["city"]}, {}, True),
        ({"missing": ["city"]}, {"city": "Beirut"}, False),
        ({"or": [{"missing": ["city"]}, {">": [{"var": "visits"}, 1]}]}, {"city": "Beirut", "visits": 0}, False),
        ({"or": [{"missing": ["city"]}, {">": [{"var": "visits"}, 1]}]}, {"city": "", "visits": 0}, True),
        ({"if": [{"missing": ["city"]}, {"missing": ["plan"]}, False]}, {}, True),
    ],
)
def test_rule__that_gives_a_list_where_a_yes_is_wanted__is_asked_for_its_truth(
    rule: object, facts: dict[str, object], expected: bool
) -> None:
    assert evaluate(check(rule, SCHEMA), facts, now=NOW) is expected
    assert explain(check(rule, SCHEMA), facts, now=NOW).value is expected
