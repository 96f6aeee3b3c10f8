"""What crosses the border of the rule engine: fields, schemas, checked rules, outcomes with their trace."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement


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
class EventType:
    """A kind of event that behavioural operators may ask for, and the facts that one such event has."""

    name: str
    label: str
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class SegmentName:
    """A segment that a rule may ask for; ``id`` is its public id as text."""

    id: str
    label: str


@dataclass(frozen=True)
class Schema:
    """The facts a rule may read, by name, and the operators beyond facts that it may use.

    :param zone: the IANA time zone in which "today" and days count, that of the program or the operator.
    :param events: the kinds of events that ``events_*`` may ask for; none makes these operators unknown here.
    :param segments: the segments that ``in_segment`` may ask for; None makes the operator unknown here.
    :param has_buckets: whether ``bucket`` may be used.
    :param profile: the profile of rules over these facts that were stored without one; None for the latest.
    """

    fields: tuple[Field, ...]
    zone: str = "UTC"
    events: tuple[EventType, ...] = ()
    segments: tuple[SegmentName, ...] | None = None
    has_buckets: bool = False
    profile: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        if len(self.by_name) != len(self.fields):
            raise ValueError("a schema names each field once")
        ZoneInfo(self.zone)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by their name."""
        return {one.name: one for one in self.fields}

    @cached_property
    def event_types(self) -> dict[str, EventType]:
        """The kinds of events by their name."""
        return {one.name: one for one in self.events}

    @cached_property
    def segment_names(self) -> dict[str, str]:
        """The labels of the segments by their id."""
        return {one.id: one.label for one in self.segments or ()}

    @cached_property
    def fingerprint(self) -> str:
        """Changes when a name, type or label changes; labels count because a checked rule is said in words."""
        parts = [_told(one) for one in self.fields]
        if self.zone != "UTC" or self.events or self.segments is not None or self.has_buckets:
            parts.append(f"{self.zone}\t{self.has_buckets}\t{self.segments is not None}")
            parts += [f"{one.id}\t{one.label}" for one in self.segments or ()]
            for event in self.events:
                parts += [f"{event.name}\t{event.label}\t{len(event.fields)}", *map(_told, event.fields)]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _told(one: Field) -> str:
    return f"{one.name}\t{one.type}\t{one.label}\t{one.scale}\t{one.unit}"


Expects = Literal["boolean", "number", "any"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a rule; ``path`` is a JSON Pointer (RFC 6901) into the rule.

    ``repair`` is a sentence that says what to write instead, where that is known.
    """

    code: str
    message: str
    path: str
    repair: str = ""


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

    Two rules are equal when their canonical text, their profile, their schema and what is expected of them are.
    ``zone`` is the IANA time zone in which its days count.
    """

    text: str
    schema_fingerprint: str
    expects: Expects
    profile: int
    zone: str
    result_type: str = field(compare=False)
    schema: Schema | None = field(compare=False, repr=False)
    root: object = field(compare=False, repr=False)


Aggregate = Literal["sum", "values", "min", "max"]


@dataclass(frozen=True)
class EventQuestion:
    """What a behavioural operator asks about the events of one kind that a customer has.

    :param event_type: a name of ``Schema.events``.
    :param field: the number of the event that is summed or compared; None for a count or a last.
    :param days: the window in days of 24 hours; None for all time.
    :param filter: which of the events count, a rule over the event's own facts; None for all.
    """

    event_type: str
    field: str | None = None
    days: int | None = None
    filter: Rule | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The instants that count: after ``since`` (None: from the beginning) up to and with ``until``, both in UTC."""

    since: datetime | None
    until: datetime


class History(Protocol):
    """What one customer did and is, for the operators that ask beyond the facts. Implemented by who keeps events.

    Every answer counts only the events of ``question.event_type`` inside the window for which ``question.filter`` is
    true (``matches(question.filter, facts of the event, now=window.until)``).
    """

    @property
    def customer_key(self) -> str:
        """The customer's public id as text in lower case, which ``bucket`` hashes."""
        ...

    def count(self, question: EventQuestion, window: Window) -> int:
        """How many events; 0 when there are none."""
        ...

    def last(self, question: EventQuestion, window: Window) -> datetime | None:
        """The instant of the youngest event, with its zone; None when there is none."""
        ...

    def aggregate(self, how: Aggregate, question: EventQuestion, window: Window) -> Decimal | int | None:
        """The exact ``sum``, ``min``, ``max`` of ``question.field`` over the events that state it.

        ``values`` is how many events state it. None where nothing states it; 0 for ``values``.
        """
        ...

    def is_member(self, segment_id: str) -> bool:
        """Whether the customer is in the segment of this public id."""
        ...


class SetContext(Protocol):
    """The same questions as ``History``, as SQL expressions over the row of a customer in the statement at hand.

    An expression may be a correlated subquery or a column of a joined relation; it may be asked for twice.
    """

    def customer_key(self) -> ColumnElement[str]:
        """The customer's public id as text in lower case."""
        ...

    def count(self, question: EventQuestion, window: Window) -> ColumnElement[Any]:
        """How many events, as a whole number and never NULL."""
        ...

    def last(self, question: EventQuestion, window: Window) -> ColumnElement[Any]:
        """The instant of the youngest event, with time zone; NULL when there is none."""
        ...

    def aggregate(self, how: Aggregate, question: EventQuestion, window: Window) -> ColumnElement[Any]:
        """The exact aggregate as NUMERIC; NULL where nothing states the field, never NULL for ``values``."""
        ...

    def is_member(self, segment_id: str) -> ColumnElement[bool]:
        """Whether the customer is in the segment; never NULL."""
        ...


@dataclass(frozen=True, slots=True)
class OperatorEntry:
    """One line of the operator catalogue, for a builder's menu and the documentation."""

    name: str
    meaning: str
    is_compilable: bool
    least_operands: int = 0
    most_operands: int | None = None
    asks: Literal["facts", "events", "segments", "buckets"] = "facts"


@dataclass(frozen=True, slots=True)
class LeafChange:
    """One condition that would have to come out otherwise.

    ``words`` say the condition, ``facts`` what it read, ``value`` what its measured side is now and ``target`` what it
    would have to be: ``requirement`` is ``above``, ``below``, ``at_least``, ``at_most``, ``equal``, ``different``,
    ``known``, ``unknown``, ``true`` or ``false``.
    """

    path: str
    words: str
    facts: Mapping[str, object]
    value: object
    requirement: str
    target: object
    said: str


@dataclass(frozen=True, slots=True)
class Flip:
    """A smallest set of changes after which the rule gives the opposite verdict.

    ``facts`` holds a value for each fact that would change, with which the rule was evaluated and did flip; it is empty
    where a change is not one of facts (a segment, a bucket, an event).
    """

    changes: tuple[LeafChange, ...]
    facts: Mapping[str, object]
