"""Runs rules over the same rows in Python and in a database and tells where the two disagree."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, Table, create_engine, func, insert, select

from loyalty.foundation.rules.api import Rule, RuleNotCompilable
from loyalty.foundation.rules.compiling import Compiler
from loyalty.foundation.rules.dialects.duckdb import DuckDBCompiler
from loyalty.foundation.rules.evaluating import Program, root_of
from loyalty.foundation.rules.frame import Frame
from loyalty.foundation.rules.loose import is_truthy
from loyalty.foundation.rules.operators import spec
from loyalty.foundation.rules.operators.table import OPERATORS
from tests.foundation.rules.world import DUCK_TABLE, NOW, TABLE

COLUMNS = {column.name: column for column in TABLE.columns if column.name != "id"}
# Few statements instead of thousands; more would only make PostgreSQL's planner slower than the round trips.
BATCH = 40


def postgresql_address() -> str:
    """Where PostgreSQL is; skips the test where there is none."""
    address = os.environ.get("DATABASE_URL", "")
    if not address:
        pytest.skip("DATABASE_URL names no PostgreSQL to compare with")
    return f"postgresql+psycopg://{address.partition('://')[2]}"


@contextmanager
def filled(address: str, table: Table, rows: Sequence[dict[str, Any]]) -> Iterator[Connection]:
    """A connection to a real database that sees the rows in a temporary table."""
    engine = create_engine(address, poolclass=NullPool)
    # Without this word SQLAlchemy reads and writes DuckDB's decimals as binary fractions.
    engine.dialect.supports_native_decimal = True
    with engine.connect() as connection:
        table.create(connection)
        connection.execute(insert(table), list(rows))
        # A temporary table outlives the transaction, so that a refused statement does not take it away.
        connection.commit()
        yield connection
        connection.rollback()


@contextmanager
def filled_world(rows: Sequence[dict[str, Any]]) -> Iterator[Connection]:
    """The rows in a real PostgreSQL."""
    with filled(postgresql_address(), TABLE, rows) as connection:
        yield connection


@contextmanager
def filled_duck(rows: Sequence[dict[str, Any]]) -> Iterator[Connection]:
    """The rows in DuckDB, in memory."""
    with filled("duckdb:///:memory:", DUCK_TABLE, rows) as connection:
        yield connection


class Comparison:
    """Compares the evaluator with a compiler, each by its own operator table.

    A rule that the compiler refuses is passed over and counted in ``refused``.
    """

    def __init__(
        self,
        connection: Connection,
        rows: Sequence[dict[str, Any]],
        *,
        python: spec.Table = OPERATORS,
        sql: spec.Table = OPERATORS,
        compiler: type[Compiler] = Compiler,
        table: Table = TABLE,
    ) -> None:
        self._connection = connection
        self._rows = rows
        self._python = python
        self._sql = sql
        self._compiler = compiler
        self._table = table
        self._columns = {column.name: column for column in table.columns if column.name != "id"}
        self.refused: list[str] = []
        self.compared = 0

    def start_again(self) -> None:
        """Leave the transaction that a failed statement has ended; the rows stay."""
        self._connection.rollback()

    def disagreeing_predicates(self, rules: Sequence[Rule]) -> Iterator[str]:
        """The rules that choose other rows in SQL than in Python."""
        for batch in _batches(self._written(rules, is_predicate=True)):
            chosen = [func.array_agg(self._table.c.id).filter(condition) for _, condition in batch]
            answers = self._connection.execute(select(*chosen)).one()
            for (rule, _), ids in zip(batch, answers, strict=True):
                expected = {key for key, value in self._values(rule).items() if is_truthy(value)}
                if set(ids or ()) != expected:
                    yield f"{rule.text}: {sorted(set(ids or ()) ^ expected)[:5]}"

    def disagreeing_values(self, rules: Sequence[Rule]) -> Iterator[str]:
        """The rules that give another value in SQL than in Python for some row."""
        for batch in _batches(self._written(rules, is_predicate=False)):
            labelled = [column.label(f"v{index}") for index, (_, column) in enumerate(batch)]
            answers = self._connection.execute(select(self._table.c.id, *labelled)).all()
            for index, (rule, _) in enumerate(batch):
                values = self._values(rule)
                wrong = [row[0] for row in answers if not is_same(row[index + 1], values[row[0]])]
                if wrong:
                    yield f"{rule.text}: {wrong[:5]}"

    def _written(self, rules: Sequence[Rule], *, is_predicate: bool) -> list[tuple[Rule, Any]]:
        written = []
        for rule in rules:
            compiler = self._compiler(self._columns, NOW, self._sql, zone=rule.zone)
            try:
                made = compiler.truth(root_of(rule), False) if is_predicate else compiler.value(root_of(rule))
            except RuleNotCompilable as refusal:
                self.refused.append(f"{rule.text}: {refusal}")
                continue
            self.compared += 1
            written.append((rule, made))
        return written

    def _values(self, rule: Rule) -> dict[int, object]:
        run = Program(root_of(rule), self._python).run
        return {row["id"]: run(Frame(row, NOW, rule.zone)) for row in self._rows}


def on_duck(connection: Connection, rows: Sequence[dict[str, Any]], **changes: Any) -> Comparison:
    """The comparison of the evaluator with DuckDB."""
    return Comparison(connection, rows, **{"compiler": DuckDBCompiler, "table": DUCK_TABLE, **changes})


def is_same(left: object, right: object) -> bool:
    """The same value; 1 and 1.0 are, 1 and True are not."""
    if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
        return left is right
    if isinstance(left, float):
        left = Decimal(repr(left))
    return left == right


def _batches(written: Sequence[tuple[Rule, Any]]) -> Iterator[Sequence[tuple[Rule, Any]]]:
    for start in range(0, len(written), BATCH):
        yield written[start : start + BATCH]
