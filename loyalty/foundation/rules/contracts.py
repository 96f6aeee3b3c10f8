"""What crosses the border of the rule engine: fields, schemas, checked rules, outcomes with their trace."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal


class FieldType(StrEnum):
    """The declared type of a fact."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TEXT_LIST = "text_list"
    NUMBER_LIST = "number_list"


@dataclass(frozen=True)
class Field:
    """One fact a rule may read; ``scale`` is the number of decimals of a decimal field, None when open."""

    name: str
    type: FieldType
    label: str
    is_nullable: bool = True
    category: str = ""
    unit: str = ""
    scale: int | None = None


@dataclass(frozen=True)
class Schema:
    """The facts a rule may read, by name."""

    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        if len(self.by_name) != len(self.fields):
            raise ValueError("a schema names each field once")

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by their name."""
        return {one.name: one for one in self.fields}

    @cached_property
    def fingerprint(self) -> str:
        """Changes when a name, type or label changes; labels count because a checked rule is said in words."""
        text = "\n".join(f"{one.name}\t{one.type}\t{one.label}\t{one.scale}\t{one.unit}" for one in self.fields)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


Expects = Literal["boolean", "number", "any"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a rule; ``path`` is a JSON Pointer (RFC 6901) into the rule."""

    code: str
    message: str
    path: str


@dataclass(frozen=True, slots=True)
class TraceStep:
    """What one sub-expression came to, and whether the outcome hangs on it."""

    path: str
    operator: str
    words: str
    facts: Mapping[str, object]
    value: object
    is_decisive: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """The value of a rule and how it came about, in the order in which the rule is written."""

    value: object
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True)
class Rule:
    """A checked rule. Opaque: made by ``check``, read by the other verbs of the front door.

    Two rules are equal when their canonical text, their schema and what is expected of them are.
    """

    text: str
    schema_fingerprint: str
    expects: Expects
    result_type: str = field(compare=False)
    schema: Schema | None = field(compare=False, repr=False)
    root: object = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OperatorEntry:
    """One line of the operator catalogue, for a builder's menu and the documentation."""

    name: str
    meaning: str
    is_compilable: bool
