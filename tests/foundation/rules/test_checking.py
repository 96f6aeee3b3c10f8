"""What the checker refuses: every problem has a code and a place, and nothing hostile gets past the measuring."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest

from loyalty.foundation.rules.api import Expects, Field, FieldType, RuleInvalid, Schema, canonical, check, parse_text
from tests.foundation.rules.world import SCHEMA


def problems(rule: object, expects: Expects = "boolean") -> list[tuple[str, str]]:
    """The codes and places of what is wrong with a rule."""
    with pytest.raises(RuleInvalid) as caught:
        check(rule, SCHEMA, expects)
    return [(one.code, one.field) for one in caught.value.problems]


def text_problem(text: str | bytes) -> str:
    """The code of what is wrong with a text."""
    with pytest.raises(RuleInvalid) as caught:
        parse_text(text)
    return caught.value.problems[0].code


def nested(levels: int) -> Any:
    """A rule so many operators deep."""
    rule: Any = True
    for _ in range(levels):
        rule = {"!": [rule]}
    return rule


@pytest.mark.parametrize(
    ("rule", "code", "path"),
    [
        ({"exec": ["rm"]}, "rule.unknown_operator", ""),
        ({"and": [{"==": [1, 1]}, {"method": ["a", "__class__"]}]}, "rule.unknown_operator", "/and/1"),
        ({"literal": [1]}, "rule.unknown_operator", ""),
        ({"log": ["x"]}, "rule.unknown_operator", ""),
        ({">": [{"var": "no_such"}, 1]}, "rule.unknown_field", "/>/0"),
        ({">": [{"var": {"cat": ["vis", "its"]}}, 1]}, "rule.bad_literal", "/>/0"),
        ({">": [{"var": "city"}, 1]}, "rule.type_mismatch", ""),
        ({"==": [{"var": "has_app"}, 1]}, "rule.type_mismatch", ""),
        ({"<": [{"var": "has_app"}, True]}, "rule.type_mismatch", "/</0"),
        ({"+": [{"var": "city"}, 1]}, "rule.type_mismatch", "/+/0"),
        ({"==": [{"var": "tags"}, ["a"]]}, "rule.type_mismatch", "/==/0"),
        ({"<": [{"var": "joined_on"}, {"var": "seen_at"}]}, "rule.type_mismatch", "/</0"),
        ({"in": [{"var": "visits"}, [1, "a"]]}, "rule.bad_literal", "/in/1/1"),
        ({"in": [1, {"var": "tags"}]}, "rule.type_mismatch", ""),
        ({">": [{"var": "revenue"}, "ten"]}, "rule.bad_literal", "/>/1"),
        ({">": [{"var": "joined_on"}, "2026-02-30"]}, "rule.bad_literal", "/>/1"),
        ({"==": [{"date": ["yesterday"]}, {"today": []}]}, "rule.bad_literal", "/==/0"),
        ({"within_days": [{"var": "joined_on"}, "30"]}, "rule.bad_literal", ""),
        ({"==": [1]}, "rule.arity", ""),
        ({"<": [1, 2, 3, 4]}, "rule.arity", ""),
        ({">": [3, 2, 1]}, "rule.arity", ""),
        ({"!": [{"if": [True]}]}, "rule.arity", "/!/0"),
        ({"!": [{"missing": ["city", "no_such"]}]}, "rule.unknown_field", "/!/0"),
        ({"!": [{"missing_some": [3, ["city", "plan"]]}]}, "rule.bad_literal", "/!/0"),
        ({"some": [{"var": "tags"}, {"==": [{"var": "city"}, "a"]}]}, "rule.unknown_field", "/some/1/==/0"),
        ({"==": [{"round": [1, 99]}, 1]}, "rule.bad_literal", "/==/0"),
        ({"==": [{"round": [1, 0, "bankers"]}, 1]}, "rule.bad_literal", "/==/0"),
        ({"a": 1, "b": 2}, "rule.bad_shape", ""),
        ({}, "rule.bad_shape", ""),
        ({"+": [1, 2]}, "rule.not_boolean", ""),
        ([True], "rule.not_boolean", ""),
        ({"==": [{"var": "city"}, "a\x00b"]}, "rule.bad_literal", "/==/1"),
        ({"==": [{"var": "city"}, "\ud800"]}, "rule.bad_literal", "/==/1"),
        ({"==": [{"var": "visits"}, math.nan]}, "rule.bad_literal", "/==/1"),
        ({"==": [{"var": "visits"}, Decimal("Infinity")]}, "rule.bad_literal", "/==/1"),
        ({"==": [{"var": "visits"}, 10**39]}, "rule.bad_literal", "/==/1"),
        ({"==": [{"var": "visits"}, Decimal("1e999999")]}, "rule.bad_literal", "/==/1"),
        ({"==": [{"var": "visits"}, Decimal("1e-999999")]}, "rule.bad_literal", "/==/1"),
        ({"==": [{"var": "city"}, "x" * 5_000]}, "rule.too_large", "/==/1"),
        ({"==": [{"var": "city"}, object()]}, "rule.bad_literal", "/==/1"),
        ({1: [2]}, "rule.bad_shape", ""),
        ({"in": [{"var": "visits"}, list(range(1_001))]}, "rule.too_large", "/in/1"),
    ],
)
def test_check__broken_rule__names_code_and_place(rule: object, code: str, path: str) -> None:
    assert (code, path) in problems(rule)


def test_check__text_where_a_number_is_expected__says_so() -> None:
    assert problems({"var": "city"}, "number") == [("rule.not_number", "")]


def test_check__several_mistakes__are_all_told_at_once() -> None:
    rule = {"and": [{">": [{"var": "nope"}, 1]}, {"bad": []}, {"==": [{"var": "city"}, 5]}]}
    assert [code for code, _ in problems(rule)] == ["rule.unknown_field", "rule.unknown_operator", "rule.type_mismatch"]


def test_check__thirty_two_levels__are_allowed_and_one_more_is_not() -> None:
    assert check(nested(32), SCHEMA).result_type == "boolean"
    assert problems(nested(33))[0][0] == "rule.too_deep"
    assert problems(nested(40))[0][0] == "rule.too_deep"


def test_check__operator_names_with_slashes__are_escaped_in_the_place() -> None:
    assert ("rule.type_mismatch", "/~1/0") in problems({"/": [{"var": "city"}, 1]}, "number")


@pytest.mark.parametrize("shape", ["lists", "operators", "sugar", "own_tail"])
def test_check__bomb_of_twenty_thousand_levels__is_refused_without_recursion(shape: str) -> None:
    bomb: Any = 1
    for _ in range(20_000):
        bomb = {"lists": [bomb], "operators": {"!": [bomb]}, "sugar": {"!": bomb}, "own_tail": [bomb]}[shape]
    if shape == "own_tail":
        bomb = []
        bomb.append(bomb)
    for verb in (canonical, lambda rule: check(rule, SCHEMA), lambda rule: check(rule, None, "any")):
        with pytest.raises(RuleInvalid) as caught:
            verb(bomb)
        assert caught.value.problems[0].code == "rule.too_deep"
    if shape == "own_tail":
        bomb.clear()
    unwind(bomb)


def unwind(bomb: Any) -> None:
    """Take a deep value apart, so that freeing it needs no recursion either."""
    while isinstance(bomb, (list, dict)) and bomb:
        bomb = bomb.pop() if isinstance(bomb, list) else bomb.popitem()[1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 20_000 + "]" * 20_000, "rule.too_deep"),
        ('{"!":' * 20_000 + "1" + "}" * 20_000, "rule.too_deep"),
        ("[" * 20_000, "rule.too_deep"),
        ('{"and": [', "rule.not_json"),
        ("", "rule.not_json"),
        ("{'a': 1}", "rule.not_json"),
        ('{"==": [1, 1]} trailing', "rule.not_json"),
        (b"\xff\xfe", "rule.not_json"),
        ('{"==": [NaN, 1]}', "rule.bad_literal"),
        ('{"==": [-Infinity, 1]}', "rule.bad_literal"),
        ('{"==": [1e999999999999999999999, 1]}', "rule.bad_literal"),
        ('{"==": [1' + "0" * 5_000 + ", 1]}", "rule.bad_literal"),
        ('{"and": [true], "and": [false]}', "rule.bad_shape"),
        ('{"==": [1, "' + "x" * 300_000 + '"]}', "rule.too_large"),
        ('"' + '\\"' * 130_000, "rule.not_json"),
        ('{"or": [' + ",".join(["{}"] * 2) + "]}", "rule.bad_shape"),
    ],
)
def test_parse_text__hostile_or_broken_text__is_refused_by_code(text: str | bytes, code: str) -> None:
    assert text_problem(text) == code


def test_parse_text__brackets_inside_texts__do_not_count_as_levels() -> None:
    assert parse_text(json.dumps({"==": [{"var": "city"}, "[" * 1_000]})) == {"==": [{"var": "city"}, "[" * 1_000]}


def test_check__five_hundred_parts__is_the_most() -> None:
    assert check({"or": [{"==": [1, 1]}] * 166}, SCHEMA).result_type == "boolean"
    assert problems({"or": [{"==": [1, 1]}] * 167})[0][0] == "rule.too_large"


def test_check__many_long_lists__are_refused_together() -> None:
    rule = {"or": [{"in": [{"var": "visits"}, list(range(1_000))]}] * 11}
    assert problems(rule)[0][0] == "rule.too_large"


def test_canonical__same_rule_written_differently__has_one_text() -> None:
    one = parse_text('{ "*" : [ {"var":"revenue"}, 0.10, 1e2, -0.0 ] }')
    assert canonical(one) == '{"*":[{"var":"revenue"},0.1,100,0]}'
    assert canonical({"*": [{"var": "revenue"}, 0.1, 100.0, 0]}) == canonical(one)


def test_canonical__many_digits__survive() -> None:
    text = '{"*":[{"var":"revenue"},0.12345678901234567890123456789]}'
    assert canonical(parse_text(text)) == text


def test_schema__field_named_twice__is_refused() -> None:
    field = Field("a", FieldType.TEXT, "A")
    with pytest.raises(ValueError, match="once"):
        Schema((field, field))


def test_check__same_rule_and_schema__is_remembered() -> None:
    rule = {">": [{"var": "visits"}, 3]}
    assert check(rule, SCHEMA) is check({">": [{"var": "visits"}, 3.0]}, SCHEMA)
    other = Schema((Field("visits", FieldType.DECIMAL, "Visits"),))
    assert check(rule, SCHEMA) != check(rule, other)


@pytest.mark.parametrize(
    ("rule", "code", "repair"),
    [
        ({"==": [{"var": "city"}, 5]}, "rule.type_mismatch", 'Write "5" in quotation marks'),
        ({"==": [{"var": "city"}, True]}, "rule.type_mismatch", 'Write "true" in quotation marks'),
        ({"==": [{"var": "has_app"}, 1]}, "rule.type_mismatch", "Write true, without"),
        ({"==": [{"var": "has_app"}, "false"]}, "rule.type_mismatch", "Write false, without"),
        ({"==": [{"var": "visits"}, True]}, "rule.type_mismatch", "Write 1, or ask"),
        ({"<": [{"var": "joined_on"}, 30]}, "rule.type_mismatch", "days_since"),
        ({"<": [{"var": "joined_on"}, {"var": "seen_at"}]}, "rule.type_mismatch", "days_since"),
        ({"==": [{"var": "city"}, {"var": "visits"}]}, "rule.type_mismatch", "one type in the catalogue"),
        ({"<": [{"var": "has_app"}, {"var": "is_new"}]}, "rule.type_mismatch", "Ask with =="),
        ({"==": [{"var": "tags"}, ["a"]]}, "rule.type_mismatch", "Ask with in"),
        ({"==": [{"var": "visits"}, "many"]}, "rule.bad_literal", "Write a number as"),
        ({">": [{"var": "plan"}, "9"]}, "rule.ambiguous", "number's type in the catalogue"),
        ({"<=": ["1.5", {"var": "plan"}]}, "rule.ambiguous", "number's type in the catalogue"),
    ],
)
def test_check__sides_that_do_not_meet__are_refused_with_the_repair(rule: object, code: str, repair: str) -> None:
    with pytest.raises(RuleInvalid) as caught:
        check(rule, SCHEMA)
    problem = caught.value.problems[0]
    assert problem.code == code
    assert repair in problem.message
    assert repair in caught.value.detail


def test_check__list_of_ten_thousand_items__is_refused_by_its_limit() -> None:
    for size, codes in ((1_000, []), (1_001, ["rule.too_large"]), (10_000, ["rule.too_large"])):
        try:
            check({"in": [{"var": "visits"}, list(range(size))]}, SCHEMA)
            found: list[str] = []
        except RuleInvalid as refusal:
            found = [one.code for one in refusal.problems]
        assert found == codes


def test_merge__of_nothing_known__is_a_list_and_no_number() -> None:
    assert problems({"floor": [{"merge": [None]}]}, "any") == [("rule.type_mismatch", "/floor/0")]
