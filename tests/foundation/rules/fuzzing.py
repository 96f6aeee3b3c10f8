"""Far more generated rules than a test run has time for: evaluator, PostgreSQL and DuckDB over edge values.

``python -m tests.foundation.rules.fuzzing --rules 100000 --seed 7`` compares so many rules, in rounds with rows
of their own, and prints each disagreement with the seed that made it; it ends with 1 when there was one.
PostgreSQL is compared where DATABASE_URL names one.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from sqlalchemy.exc import DBAPIError

from loyalty.foundation.rules.api import Expects, Rule, RuleInvalid, check
from tests.foundation.rules.differential import Comparison, filled_duck, filled_world, on_duck
from tests.foundation.rules.wild import WildMaker
from tests.foundation.rules.world import SCHEMA, RuleMaker, make_rows

ROUND = 2_000


def make_round(seed: int) -> Iterator[tuple[Rule, bool]]:
    """The rules of one round, each with whether it chooses or gives a value."""
    maker, wild = RuleMaker(seed), WildMaker(seed)
    kinds: list[tuple[Callable[[int], Any], Expects, bool]] = [
        (maker.boolean, "boolean", True),
        (maker.boolean, "boolean", False),
        (maker.number, "number", False),
        (maker.text, "any", False),
        (wild.rule, "any", True),
        (wild.rule, "any", False),
    ]
    for index in range(ROUND):
        make, expects, is_predicate = kinds[index % len(kinds)]
        try:
            yield check(make(index % 5), SCHEMA, expects), is_predicate
        except RuleInvalid:
            continue


def disagreements(comparison: Comparison, rules: Sequence[tuple[Rule, bool]]) -> Iterator[str]:
    """Where a database says otherwise; a statement that fails is tried rule by rule."""
    for is_predicate in (True, False):
        chosen = [rule for rule, is_one in rules if is_one is is_predicate]
        compare = comparison.disagreeing_predicates if is_predicate else comparison.disagreeing_values
        for start in range(0, len(chosen), 40):
            part = chosen[start : start + 40]
            try:
                yield from list(compare(part))
            except DBAPIError:
                comparison.start_again()
                yield from _one_by_one(comparison, compare, part)


def _one_by_one(
    comparison: Comparison, compare: Callable[[Sequence[Rule]], Iterator[str]], rules: Sequence[Rule]
) -> Iterator[str]:
    for rule in rules:
        try:
            yield from list(compare([rule]))
        except DBAPIError as error:
            comparison.start_again()
            yield f"{rule.text}: {str(error.orig)[:200]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; gives the number of disagreements, at most 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args(arguments)
    found = compared = refused = 0
    for round_number in range(max(1, wanted.rules // ROUND)):
        seed = wanted.seed * 1_000_003 + round_number
        rows, rules = make_rows(100, seed), list(make_round(seed))
        with ExitStack() as stack:
            comparisons = {"duckdb": on_duck(stack.enter_context(filled_duck(rows)), rows)}
            if os.environ.get("DATABASE_URL"):
                comparisons["postgresql"] = Comparison(stack.enter_context(filled_world(rows)), rows)
            for name, comparison in comparisons.items():
                for told in disagreements(comparison, rules):
                    found += 1
                    print(f"{name}, seed {seed}: {told}")
                compared += comparison.compared
                refused += len(comparison.refused)
        print(f"round {round_number + 1}: {compared:,} compared, {refused:,} refused, {found} disagree", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
