"""The operator catalogue, for a builder's menu and for the documentation."""

from loyalty.foundation.rules.contracts import OperatorEntry
from loyalty.foundation.rules.operators.table import OPERATORS, public_operators

# Named apart because the table gives them a line only to refuse them with a reason.
_ROW_ONLY = frozenset({"filter", "map", "reduce", "merge"})


def list_operators() -> list[OperatorEntry]:
    """Every operator a rule may use, with its meaning and whether it also runs over a set of customers."""
    return [
        OperatorEntry(line.name, line.meaning, line.name not in _ROW_ONLY, *line.arity, asks=line.asks)
        for line in public_operators(OPERATORS)
    ]
