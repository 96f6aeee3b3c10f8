"""A checked rule over a set of customers: the SQL of the database in which the set is."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement

from loyalty.foundation.rules.compiling import Columns, Compiler
from loyalty.foundation.rules.contracts import Rule, SetContext
from loyalty.foundation.rules.dialects.registry import compiler_class
from loyalty.foundation.rules.errors import RuleNotCompilable
from loyalty.foundation.rules.evaluating import root_of
from loyalty.foundation.rules.operators.table import OPERATORS
from loyalty.foundation.rules.tree import Node


def compile_predicate(
    rule: Rule,
    columns: Columns,
    *,
    now: datetime,
    dialect_name: str = "postgresql",
    context: SetContext | None = None,
) -> ColumnElement[bool]:
    """A condition for WHERE that is true for exactly the rows for which ``evaluate`` gives a true value.

    :param columns: a column for each field of ``uses_fields(rule)``.
    :param dialect_name: the SQLAlchemy name of the database that will run it.
    :param context: who answers for events, segments and buckets, where the rule asks for them.
    :raises RuleNotCompilable: the rule uses something that this database, or a set at all, has no exact form for.
    """
    return _compiler(rule, columns, now, dialect_name, context).truth(_typed_root(rule), False)


def compile_value(
    rule: Rule,
    columns: Columns,
    *,
    now: datetime,
    dialect_name: str = "postgresql",
    context: SetContext | None = None,
) -> ColumnElement[Any]:
    """An expression that has for every row the value that ``evaluate`` gives.

    :raises RuleNotCompilable: as ``compile_predicate``.
    """
    return _compiler(rule, columns, now, dialect_name, context).value(_typed_root(rule))


def _compiler(rule: Rule, columns: Columns, now: datetime, dialect_name: str, context: SetContext | None) -> Compiler:
    return compiler_class(dialect_name)(columns, now, OPERATORS, zone=rule.zone, context=context)


def _typed_root(rule: Rule) -> Node:
    if rule.schema is None:
        raise RuleNotCompilable("A rule checked without a schema cannot be run over a set of customers.")
    return root_of(rule)
