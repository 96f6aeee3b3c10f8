"""Evaluator and compiler mean the same: generated rules over edge values, and mutants that must be caught."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import reduce
from itertools import chain
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Connection, Double, Integer, Numeric, Text, cast, func, not_, or_
from sqlalchemy.exc import DBAPIError

from loyalty.foundation.rules.api import Expects, Rule, RuleInvalid, check
from loyalty.foundation.rules.compiling import Compiler
from loyalty.foundation.rules.dialects.duckdb import DuckDBCompiler
from loyalty.foundation.rules.frame import Closure
from loyalty.foundation.rules.operators.arithmetic import plus
from loyalty.foundation.rules.operators.comparison import order_truth, truth_equal
from loyalty.foundation.rules.operators.dates import span_of
from loyalty.foundation.rules.operators.spec import Table
from loyalty.foundation.rules.operators.table import OPERATORS
from loyalty.foundation.rules.tree import Node
from loyalty.foundation.rules.types import NUMBERS
from tests.foundation.rules.differential import Comparison, filled_duck, filled_world, on_duck
from tests.foundation.rules.wild import WildMaker
from tests.foundation.rules.world import SCHEMA, RuleMaker, make_rows

SEED = 20261120
ROWS = make_rows(120, SEED)


def checked(make: Callable[[int], Any], count: int, expects: Expects) -> list[Rule]:
    """So many different generated rules."""
    rules: dict[str, Rule] = {}
    attempt = 0
    while len(rules) < count:
        rule = check(make(attempt % 4), SCHEMA, expects)
        rules.setdefault(rule.text, rule)
        attempt += 1
    return list(rules.values())


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    with filled_world(ROWS) as opened:
        yield opened


@pytest.fixture(scope="module")
def duck() -> Iterator[Connection]:
    with filled_duck(ROWS) as opened:
        yield opened


def make_all(scale: int) -> tuple[list[Rule], list[Rule]]:
    """Generated rules that choose, and rules that give a value: numbers, texts and verdicts."""
    values = [
        *checked(RuleMaker(SEED + 1).number, 8 * scale, "number"),
        *checked(RuleMaker(SEED + 2).text, 4 * scale, "any"),
        *checked(RuleMaker(SEED + 3).boolean, 5 * scale, "boolean"),
    ]
    return checked(RuleMaker(SEED).boolean, 30 * scale, "boolean"), values


def make_wild(count: int) -> list[Rule]:
    """Whatever the checker lets pass."""
    maker = WildMaker(SEED)
    rules: list[Rule] = []
    while len(rules) < count:
        try:
            rules.append(check(maker.rule(3), SCHEMA, "any"))
        except RuleInvalid:
            continue
    return rules


def test_postgresql__thousands_of_generated_rules__choose_and_compute_as_the_evaluator(connection: Connection) -> None:
    predicates, values = make_all(60)
    comparison = Comparison(connection, ROWS)
    assert list(comparison.disagreeing_predicates(predicates)) == []
    assert list(comparison.disagreeing_values(values)) == []
    assert comparison.refused == []


def test_duckdb__thousands_of_generated_rules__choose_and_compute_as_the_evaluator(duck: Connection) -> None:
    predicates, values = make_all(30)
    comparison = on_duck(duck, ROWS)
    assert list(comparison.disagreeing_predicates(predicates)) == []
    assert list(comparison.disagreeing_values(values)) == []
    # Numbers beyond 38 digits, quotients as values and binary fractions in arithmetic; most rules have none of these.
    assert comparison.compared > 4 * len(comparison.refused)


def test_wild_rules__whatever_the_checker_lets_pass__mean_the_same(connection: Connection, duck: Connection) -> None:
    rules = make_wild(800)
    for comparison in (Comparison(connection, ROWS), on_duck(duck, ROWS)):
        assert list(comparison.disagreeing_predicates(rules)) == []
        assert list(comparison.disagreeing_values(rules)) == []
        assert comparison.compared > 1_000


def test_negations__as_operands_of_a_comparison__keep_their_brackets(connection: Connection, duck: Connection) -> None:
    """Found by fuzzing: "NOT a IS DISTINCT FROM b" asks for NOT (a IS DISTINCT FROM b)."""
    quotient = {"/": [{"var": "revenue"}, {"var": "points"}]}
    negations: list[Any] = [
        {"!=": [quotient, -1]},
        {"none": [{"var": "scores"}, {"in": [{"var": ""}, [0, 3]]}]},
        {"all": [{"var": "tags"}, {"!=": [{"var": ""}, ""]}]},
        {"!": [{"var": "city"}]},
        {"!": [{"missing": ["city", "plan"]}]},
    ]
    flags: list[Any] = [{"var": "has_app"}, {"??": [{"var": "has_app"}, {"var": "is_new"}]}, {"!": [{"var": "is_new"}]}]
    rules = [
        check({symbol: sides}, SCHEMA, "boolean")
        for symbol in ("==", "!=")
        for negation in negations
        for flag in flags
        for sides in ([negation, flag], [flag, negation], [{"!": [negation]}, flag])
    ]
    for comparison in (Comparison(connection, ROWS), on_duck(duck, ROWS)):
        assert list(comparison.disagreeing_predicates(rules)) == []
        assert list(comparison.disagreeing_values(rules)) == []
        assert comparison.refused == []


# The mutants: each is one plausible mistake. A differential test that lets one of them pass proves nothing.


def line(name: str, **changes: Any) -> dict[str, Any]:
    """The operator table with one line changed."""
    return {**OPERATORS, name: replace(OPERATORS[name], **changes)}


def never_total(compiler: Compiler, node: Node, is_total: bool) -> ColumnElement[bool]:
    """An order test that stays NULL under NOT."""
    return order_truth("<")(compiler, node, False)


def null_is_zero(compiler: Compiler, node: Node, is_total: bool) -> ColumnElement[bool]:
    """The order of JavaScript, where null counts as 0."""
    if not all(arg.type.base in NUMBERS for arg in node.args):
        return order_truth("<")(compiler, node, is_total)
    values = [func.coalesce(compiler.number(arg), 0) for arg in node.args]
    return values[0] < values[1]


def ordered_against_null(node: Node, args: Sequence[Closure]) -> Closure:
    """An evaluator that orders null below everything."""

    def value(frame: Any) -> object:
        left: Any = args[0](frame)
        right: Any = args[1](frame)
        return right is not None and (left is None or left < right)

    return value


def bare_not(compiler: Compiler, node: Node, is_total: bool) -> ColumnElement[bool]:
    """NOT over a test that may be NULL."""
    return not_(compiler.truth(node.args[0], False))


def in_with_null(compiler: Compiler, node: Node, is_total: bool) -> ColumnElement[bool]:
    """IN with a null among its items, which SQL never finds."""
    needle, haystack = node.args
    if haystack.operator != "list":
        truth = OPERATORS["in"].truth
        assert truth is not None
        return truth(compiler, node, is_total)
    values = compiler.comparable((needle, *haystack.args))
    return compiler.settled(values[0].in_(values[1:]), is_total)


def missing_is_null(compiler: Compiler, node: Node, is_total: bool) -> ColumnElement[bool]:
    """missing that forgets the empty text."""
    return or_(*[compiler.value(arg).is_(None) for arg in node.args])


def sql_division(compiler: Compiler, node: Node) -> ColumnElement[Any]:
    """A division with the digits that the database likes."""
    dividend, divisor = (compiler.number(arg) for arg in node.args)
    return dividend / func.nullif(divisor, 0)


def unguarded_division(compiler: Compiler, node: Node) -> ColumnElement[Any]:
    """A division that the database refuses for a zero."""
    return func.div(compiler.number(node.args[0]), compiler.number(node.args[1]))


def greatest_known(compiler: Compiler, node: Node) -> ColumnElement[Any]:
    """GREATEST, which passes over NULL."""
    return func.greatest(*[compiler.number(arg) for arg in node.args])


def plain_different(compiler: Compiler, node: Node, is_total: bool) -> ColumnElement[bool]:
    """SQL's <>, which is NULL against NULL."""
    values = compiler.comparable(node.args)
    return compiler.settled(values[0] != values[1], is_total)


