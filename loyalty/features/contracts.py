"""What features tells others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause

from loyalty.foundation.rules.contracts import FieldType
from loyalty.warehouse.contracts import Connector


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field of the catalogue."""

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
class FeatureSource:
    """Where whole sets are evaluated: the table, the customer's key in it, and its columns by field name.

    ``reference_instant`` stands in for "now" where only the form of a rule is checked.
    """

    connector: Connector
    table: FromClause
    key: ColumnElement[Any]
    columns: Mapping[str, ColumnElement[Any]]
    reference_instant: datetime
