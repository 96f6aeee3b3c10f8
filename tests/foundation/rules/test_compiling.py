"""The shape of the SQL: bare comparisons for indexes, bind values, and what is refused."""

import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, ColumnElement, Date, Double, Integer, Numeric, Text, column
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import NullType

from loyalty.foundation.rules.api import RuleNotCompilable, check, compile_predicate, compile_value
from tests.foundation.rules.differential import COLUMNS
from tests.foundation.rules.world import NOW, SCHEMA

PLAIN: dict[str, ColumnElement[Any]] = {
    "visits": column("visits", Integer),
    "points": column("points", BigInteger),
    "revenue": column("revenue", Numeric(14, 2)),
    "usage": column("usage", Double),
    "city": column("city", Text),
    "has_app": column("has_app", Boolean),
}


def sql(rule: object, columns: dict[str, ColumnElement[Any]] | None = None) -> str:
    """The condition as PostgreSQL reads it."""
    predicate = compile_predicate(check(rule, SCHEMA), columns or PLAIN, now=NOW)
    return " ".join(str(predicate.compile(dialect=postgresql.dialect())).split())  # type: ignore[no-untyped-call]


def bind_values(rule: object) -> list[object]:
    """The bind values of a condition."""
    predicate = compile_predicate(check(rule, SCHEMA), PLAIN, now=NOW)
    return list(predicate.compile().params.values())


def test_order__where_null_counts_as_false__is_bare_for_the_index() -> None:
    rule = {"and": [{">": [{"var": "revenue"}, 1000]}, {"<": [{"var": "visits"}, 30]}]}
    assert sql(rule) == "revenue > CAST(%(param_1)s AS NUMERIC) AND visits < %(param_2)s"


def test_order__under_not__is_made_total() -> None:
    assert sql({"!": [{"<": [{"var": "visits"}, 30]}]}) == "(NOT coalesce(visits < %(param_1)s, false))"


def test_literals__take_the_type_of_their_column() -> None:
    assert bind_values({">": [{"var": "revenue"}, 1000.05]}) == [Decimal("1000.05")]
    assert bind_values({">": [{"var": "usage"}, 0.1]}) == [0.1]
    assert bind_values({">": [{"var": "visits"}, 30]}) == [30]


@pytest.mark.parametrize(
    ("rule", "test", "value"),
    [
        ({">": [{"var": "revenue"}, 1000.005]}, "revenue > ", Decimal("1000.00")),
        ({">=": [{"var": "visits"}, 2.5]}, "visits > ", 2),
        ({"<": [{"var": "visits"}, -2.5]}, "visits <= ", -3),
        ({"<": [2.5, {"var": "visits"}]}, "visits > ", 2),
    ],
)
def test_constants__between_two_steps_of_a_column__become_the_step_below(
    rule: object, test: str, value: object
) -> None:
    assert sql(rule).startswith(test)
    assert bind_values(rule) == [value]


def test_days_since__against_a_constant__compares_the_column_itself() -> None:
    column_of: dict[str, ColumnElement[Any]] = {"joined_on": column("joined_on", Date)}
    assert sql({"<": [{"days_since": [{"var": "joined_on"}]}, 30]}, column_of) == "joined_on >= %(param_1)s"


def test_text_order__uses_code_points_whatever_the_collation() -> None:
    assert 'city COLLATE "C"' in sql({"<": [{"var": "city"}, "b"]})


def test_texts__are_bind_values_and_never_part_of_the_statement() -> None:
    rule = {"==": [{"var": "city"}, "'; DROP TABLE customers; --"]}
    assert "DROP" not in sql(rule)
    assert bind_values(rule) == ["'; DROP TABLE customers; --"]


def test_division__is_guarded_against_zero() -> None:
    assert "nullif" in sql({">": [{"/": [{"var": "revenue"}, {"var": "visits"}]}, 1]})


