"""The public suites: the official one passes whole, the community one is counted against a recorded figure."""

import json
from typing import Any

import pytest

from loyalty.foundation.rules.api import RuleFault, RuleInvalid, check, evaluate, rule_like
from tests.foundation.rules.suites import FOLDER, is_json_equal, read_suite
from tests.foundation.rules.world import NOW

# The community suite describes a newer dialect (null + 1 is 1, errors for NaN, val, try); the reference json-logic-js
# passes 782 of its 1,138 cases. Ours may not change by accident, in either direction.
COMMUNITY_PASSED = 765
COMMUNITY_CASES = 1_138


def passes(rule: object, data: object, wanted: object) -> bool:
    """Whether a case comes out as its suite says."""
    try:
        return is_json_equal(evaluate(check(rule, None, "any"), data, now=NOW), wanted)
    except (RuleInvalid, RuleFault):
        return False


def test_official_suite__without_a_schema__passes_whole() -> None:
    cases = read_suite("official_tests.json")
    failed = [case for case in cases if not passes(*case)]
    assert (len(cases), failed) == (277, [])


def test_rule_like_suite__every_pattern__passes_whole() -> None:
    cases = read_suite("rule_like.json")
    failed = [case for case in cases if rule_like(case[0], case[1]) is not case[2]]
    assert (len(cases), failed) == (39, [])


def test_community_suite__without_a_schema__passes_as_many_as_recorded() -> None:
    cases = [as_case(case) for name in read_index() for case in read_suite(f"community/{name}")]
    passed = sum("error" not in case and passes(case["rule"], case.get("data"), case["result"]) for case in cases)
    assert (len(cases), passed) == (COMMUNITY_CASES, COMMUNITY_PASSED)


def read_index() -> list[str]:
    """The files of the community suite: its index holds nothing but their names."""
    path = FOLDER / "community" / "index.json"
    if not path.is_file():
        pytest.skip("the community suite is not beside this repository")
    names: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return names


def as_case(case: Any) -> dict[str, Any]:
    """A case as an object; the compatible ones are written as lists."""
    return case if isinstance(case, dict) else {"rule": case[0], "data": case[1], "result": case[2]}
