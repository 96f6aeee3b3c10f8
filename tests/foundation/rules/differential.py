"""Runs rules over the same rows in Python and in PostgreSQL and tells where the two disagree."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, func, insert, select

from loyalty.foundation.rules.api import Rule
from loyalty.foundation.rules.compiling import Compiler
from loyalty.foundation.rules.evaluating import Program, root_of
from loyalty.foundation.rules.frame import Frame
from loyalty.foundation.rules.loose import is_truthy
from loyalty.foundation.rules.operators.spec import Table
from loyalty.foundation.rules.operators.table import OPERATORS
from tests.foundation.rules.world import NOW, TABLE

COLUMNS = {column.name: column for column in TABLE.columns if column.name != "id"}
# Few statements instead of thousands; more would only make PostgreSQL's planner slower than the round trips.
BATCH = 40


@contextmanager
def filled_world(rows: Sequence[dict[str, Any]]) -> Iterator[Connection]:
    """A connection to a real PostgreSQL that sees the rows in a temporary table."""
    address = os.environ.get("DATABASE_URL", "")
    if not address:
        pytest.skip("DATABASE_URL names no PostgreSQL to compare with")
    _, _, rest = address.partition("://")
    engine = create_engine(f"postgresql+psycopg://{rest}", poolclass=NullPool)
    with engine.connect() as connection:
        TABLE.create(connection)
        connection.execute(insert(TABLE), list(rows))
        yield connection
        connection.rollback()


class Comparison:
    """Compares the evaluator with the compiler, each by its own operator table."""

    def __init__(
        self,
        connection: Connection,
        rows: Sequence[dict[str, Any]],
        *,
        python: Table = OPERATORS,
        sql: Table = OPERATORS,
        compiler: type[Compiler] = Compiler,
    ) -> None:
        self._connection = connection
        self._rows = rows
        self._python = python
        self._sql = sql
        self._compiler = compiler

    def disagreeing_predicates(self, rules: Sequence[Rule]) -> Iterator[str]:
        """The rules that choose other rows in SQL than in Python."""
        for batch in _batches(rules):
            conditions = [self._compiler(COLUMNS, NOW, self._sql).truth(root_of(rule), False) for rule in batch]
            chosen = [func.array_agg(TABLE.c.id).filter(condition) for condition in conditions]
            answers = self._connection.execute(select(*chosen)).one()
            for rule, ids in zip(batch, answers, strict=True):
                values = self._values(rule)
                expected = {key for key, value in values.items() if is_truthy(value)}
                if set(ids or ()) != expected:
                    yield f"{rule.text}: {sorted(set(ids or ()) ^ expected)[:5]}"

    def disagreeing_values(self, rules: Sequence[Rule]) -> Iterator[str]:
        """The rules that give another value in SQL than in Python for some row."""
        for batch in _batches(rules):
            columns = [self._compiler(COLUMNS, NOW, self._sql).value(root_of(rule)) for rule in batch]
            labelled = [column.label(f"v{index}") for index, column in enumerate(columns)]
            answers = self._connection.execute(select(TABLE.c.id, *labelled)).all()
            for index, rule in enumerate(batch):
                values = self._values(rule)
                wrong = [row[0] for row in answers if not is_same(row[index + 1], values[row[0]])]
                if wrong:
                    yield f"{rule.text}: {wrong[:5]}"

    def _values(self, rule: Rule) -> dict[int, object]:
        run = Program(root_of(rule), self._python).run
        return {row["id"]: run(Frame(row, NOW)) for row in self._rows}


def is_same(left: object, right: object) -> bool:
    """The same value; 1 and 1.0 are, 1 and True are not."""
    if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
        return left is right
    if isinstance(left, float):
        left = Decimal(repr(left))
    return left == right


def _batches(rules: Sequence[Rule]) -> Iterator[Sequence[Rule]]:
    for start in range(0, len(rules), BATCH):
        yield rules[start : start + BATCH]
