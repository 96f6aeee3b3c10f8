"""The typed tree of a checked rule."""

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty.foundation.rules.types import Type


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One expression: ``operator`` names its line in the operator table, ``value`` is what it holds besides operands.

    ``is_typed`` is False for rules without a schema: their operators convert at run time as JavaScript does.
    """

    operator: str
    args: tuple["Node", ...]
    type: Type
    path: str
    value: object = None
    is_typed: bool = True


def walk(node: Node) -> Iterator[Node]:
    """Every node, in the order in which the rule is written. The depth limit makes the recursion safe."""
    yield node
    for inner in node.args:
        yield from walk(inner)


def is_literal(node: Node) -> bool:
    """Whether the node is a constant of the rule text."""
    return node.operator == "literal"


def is_null(node: Node) -> bool:
    """Whether the node is the literal null."""
    return node.operator == "literal" and node.value is None
