"""What a kind of node must be able to say about itself, and which there are."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from loyalty.journeys.contracts import FieldSpec, Node, NodeKind, Problem
from loyalty.journeys.policy.validation import World


class NodeType(Protocol):
    """One kind of node, for the builder and for validation; what it does is decided in ``policy``."""

    kind: NodeKind
    title: str
    description: str
    icon: str

    @property
    def fields(self) -> Sequence[FieldSpec]:
        """The fields of its config."""
        ...

    def problems_of(self, node: Node, world: World) -> Iterator[Problem]:
        """Give what is wrong with a node beyond its fields."""
        ...


class _Registry:
    nodes: dict[NodeKind, NodeType] = {}  # noqa: RUF012 - one registry for the process


def register(node: NodeType) -> None:
    """Add a kind of node."""
    _Registry.nodes[node.kind] = node


def all_kinds() -> dict[NodeKind, NodeType]:
    """Give the kinds of nodes, in the order in which they are drawn."""
    return {kind: _Registry.nodes[kind] for kind in NodeKind if kind in _Registry.nodes}
