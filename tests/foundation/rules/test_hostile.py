"""Whatever is handed in, the engine answers, refuses with a code, or names a fault; nothing else ever leaves it."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.foundation.rules.api import (
    RuleFault,
    RuleInvalid,
    RuleNotCompilable,
    canonical,
    check,
    compile_predicate,
    evaluate,
    explain,
    list_operators,
    parse_text,
    rule_like,
    say,
)
from tests.foundation.rules.differential import COLUMNS
from tests.foundation.rules.world import NOW, SCHEMA, make_rows

NAMES = [entry.name for entry in list_operators()]
FIELDS = [field.name for field in SCHEMA.fields]
ROWS = make_rows(30, 3)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=6),
    st.sampled_from(["2026-11-20", "0.10", "", "tags", "visits", "\x00", "a.b.c", "9" * 30]),
)
facts = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
)
variables = st.one_of(st.sampled_from([*FIELDS, "", "current", "accumulator"])).map(lambda name: {"var": name})


def calls(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any operator with any operands, or a list."""
    operands = st.one_of(st.lists(inner, max_size=4), inner)
    return st.one_of(
        st.lists(inner, max_size=3), st.builds(lambda name, given: {name: given}, st.sampled_from(NAMES), operands)
    )


rules = st.recursive(st.one_of(scalars, variables), calls, max_leaves=12)


@settings(max_examples=600, deadline=None, derandomize=True, database=None)
@given(rule=rules, data=facts)
def test_untyped__any_rule_and_any_data__gives_a_value_or_a_refusal(rule: Any, data: Any) -> None:
    try:
        checked = check(rule, None, "any")
        evaluate(checked, data, now=NOW)
    except (RuleInvalid, RuleFault):
        return
    assert say(checked)
    assert explain(checked, data, now=NOW).trace


@settings(max_examples=800, deadline=None, derandomize=True, database=None)
@given(rule=rules, index=st.integers(0, len(ROWS) - 1))
def test_typed__any_rule__is_refused_when_checked_or_never(rule: Any, index: int) -> None:
    try:
        checked = check(rule, SCHEMA, "any")
    except RuleInvalid as refusal:
        assert refusal.problems
        return
    assert say(checked)
    value = evaluate(checked, ROWS[index], now=NOW)
    assert explain(checked, ROWS[index], now=NOW).value == value
    try:
        str(compile_predicate(checked, COLUMNS, now=NOW))
    except RuleNotCompilable as refusal:
        assert refusal.facts["operator"]


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(data=facts, other=facts)
def test_any_value__measured__has_a_text_or_a_refusal(data: Any, other: Any) -> None:
    try:
        text = canonical(data)
    except RuleInvalid:
        return
    assert canonical(parse_text(text)) == text
    assert canonical(Decimal(0)) == "0"
    try:
        assert rule_like(data, other) in (True, False)
    except RuleInvalid:
        return


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    text=st.one_of(st.text(max_size=60), st.text(alphabet='[]{}",:1.e-\\ntrue', max_size=60), st.binary(max_size=40))
)
def test_any_text__parsed__is_a_rule_or_refused(text: str | bytes) -> None:
    try:
        canonical(parse_text(text))
    except RuleInvalid as refusal:
        assert refusal.problems
