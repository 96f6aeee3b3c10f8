"""What segments' rules may ask for, and who answers: the schema, the warehouse's fields, the platform's own facts."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, Uuid, cast, column, select, table
from sqlalchemy.dialects import postgresql

from loyalty.features import api as features
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.segments.models import Segment
from loyalty.segments.queries import membership

DIRECTORY = table("customers_directory", column("customer_id", BigInteger), column("public_id", Uuid))
MEMBER_IDS = table("segments_member_ids", column("segment_id", BigInteger), column("customer_id", BigInteger))
_DIALECT = postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]


def schema() -> rules.Schema:
    """Give what a segment's rules may ask for: the catalogue's fields, other segments and buckets."""
    known = Segment.objects.order_by("name").values_list("public_id", "name")
    names = tuple(rules.SegmentName(str(public_id), name) for public_id, name in known)
    return replace(features.schema(), segments=names, has_buckets=True)


def warehouse_fields() -> frozenset[str]:
    """Give the fields that stand in the warehouse's table."""
    return frozenset(name for name, origin in features.field_origins().items() if origin.source is features.Origin.DWH)


@dataclass(frozen=True, slots=True)
class SetAnswers:
    """Answers for a set of customers, as SQL over the row of ``customers_directory`` at hand (``rules.SetContext``)."""

    segment_pks: Mapping[str, int]
    now: datetime

    def customer_key(self) -> ColumnElement[str]:
        """The public id as text."""
        return cast(DIRECTORY.c.public_id, String)

    def count(self, question: rules.EventQuestion, window: rules.Window) -> ColumnElement[Any]:
        """Not offered by the schema yet."""
        raise LookupError(question.event_type)

    def last(self, question: rules.EventQuestion, window: rules.Window) -> ColumnElement[Any]:
        """Not offered by the schema yet."""
        raise LookupError(question.event_type)

    def aggregate(
        self, how: rules.Aggregate, question: rules.EventQuestion, window: rules.Window
    ) -> ColumnElement[Any]:
        """Not offered by the schema yet."""
        raise LookupError(question.event_type)

    def is_member(self, segment_id: str) -> ColumnElement[bool]:
        """Whether the customer is in the segment; one that is gone has no members."""
        members = select(MEMBER_IDS.c.customer_id).where(MEMBER_IDS.c.segment_id == self.segment_pks.get(segment_id, 0))
        return DIRECTORY.c.customer_id.in_(members)


def set_answers(now: datetime) -> SetAnswers:
    """Give who answers for sets."""
    known = Segment.objects.values_list("public_id", "pk")
    return SetAnswers({str(public_id): pk for public_id, pk in known}, now)


@dataclass(frozen=True, slots=True)
class CustomerAnswers:
    """Answers for one customer (``rules.History``)."""

    customer_id: uuid.UUID
    memberships: frozenset[str]

    @property
    def customer_key(self) -> str:
        """The public id as text."""
        return str(self.customer_id)

    def count(self, question: rules.EventQuestion, window: rules.Window) -> int:
        """Not offered by the schema yet."""
        raise LookupError(question.event_type)

    def last(self, question: rules.EventQuestion, window: rules.Window) -> datetime | None:
        """Not offered by the schema yet."""
        raise LookupError(question.event_type)

    def aggregate(self, how: rules.Aggregate, question: rules.EventQuestion, window: rules.Window) -> int | None:
        """Not offered by the schema yet."""
        raise LookupError(question.event_type)

    def is_member(self, segment_id: str) -> bool:
        """Whether the customer is in the segment."""
        return segment_id in self.memberships


def fetch_binary(statement: Any) -> list[tuple[Any, ...]]:
    """Run a statement of the platform's database with the answer in its own form."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return membership.fetch_binary(compiled.string, compiled.params)


def fetch_rows(statement: Any) -> list[dict[str, Any]]:
    """Run a statement of the platform's database and give its rows by column name."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return sql.fetch_all(compiled.string, compiled.params)