def all_of_nothing(compiler: Compiler, node: Node, is_total: bool) -> ColumnElement[bool]:
    """all as NOT EXISTS, which holds for an empty list."""
    none = OPERATORS["none"].truth
    assert none is not None
    opposite = Node("!", (node.args[1],), node.type, node.path)
    return none(compiler, Node("none", (node.args[0], opposite), node.type, node.path), is_total)


def in_empty_text(compiler: Compiler, node: Node, is_total: bool) -> ColumnElement[bool]:
    """strpos alone, which finds the empty text in the empty text."""
    if node.args[1].operator == "list" or node.args[1].type.is_list:
        truth = OPERATORS["in"].truth
        assert truth is not None
        return truth(compiler, node, is_total)
    return compiler.settled(func.strpos(compiler.value(node.args[1]), compiler.value(node.args[0])) > 0, is_total)


def half_up_only(compiler: Compiler, node: Node) -> ColumnElement[Any]:
    """round that forgets its mode."""
    places = node.value[0] if isinstance(node.value, tuple) else 0
    return func.round(compiler.number(node.args[0]), places)


def sum_of_known(node: Node, args: Sequence[Closure]) -> Closure:
    """A sum that passes over null."""

    def value(frame: Any) -> object:
        total: Any = 0
        for arg in args:
            number: Any = arg(frame)
            total = plus(total, number or 0)
        return total

    return value


