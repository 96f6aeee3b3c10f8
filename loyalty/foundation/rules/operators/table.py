"""The operator table: every family's lines under their names."""

from types import MappingProxyType

from loyalty.foundation.rules.operators import (
    arithmetic,
    behaviour,
    comparison,
    data,
    dates,
    lists,
    logic,
    rounding,
    text,
)
from loyalty.foundation.rules.operators.spec import Operator, Table

_FAMILIES = (data, logic, comparison, arithmetic, rounding, text, lists, dates, behaviour)

OPERATORS: Table = MappingProxyType({line.name: line for family in _FAMILIES for line in family.OPERATORS})


def public_operators(table: Table) -> list[Operator]:
    """The operators a rule may write, in the order of the documentation."""
    return [line for line in table.values() if not line.is_internal]
