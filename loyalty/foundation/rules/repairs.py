"""What to write instead, where two sides of a comparison do not meet or could be meant in two ways."""

from collections.abc import Sequence

from loyalty.foundation.rules.literals import read_number
from loyalty.foundation.rules.text import plain_number
from loyalty.foundation.rules.tree import Node, is_literal
from loyalty.foundation.rules.types import NUMBERS, Base


def repair_of(nodes: Sequence[Node]) -> str:
    """A sentence for operands of different types; empty where nothing better is known than to choose one type."""
    constants = [node for node in nodes if is_literal(node) and node.value is not None]
    others = [node for node in nodes if not is_literal(node)]
    if constants and others:
        return _of_constant(constants[0], others[0])
    bases = {node.type.base for node in nodes}
    if bases == {Base.DATE, Base.DATETIME}:
        return 'Compare {"days_since": ...} of both, so that both count whole days.'
    if Base.TEXT in bases and bases & NUMBERS:
        return "Give both fields one type in the catalogue; a text is never read as a number by itself."
    return ""


def _of_constant(constant: Node, other: Node) -> str:
    """How the constant would have to be written to meet the other side."""
    value, wanted = constant.value, other.type.base
    if wanted is Base.BOOLEAN and value in (0, 1, "0", "1", "true", "false"):
        return f"Write {'true' if str(value) in ('1', 'true', 'True') else 'false'}, without quotation marks."
    if wanted is Base.TEXT and isinstance(value, bool):
        return f'Write "{str(value).lower()}" in quotation marks, if that text is meant.'
    if wanted is Base.TEXT and constant.type.base in NUMBERS:
        return f'Write "{plain_number(value)}" in quotation marks, if that text is meant.'  # type: ignore[arg-type]
    if wanted in NUMBERS and isinstance(value, bool):
        return f"Write {int(value)}, or ask a field of yes and no."
    if wanted in (Base.DATE, Base.DATETIME) and constant.type.base in NUMBERS:
        return 'Write a day as "2026-11-20", or compare {"days_since": ...} with the number.'
    return ""


def is_number_like(node: Node) -> bool:
    """Whether a constant is a text that reads as a number."""
    return is_literal(node) and isinstance(node.value, str) and read_number(node.value) is not None
