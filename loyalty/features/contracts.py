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
    """Where features may come from."""

    DWH = "dwh"
    XIVA = "xiva"
    AUTO = "auto"


class MergeStrategy(StrEnum):
    """Whose word counts when both sources are allowed.

    ``dwh_first`` and ``xiva_first`` take the first source that knows the customer; ``merge`` asks both, and each field
    comes from the source that the catalogue names, with the other's value where that one has none.
    """

    DWH_FIRST = "dwh_first"
    XIVA_FIRST = "xiva_first"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of the catalogue."""

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


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """What is known of one customer; ``degraded`` names what could not be asked, so that nobody reads it as absence."""

    customer_id: uuid.UUID
    values: Mapping[str, Any]
    sources: Mapping[str, str] = field(default_factory=dict)
    as_of: datetime | None = None
    degraded: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether any source knows the customer."""
        return bool(self.sources)


@dataclass(frozen=True, slots=True)
class FeatureSource:
    """The features table for work in sets: statements over ``columns`` run where the data is, through ``connector``.

    ``key`` is the customer's public id; ``reference_instant`` is when the warehouse last computed its rows.
    """

    table: FromClause
    key: ColumnElement[Any]
    columns: Mapping[str, ColumnElement[Any]]
    connector: Connector
    reference_instant: datetime
