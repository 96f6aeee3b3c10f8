"""Setting an attribute of a whole batch: once for each key, by the kind of the attribute, and known to later steps."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.customers import api as customers
from loyalty.customers.models import AttributeChange, AttributeValues
from loyalty.foundation.kernel.actor import Actor
from loyalty.journeys.models import Execution
from loyalty.journeys.policy.reasons import say
from tests.delivery.post import make_customers
from tests.journeys import ground
from tests.journeys.kinds.scene import action, call, rows

pytestmark = pytest.mark.django_db
KIND = "update_attribute"


@pytest.fixture
def plan(db: None, actor: Actor, now: datetime) -> customers.AttributeView:
    """A choice of two plans, and a score."""
    customers.define_attribute(code="score", label="Score", kind="number", actor=actor, now=now)
    return customers.define_attribute(
        code="plan", label="Plan", kind="choice", choices=("blue", "gold"), actor=actor, now=now
    )


def test_perform__the_same_rows_twice__is_done_once_with_the_first_outcomes(
    plan: customers.AttributeView, now: datetime
) -> None:
    at = rows(make_customers(["Ada", "Bob"], now))
    node = call(KIND, attribute="plan", value="gold")
    seen = action(KIND).preview(node, at[0], now=now)
    assert (seen.branch, seen.words, seen.shown) == (
        "success", "“Plan” becomes gold.", {"attribute": "Plan", "value_before": None, "value": "gold"},
    )  # fmt: skip
    assert say(seen.words, "ar") == "تصبح السمة «Plan» gold."
    assert not AttributeChange.objects.exists()
    first = action(KIND).perform_set(node, at, now=now)
    assert [(one.branch, one.result) for one in first] == [
        ("success", {"attribute": "plan", "value": "gold", "value_before": None})
    ] * 2
    assert action(KIND).perform_set(node, at, now=now) == first
    assert AttributeChange.objects.count() == 2
    assert "is gold already" in action(KIND).preview(node, at[0], now=now).words
    gone = action(KIND).perform_set(call(KIND, attribute="plan", clear=True), rows([at[0].customer_id]), now=now)
    assert (gone[0].branch, gone[0].result["value"], gone[0].result["value_before"]) == ("success", None, "gold")


def test_perform__values_of_each_row__those_that_do_not_fit_fail_alone_and_missing_ones_skip(
    plan: customers.AttributeView, now: datetime
) -> None:
    people = make_customers(["Ada", "Bob", "Cid"], now)
    at = [
        rows([people[0]], {"event": {"amount": 12.5}})[0], rows([people[1]], {"event": {"amount": "much"}})[0],
        rows([people[2]])[0],
    ]  # fmt: skip
    node = call(KIND, attribute="score", value="{{event.amount}}")
    told = action(KIND).perform_set(node, at, now=now)
    assert [one.branch for one in told] == ["success", "failure", "skip"]
    assert (str(told[0].result["value"]), told[1].result["code"]) == ("12.5", "customer.attribute_value_invalid")
    assert [one.branch for one in (action(KIND).preview(node, row, now=now) for row in at)] == [
        "success", "failure", "skip",
    ]  # fmt: skip
    assert list(AttributeValues.objects.values_list("customer_id", flat=True)) == [at[0].customer]


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"attribute": "colour", "value": "red"}, "journeys.attribute_unknown"),
        ({"attribute": "retired", "value": "red"}, "journeys.attribute_unknown"),
        ({"attribute": "plan", "value": "red"}, "journeys.attribute_value"),
        ({"attribute": "score", "value": "many"}, "journeys.attribute_value"),
        ({"attribute": "plan"}, "journeys.attribute_value"),
        ({"attribute": "plan", "value": "gold", "clear": True}, "journeys.attribute_value"),
        ({"attribute": "score", "value": "{{customer.first_name}}"}, "journeys.attribute_value"),
        ({"attribute": "score", "value": "{{weather.today}}"}, "journeys.variable_unknown"),
        ({"attribute": "score", "value": "{{event.amount}}"}, None),
        ({"attribute": "plan", "clear": True}, None),
    ],
)
def test_problems__of_a_config__name_what_is_wrong(
    plan: customers.AttributeView, actor: Actor, now: datetime, config: dict[str, Any], code: str | None
) -> None:
    retired = customers.define_attribute(code="retired", label="Retired", kind="text", actor=actor, now=now)
    customers.change_attribute(attribute_id=retired.id, changes={"is_active": False}, actor=actor, now=now)
    found = action(KIND).problems_of(config)
    assert [one.code for one in found] == ([code] if code else [])
    assert all(one.repair for one in found)


def test_perform__attribute_gone_or_retired_meanwhile__fails_with_the_code(
    plan: customers.AttributeView, actor: Actor, now: datetime
) -> None:
    at = rows(make_customers(["Ada"], now))
    customers.change_attribute(attribute_id=plan.id, changes={"is_active": False}, actor=actor, now=now)
    for code in ("plan", "colour"):
        told = action(KIND).perform_set(call(KIND, attribute=code, value="gold"), at, now=now)
        assert (told[0].branch, told[0].result) == ("failure", {"code": "journeys.attribute_unknown"})
        assert action(KIND).preview(call(KIND, attribute=code, value="gold"), at[0], now=now).branch == "failure"


def test_journey__sets_an_attribute__a_condition_behind_it_reads_it(
    plan: customers.AttributeView, actor: Actor, now: datetime
) -> None:
    ada, bob, cid = make_customers(["Ada", "Bob", "Cid"], now)
    graph = ground.graph_of(
        {
            "w": ground.wait(),
            "set": {
                "kind": "action",
                "config": {"action_type": KIND, "attribute": "plan", "value": "{{context.plan}}"},
            },
            "asks": {"kind": "condition", "config": {"rule": {"==": [{"var": "attribute_plan"}, "gold"]}}},
            "gold": {"kind": "end", "config": {"outcome": "gold"}},
            "blue": {"kind": "end", "config": {"outcome": "blue"}},
            "none": {"kind": "end", "config": {"outcome": "none"}},
        },
        ["start w", "w set", "set:success asks", "set:skip asks", "asks:yes gold", "asks:no blue", "asks:unknown none",
            "set:failure end"],
    )  # fmt: skip
    loaded = ground.make_journey(now, graph)
    for one, told in ((ada, "gold"), (bob, "blue"), (cid, None)):
        ground.let_in(loaded, [one], now, context={"plan": told})
    ground.run(now + timedelta(days=1))
    outcomes = dict(Execution.objects.values_list("customer_id", "outcome"))
    assert [outcomes[ground.internal_id(one)] for one in (ada, bob, cid)] == ["gold", "blue", "none"]
    assert AttributeChange.objects.filter(source="journey").count() == 2