def null_blind_equal(compiler: Compiler, node: Node, is_total: bool) -> ColumnElement[bool]:
    """Equality of two columns that forgets that null equals null."""
    test = truth_equal(compiler, node, is_total)
    values = [compiler.value(arg) for arg in node.args]
    return test & values[0].is_not(None)


def float_product(compiler: Compiler, node: Node) -> ColumnElement[Any]:
    """A product in binary fractions, printed with all its digits."""
    factors: list[ColumnElement[Any]] = [cast(compiler.number(arg), Double()) for arg in node.args]
    return cast(cast(reduce(operator.mul, factors), Text()), Numeric())


def days_of_utc(node: Node, args: Sequence[Closure]) -> Closure:
    """Days since an instant in UTC, whatever the zone of the rule."""

    def value(frame: Any) -> object:
        moment: Any = args[0](frame)
        day = moment.date() if isinstance(moment, datetime) else moment
        return None if day is None else (frame.today - day).days

    return value


def closed_window(compiler: Compiler, node: Node, is_total: bool) -> ColumnElement[bool]:
    """A window that holds the instant it begins with."""
    again = replace(node, value=replace(span_of(node), has_first=True))
    truth = OPERATORS["within_days"].truth
    assert truth is not None
    return truth(compiler, again, is_total)


def letters_of_ascii(node: Node, args: Sequence[Closure]) -> Closure:
    """Small letters of English only."""

    def value(frame: Any) -> object:
        text: Any = args[0](frame)
        return None if text is None else "".join(one.lower() if one.isascii() else one for one in text)

    return value


def bytes_of_text(compiler: Compiler, node: Node) -> ColumnElement[Any]:
    """The length in bytes."""
    operand = node.args[0]
    if operand.type.is_list:
        return compiler.count_items(operand)
    return func.octet_length(func.encode(compiler.value(operand)), type_=Integer())


class StepsUpwards(DuckDBCompiler):
    """A constant between two steps of a column becomes the step above."""

    def stepped(self, column: Node, constant: Node) -> ColumnElement[Any] | None:
        if super().stepped(column, constant) is None or not isinstance(constant.value, Decimal):
            return None
        return self.constant_number(constant.value.to_integral_value("ROUND_CEILING"))


class UnitesInSilence(DuckDBCompiler):
    """Values of which one is chosen under whatever type the database takes."""

    def united(self, nodes: Sequence[Node]) -> list[ColumnElement[Any]]:
        return [self.value(node) for node in nodes]


class OneOfTwoSigns(DuckDBCompiler):
    """A quotient compared by products, as if the divisor were never negative."""

    def _order_of_quotient(self, symbol: str, left: Node, right: Node) -> ColumnElement[bool]:
        test = super()._order_of_quotient(symbol, left, right)
        return getattr(test, "clauses", [test])[0]  # type: ignore[no-any-return]


class DatabaseRounds(DuckDBCompiler):
    """Every mode is the database's own."""

    def rounded(self, number: Callable[[], ColumnElement[Any]], places: int, mode: str) -> ColumnElement[Any]:
        return super().rounded(number, places, "half_up")


class NullableSettled(Compiler):
    """Tests that are never made total."""

    def settled(self, test: ColumnElement[bool], is_total: bool) -> ColumnElement[bool]:
        return test


MUTANTS: Mapping[str, dict[str, Any]] = {
    "order against null stays NULL under NOT": {"sql": line("<", truth=never_total)},
    "null counts as zero in SQL": {"sql": line("<", truth=null_is_zero)},
    "null is ordered in the evaluator": {"python": line("<", build=ordered_against_null)},
    "NOT without COALESCE": {"sql": line("!", truth=bare_not)},
    "nothing is made total": {"compiler": NullableSettled},
    "IN with a null item": {"sql": line("in", truth=in_with_null)},
    "missing forgets the empty text": {"sql": line("missing", truth=missing_is_null)},
    "products in floats": {"sql": line("*", value=float_product)},
    "division with the database's digits": {"sql": line("/", value=sql_division)},
    "GREATEST passes over NULL": {"sql": line("max", value=greatest_known)},
    "different as <>": {"sql": line("!=", truth=plain_different)},
    "all of nothing is true": {"sql": line("all", truth=all_of_nothing)},
    "the empty text is inside the empty text": {"sql": line("in", truth=in_empty_text)},
    "the mode of round is forgotten": {"sql": line("round", value=half_up_only)},
    "a sum passes over null": {"python": line("+", build=sum_of_known)},
    "null does not equal null": {"sql": line("==", truth=null_blind_equal)},
}


