"""Databases that no test has at hand: their SQL as recorded, and nothing of a rule in it but bind values."""

import re

import pytest

from loyalty.foundation.rules.api import RuleInvalid, RuleNotCompilable, check, compile_predicate
from loyalty.foundation.rules.dialects.registry import dialect_names
from tests.foundation.rules import recording
from tests.foundation.rules.world import NOW, SCHEMA, RuleMaker

RECORDED = [(name, rule, sql) for name in recording.DIALECTS for rule, sql in recording.read(name)]


@pytest.mark.parametrize(("name", "rule", "sql"), RECORDED)
def test_recorded_rule__compiled__reads_as_it_was_recorded(name: str, rule: str, sql: str) -> None:
    assert recording.write_rule(rule, name) == sql


@pytest.mark.parametrize("name", recording.DIALECTS)
def test_generated_rules__compiled__hold_no_text_of_the_rule_and_no_constant_test(name: str) -> None:
    maker, written = RuleMaker(5), 0
    for index in range(400):
        rule = check(maker.boolean(index % 4), SCHEMA)
        try:
            condition = compile_predicate(rule, recording.COLUMNS, now=NOW, dialect_name=name)
        except RuleNotCompilable as refusal:
            assert refusal.facts["operator"]
            continue
        text = str(condition.compile(dialect=recording.DIALECTS[name]))
        written += 1
        assert set(re.findall(r"'([^']*)'", text)) <= {"NLS_SORT=BINARY", "UTC"}
        assert "WHEN 0 THEN" not in text
        assert "WHEN 1 THEN" not in text
    assert written > 200


def test_dialect__unknown__is_refused_by_name() -> None:
    assert dialect_names() == ("postgresql", "duckdb", "oracle", "snowflake")
    with pytest.raises(RuleNotCompilable, match='no dialect "mysql"'):
        compile_predicate(
            check({"==": [{"var": "city"}, "a"]}, SCHEMA), recording.COLUMNS, now=NOW, dialect_name="mysql"
        )


def test_refusal__names_operator_and_place() -> None:
    rule = check({"and": [{">": [{"+": [{"var": "usage"}, 1]}, 2]}]}, SCHEMA)
    with pytest.raises(RuleNotCompilable) as caught:
        compile_predicate(rule, recording.COLUMNS, now=NOW, dialect_name="snowflake")
    assert caught.value.facts == {"operator": "var", "path": "/and/0/>/0/+/0"}
    with pytest.raises(RuleInvalid):
        check({"+": []}, SCHEMA)
