"""One line of the operator table: what an operator takes, checks, computes, compiles to and says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import ColumnElement

from loyalty.foundation.rules.frame import Closure
from loyalty.foundation.rules.tree import Node

if TYPE_CHECKING:
    from loyalty.foundation.rules.checking import Call, Checker
    from loyalty.foundation.rules.compiling import Compiler
    from loyalty.foundation.rules.wording import Speaker

CheckFn = Callable[["Checker", "Call"], Node]
BuildFn = Callable[[Node, Sequence[Closure]], Closure]
ValueFn = Callable[["Compiler", Node], ColumnElement[Any]]
TruthFn = Callable[["Compiler", Node, bool], ColumnElement[bool]]
WordsFn = Callable[["Speaker", Node], str]
Asks = Literal["facts", "events", "segments", "buckets"]
DecisiveFn = Callable[[Node, Sequence[object]], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Operator:
    """``value`` gives SQL with exactly the null of the evaluator; ``truth`` gives SQL where it is true.

    ``truth(compiler, node, is_total)``: when ``is_total`` the SQL is never NULL, otherwise NULL stands for false.
    An operator with ``truth`` and no ``value`` is a boolean that is never null. ``decisive`` says on which operands
    the value hung; without it the operator answers for itself. ``is_scoped``: the second operand sees an element.
    ``asks`` says what beyond facts it reads; a schema has to declare that.
    """

    name: str
    arity: tuple[int, int | None]
    meaning: str
    check: CheckFn
    build: BuildFn
    words: WordsFn
    value: ValueFn | None = None
    truth: TruthFn | None = None
    decisive: DecisiveFn | None = None
    is_scoped: bool = False
    is_internal: bool = False
    asks: Asks = "facts"


Table = Mapping[str, Operator]
