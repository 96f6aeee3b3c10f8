"""What a rule asks for: its facts, events, segments and buckets, and the parts it falls into."""

from dataclasses import dataclass

from loyalty.foundation.rules.checking import check
from loyalty.foundation.rules.contracts import EventQuestion, Field, Rule
from loyalty.foundation.rules.evaluating import root_of
from loyalty.foundation.rules.operators.table import OPERATORS
from loyalty.foundation.rules.text import parse_text
from loyalty.foundation.rules.tree import Node, walk

# What joins conditions without being one.
_JOINTS = frozenset({"and", "or", "!", "!!", "if", "?:"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition of a rule, which is not made of other conditions.

    ``path`` is its JSON Pointer; ``fields`` the facts it reads; ``questions`` what it asks of events; ``segments`` the
    public ids it asks membership of; ``has_bucket`` whether it asks for the customer's bucket.
    """

    path: str
    operator: str
    fields: frozenset[str]
    questions: frozenset[EventQuestion]
    segments: frozenset[str]
    has_bucket: bool


def leaves(rule: Rule) -> tuple[Leaf, ...]:
    """The conditions of a rule, in the order in which it is written."""
    return tuple(_leaf(node) for node in leaf_nodes(root_of(rule)))


def leaf_nodes(node: Node) -> list[Node]:
    """The nodes of the conditions below a node; constants are none."""
    if node.operator not in _JOINTS:
        return [] if node.operator == "literal" else [node]
    return [leaf for arg in node.args for leaf in leaf_nodes(arg)]


def _leaf(node: Node) -> Leaf:
    inside = list(walk(node))
    return Leaf(
        path=node.path,
        operator=node.operator,
        fields=frozenset(one.value.name for one in inside if isinstance(one.value, Field)),
        questions=_questions(inside),
        segments=_segments(inside),
        has_bucket=any(one.operator == "bucket" for one in inside),
    )


def questions(rule: Rule) -> frozenset[EventQuestion]:
    """What a rule asks of events, each question once."""
    return _questions(list(walk(root_of(rule))))


def uses_history(rule: Rule) -> bool:
    """Whether a rule asks for events."""
    return bool(questions(rule))


def uses_segments(rule: Rule) -> frozenset[str]:
    """The public ids of the segments that a rule asks membership of."""
    return _segments(list(walk(root_of(rule))))


def uses_buckets(rule: Rule) -> bool:
    """Whether a rule asks for the customer's bucket."""
    return any(node.operator == "bucket" for node in walk(root_of(rule)))


def asks_beyond_facts(rule: Rule) -> bool:
    """Whether a rule asks for events, segments or buckets, so that it needs who answers for them."""
    return any(OPERATORS[node.operator].asks != "facts" for node in walk(root_of(rule)))


def conjuncts(rule: Rule) -> tuple[Rule, ...]:
    """The rules that all have to be true for this one to be: its outermost ``and`` taken apart, nested ones too.

    Together they are true for exactly the facts for which the rule is; each can be run where its facts are.

    :raises ValueError: the rule was checked without a schema or gives no yes or no.
    """
    if rule.schema is None or rule.expects != "boolean":
        raise ValueError("only a yes-or-no rule with a schema falls into conjuncts")
    return tuple(
        check(part, rule.schema, "boolean", rule.profile) for part in _parts(parse_text(rule.text), is_outermost=True)
    )


def _parts(raw: object, *, is_outermost: bool) -> list[object]:
    name, operands = next(iter(raw.items())) if isinstance(raw, dict) else ("", None)
    if name == "and":
        given = operands if isinstance(operands, list) else [operands]
        return [part for one in given for part in _parts(one, is_outermost=False)]
    # Inside an "and" only the truth of a part counts, so it may be a number or a text; by itself it may not.
    return [raw if is_outermost else {"!!": [raw]}]


def _questions(nodes: list[Node]) -> frozenset[EventQuestion]:
    return frozenset(node.value for node in nodes if isinstance(node.value, EventQuestion))


def _segments(nodes: list[Node]) -> frozenset[str]:
    return frozenset(str(node.value) for node in nodes if node.operator == "in_segment")