DUCK_MUTANTS: Mapping[str, dict[str, Any]] = {
    "order against null stays NULL under NOT": {"sql": line("<", truth=never_total)},
    "NOT without COALESCE": {"sql": line("!", truth=bare_not)},
    "IN with a null item": {"sql": line("in", truth=in_with_null)},
    "different as <>": {"sql": line("!=", truth=plain_different)},
    "all of nothing is true": {"sql": line("all", truth=all_of_nothing)},
    "days of UTC in the evaluator": {"python": line("days_since", build=days_of_utc)},
    "a window with its first instant": {"sql": line("within_days", truth=closed_window)},
    "letters of English only": {"python": line("lower", build=letters_of_ascii)},
    "length in bytes": {"sql": line("length", value=bytes_of_text)},
    "a constant becomes the step above": {"compiler": StepsUpwards},
    "choices round in silence": {"compiler": UnitesInSilence},
    "divisors are never negative": {"compiler": OneOfTwoSigns},
    "the database's own rounding": {"compiler": DatabaseRounds},
}


@pytest.fixture(scope="module")
def small_rules() -> tuple[list[Rule], list[Rule]]:
    """Rules enough to catch every mutant."""
    maker = RuleMaker(SEED + 4)
    return checked(maker.boolean, 700, "boolean"), checked(maker.number, 300, "number")


@pytest.fixture(scope="module")
def text_rules() -> list[Rule]:
    """Rules that give texts, enough for the mutants of text operators."""
    return checked(RuleMaker(SEED + 5).text, 150, "any")


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant__planted_in_one_of_the_two__is_caught(
    connection: Connection, small_rules: tuple[list[Rule], list[Rule]], name: str
) -> None:
    assert is_caught(Comparison(connection, ROWS, **MUTANTS[name]), *small_rules)


@pytest.mark.parametrize("name", DUCK_MUTANTS)
def test_mutant__planted_for_duckdb__is_caught(
    duck: Connection, small_rules: tuple[list[Rule], list[Rule]], text_rules: list[Rule], name: str
) -> None:
    predicates, numbers = small_rules
    assert is_told(on_duck(duck, ROWS, **DUCK_MUTANTS[name]), predicates, [*numbers, *text_rules])


def test_original__in_duckdb_without_a_mutant__agrees(
    duck: Connection, small_rules: tuple[list[Rule], list[Rule]], text_rules: list[Rule]
) -> None:
    predicates, numbers = small_rules
    assert not is_told(on_duck(duck, ROWS), predicates, [*numbers, *text_rules])


def test_mutant__division_is_not_guarded__is_refused_by_the_database(
    connection: Connection, small_rules: tuple[list[Rule], list[Rule]]
) -> None:
    mutant = Comparison(connection, ROWS, sql=line("/", value=unguarded_division))
    with pytest.raises(DBAPIError, match="division by zero"), connection.begin_nested():
        is_caught(mutant, *small_rules)


def test_original__the_same_rules_without_a_mutant__agree(
    connection: Connection, small_rules: tuple[list[Rule], list[Rule]]
) -> None:
    assert not is_caught(Comparison(connection, ROWS), *small_rules)


def is_caught(comparison: Comparison, predicates: Sequence[Rule], numbers: Sequence[Rule]) -> bool:
    """Whether the two sides disagree about any of these rules."""
    disagreements = chain(comparison.disagreeing_predicates(predicates), comparison.disagreeing_values(numbers))
    return next(disagreements, None) is not None


def is_told(comparison: Comparison, predicates: Sequence[Rule], values: Sequence[Rule]) -> bool:
    """Whether the two sides disagree, or the database refuses the statement."""
    try:
        return is_caught(comparison, predicates, values)
    except DBAPIError:
        comparison.start_again()
        return True


def test_generated_rules__every_compilable_operator__is_among_them() -> None:
    maker = RuleMaker(SEED)
    text = " ".join(rule.text for rule in checked(maker.boolean, 1_000, "boolean"))
    table: Table = OPERATORS
    row_only = {"map", "filter", "reduce", "merge"}
    absent = [
        name for name, one in table.items() if not one.is_internal and one.asks == "facts" and f'"{name}"' not in text
    ]
    assert set(absent) <= row_only
