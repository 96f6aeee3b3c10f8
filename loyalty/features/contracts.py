"""What crosses the border of features."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause

from loyalty.foundation.rules.contracts import FieldType
from loyalty.warehouse.contracts import Connector


class DataSource(StrEnum):
    """Where features may be asked for."""

    DWH = "dwh"
    XIVA = "xiva"
    AUTO = "auto"


class Origin(StrEnum):
    """Where a field comes from: the warehouse, the BSS, or the platform's own books."""

    DWH = "dwh"
    XIVA = "xiva"
    PLATFORM = "platform"


class MergeStrategy(StrEnum):
    """Whose word counts when both sources are allowed.

    ``dwh_first`` and ``xiva_first`` take the first source that knows the customer; ``merge`` asks both, and each field
    comes from the source that the catalogue names, with the other's value where that one has none. A field with a
    precedence of its own comes from that source under every strategy, as long as it has a value there.
    """

    DWH_FIRST = "dwh_first"
    XIVA_FIRST = "xiva_first"
    MERGE = "merge"


class NullKind(StrEnum):
    """What it means when a field has no value.

    ``unknown``: nobody knows, so nothing is added to it; ``none``: it never happened, so a count starts from 0;
    ``not_applicable``: the question does not arise for this customer.
    """

    UNKNOWN = "unknown"
    NONE = "none"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of the catalogue.

    ``freshness`` is when its source last computed it; a field ``is_live`` when the platform's own books are read at the
    moment of asking, and ``is_streaming`` when events newer than the warehouse's row are added to it at once.
    """

    id: uuid.UUID
    name: str
    type: FieldType
    label: str
    unit: str
    category: str
    description: str
    data_source: str
    is_nullable: bool
    freshness: datetime | None
    null_kind: str = NullKind.UNKNOWN
    null_meaning: str = ""
    precedence: str = ""
    group: str = ""
    is_live: bool = False
    is_streaming: bool = False


@dataclass(frozen=True, slots=True)
class PlatformField:
    """A fact that one of the platform's domains knows of each customer.

    ``absent`` is its value for a customer of whom the domain holds no row: 0 for what is counted, None where there is
    nothing to know; ``null_meaning`` says in words what None means. ``place`` is where it stands in a document.
    """

    name: str
    type: FieldType
    label: str
    unit: str = ""
    category: str = ""
    description: str = ""
    null_meaning: str = ""
    null_kind: NullKind = NullKind.NOT_APPLICABLE
    absent: int | str | bool | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class PlatformFacts:
    """A group of facts that a domain offers, read through its contract view.

    ``relation`` names the view, or with ``takes_now`` a function of one instant that gives rows: a column
    ``customer_id`` (the customer's public id; at most one row for each) and one column for each field; or one column of
    JSON, the ``document``, that holds them all by their places, where nobody knows the fields when the platform starts.
    """

    group: str
    relation: str
    fields: tuple[PlatformField, ...]
    takes_now: bool = False
    document: str = ""


@dataclass(frozen=True, slots=True)
class PlatformRelation:
    """A group for work in sets, in the platform's database.

    Join ``selectable`` on ``key`` (LEFT JOIN: who has no row has the values of ``absent``, which ``columns`` give by
    themselves).
    """

    group: str
    selectable: FromClause
    key: ColumnElement[Any]
    columns: Mapping[str, ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class FieldOrigin:
    """Where a field that rules may read lives."""

    source: Origin
    group: str = ""
    is_streaming: bool = False


@dataclass(frozen=True, slots=True)
class Degradation:
    """A source that could not be asked as it should: why, and how old what stands in its place is.

    ``as_of`` and ``age_seconds`` are None when nothing stands in its place, so that its fields are unknown.
    """

    source: str
    code: str
    reason: str
    as_of: datetime | None = None
    age_seconds: int | None = None

    @property
    def words(self) -> str:
        """For people: ``xiva: values 3 h old (The BSS does not answer)``."""
        if self.age_seconds is None:
            return f"{self.source}: unknown ({self.reason})"
        return f"{self.source}: values {age_in_words(self.age_seconds)} old ({self.reason})"


def age_in_words(seconds: int) -> str:
    """Say an age in its largest whole unit, such as ``3 h``."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{max(0, seconds)} s"


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """What is known of one customer; ``degraded`` names what could not be asked, so that nobody reads it as absence."""

    customer_id: uuid.UUID
    values: Mapping[str, Any]
    sources: Mapping[str, str] = field(default_factory=dict)
    as_of: datetime | None = None
    degraded: tuple[Degradation, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether any source knows the customer."""
        return bool(self.sources)

    @property
    def is_degraded(self) -> bool:
        """Whether a source is missing or old."""
        return bool(self.degraded)

    @property
    def degraded_codes(self) -> tuple[str, ...]:
        """The codes of what is degraded, each once, in order."""
        return tuple(sorted({one.code for one in self.degraded}))


@dataclass(frozen=True, slots=True)
class FeatureSource:
    """The features table for work in sets: statements over ``columns`` run where the data is, through ``connector``.

    ``key`` is the customer's public id; ``reference_instant`` is when the warehouse last computed a row,
    ``oldest_instant`` when it computed the oldest of them (None when it does not say). ``row_count`` is how many
    rows it had when it was last seen to have younger ones (None when it does not say how young they are).
    """

    table: FromClause
    key: ColumnElement[Any]
    columns: Mapping[str, ColumnElement[Any]]
    connector: Connector
    reference_instant: datetime
    oldest_instant: datetime | None = None
    row_count: int | None = None


@dataclass(frozen=True, slots=True)
class BoughtColumns:
    """What a row's customer bought since the row was computed: how often, for how much, when last; NULL for nothing."""

    number: ColumnElement[Any]
    amount: ColumnElement[Any]
    last_at: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class StorePolicy:
    """How features are collected: from where, whose word counts, how long an answer is fresh and may stand in.

    ``cache_seconds`` 0 switches the cache off; ``stale_seconds`` is how long an answer may stand in for a source that
    does not answer.
    """

    data_source: DataSource
    merge_strategy: MergeStrategy
    cache_seconds: int
    stale_seconds: int
    version: int = 0
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source stands: ``up``, ``degraded``, ``down`` or ``not_configured``, with the age of what it last told."""

    source: str
    state: str
    breaker_state: str = ""
    reference_instant: datetime | None = None
    age_seconds: int | None = None
    code: str = ""
    reason: str = ""