@pytest.mark.parametrize(
    ("rule", "operator", "path"),
    [
        ({"==": [{"reduce": [{"var": "scores"}, {"var": "current"}, 0]}, 1]}, "reduce", "/==/0"),
        ({"!": [{"filter": [{"var": "tags"}, True]}]}, "filter", "/!/0"),
        ({"in": ["a", {"merge": [{"var": "tags"}, ["b"]]}]}, "merge", "/in/1"),
        ({"some": [{"map": [{"var": "scores"}, {"var": ""}]}, True]}, "some", ""),
    ],
)
def test_compile__row_only_operator__is_refused_by_name_and_place(rule: object, operator: str, path: str) -> None:
    with pytest.raises(RuleNotCompilable) as caught:
        compile_predicate(check(rule, SCHEMA), COLUMNS, now=NOW)
    assert caught.value.facts == {"operator": operator, "path": path}
    assert caught.value.code == "rule.not_compilable"


def test_compile__field_without_a_column__is_refused() -> None:
    with pytest.raises(RuleNotCompilable, match='no column for the field "plan"'):
        sql({"==": [{"var": "plan"}, "Gold"]})


def test_compile__rule_without_a_schema__is_refused() -> None:
    with pytest.raises(RuleNotCompilable, match="schema"):
        compile_predicate(check({"==": [{"var": "a"}, 1]}, None), PLAIN, now=NOW)


def test_compile__column_without_a_type__takes_that_of_its_field() -> None:
    bare: dict[str, ColumnElement[Any]] = {"revenue": column("revenue", NullType())}
    assert sql({">": [{"var": "revenue"}, 1]}, bare) == "revenue > CAST(%(param_1)s AS NUMERIC)"


def test_compile_value__missing_names__have_no_form() -> None:
    with pytest.raises(RuleNotCompilable, match="no form in SQL"):
        compile_value(check({"missing": ["city"]}, SCHEMA, "any"), PLAIN, now=NOW)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: {"max": [inner, 1]},
        lambda inner: {"and": [inner, {"var": "visits"}]},
        lambda inner: {"round": [inner, 0, "half_even"]},
        lambda inner: {"if": [{"<": [0, inner, 5]}, inner, 1]},
    ],
)
def test_compile__operands_that_double_at_every_level__are_refused_and_not_written_out(wrap: Any) -> None:
    rule: Any = {"var": "visits"}
    for _ in range(5):
        rule = wrap(rule)
    for _ in range(20):
        rule = {"max": [rule, 1]}
    with pytest.raises(RuleNotCompilable, match="too long"):
        compile_value(check(rule, SCHEMA, "any"), PLAIN, now=NOW)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: {"!": [inner]},
        lambda inner: {"and": [inner, {">": [{"var": "visits"}, 1]}]},
        lambda inner: {"if": [{"==": [{"var": "city"}, "a"]}, True, inner]},
        lambda inner: {"==": [inner, True]},
    ],
)
def test_compile__deepest_allowed_rule__fits_the_stack_of_a_web_request(wrap: Any) -> None:
    rule: Any = {"==": [{"var": "city"}, "a"]}
    for _ in range(30):
        rule = wrap(rule)
    assert sys.getrecursionlimit() >= 1_000
    assert at_depth(150, lambda: sql(rule))


def at_depth(frames: int, act: Callable[[], str]) -> str:
    """Act below so many frames, as a view below its middleware does."""
    return act() if frames == 0 else at_depth(frames - 1, act)


def test_duckdb__product_of_two_whole_numbers__is_not_made_in_64_bits() -> None:
    rule = check({">": [{"*": [{"var": "visits"}, {"var": "visits"}]}, 5]}, SCHEMA)
    text = str(compile_predicate(rule, PLAIN, now=NOW, dialect_name="duckdb"))
    assert "CAST(CAST(visits AS NUMERIC(10, 0)) AS NUMERIC(19, 0)) * CAST(visits AS NUMERIC(10, 0))" in text


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({"==": [{"if": [{"var": "has_app"}, None]}, {"var": "visits"}]}, "NULL IS NOT DISTINCT FROM visits"),
        ({"==": [{"??": [{"if": [{"var": "has_app"}, None]}, {"var": "visits"}]}, 5]}, "coalesce(NULL, visits) = "),
    ],
)
def test_compile__choice_of_nothing_but_null__is_null_and_no_text(rule: object, wanted: str) -> None:
    assert wanted in sql(rule)
