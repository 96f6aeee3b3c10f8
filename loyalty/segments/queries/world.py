"""What segments' rules may ask for, and who answers: the schema, the warehouse's fields, events and memberships."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Executable, String, Uuid, cast, column, select, table

from loyalty.features import api as features
from loyalty.foundation.orm import sql, statements
from loyalty.foundation.rules import api as rules
from loyalty.segments.models import Segment
from loyalty.segments.queries import membership

DIRECTORY = table("customers_directory", column("customer_id", BigInteger), column("public_id", Uuid))
# The group of platform facts that segments offers to others.
OWN_GROUP = "segments"
MEMBER_IDS = table("segments_member_ids", column("segment_id", BigInteger), column("customer_id", BigInteger))


def schema(language: str = "en") -> rules.Schema:
    """Give what a segment's rules may ask for: the catalogue's fields, events, other segments and buckets.

    Only the labels depend on the language.
    """
    known = Segment.objects.order_by("name").values_list("public_id", "name")
    names = tuple(rules.SegmentName(str(public_id), name) for public_id, name in known)
    known_facts = features.schema()
    own = {name for name, origin in features.field_origins().items() if origin.group == OWN_GROUP}
    told = replace(
        known_facts,
        # A rule over the names of segments could depend on itself unseen; rules of segments ask by public id.
        fields=tuple(one for one in known_facts.fields if one.name not in own),
        segments=names,
        events=features.list_event_types(),
        has_buckets=True,
    )
    return features.schema_in(told, language)


def warehouse_fields() -> frozenset[str]:
    """Give the fields that stand in the warehouse's table."""
    return frozenset(name for name, origin in features.field_origins().items() if origin.source is features.Origin.DWH)


@dataclass(frozen=True, slots=True)
class SetAnswers:
    """Answers for a set of customers, as SQL over the row of ``customers_directory`` at hand (``rules.SetContext``)."""

    segment_pks: Mapping[str, int]
    history: features.SetHistory

    def customer_key(self) -> ColumnElement[str]:
        """The public id as text."""
        return cast(DIRECTORY.c.public_id, String)

    def count(self, question: rules.EventQuestion, window: rules.Window) -> ColumnElement[Any]:
        """How many events there are."""
        return self.history.count(question, window)

    def last(self, question: rules.EventQuestion, window: rules.Window) -> ColumnElement[Any]:
        """When the last event was."""
        return self.history.last(question, window)

    def aggregate(
        self, how: rules.Aggregate, question: rules.EventQuestion, window: rules.Window
    ) -> ColumnElement[Any]:
        """What a number of the events comes to."""
        return self.history.aggregate(how, question, window)

    def is_member(self, segment_id: str) -> ColumnElement[bool]:
        """Whether the customer is in the segment; one that is gone has no members."""
        members = select(MEMBER_IDS.c.customer_id).where(MEMBER_IDS.c.segment_id == self.segment_pks.get(segment_id, 0))
        return DIRECTORY.c.customer_id.in_(members)


def set_answers(*, is_for_most: bool = False) -> SetAnswers:
    """Give who answers for sets; for most of all customers events are counted for all at once, and joined."""
    known = Segment.objects.values_list("public_id", "pk")
    history = features.SetHistory(DIRECTORY.c.public_id, is_joined=is_for_most)
    return SetAnswers({str(public_id): pk for public_id, pk in known}, history)


@dataclass(frozen=True, slots=True)
class CustomerAnswers:
    """Answers for one customer (``rules.History``)."""

    history: features.CustomerHistory
    memberships: frozenset[str]

    @property
    def customer_key(self) -> str:
        """The public id as text."""
        return self.history.customer_key

    def count(self, question: rules.EventQuestion, window: rules.Window) -> int:
        """How many events there are."""
        return self.history.count(question, window)

    def last(self, question: rules.EventQuestion, window: rules.Window) -> datetime | None:
        """When the last event was."""
        return self.history.last(question, window)

    def aggregate(
        self, how: rules.Aggregate, question: rules.EventQuestion, window: rules.Window
    ) -> Decimal | int | None:
        """What a number of the events comes to."""
        return self.history.aggregate(how, question, window)

    def is_member(self, segment_id: str) -> bool:
        """Whether the customer is in the segment."""
        return segment_id in self.memberships


def customer_answers(customer_id: uuid.UUID, memberships: frozenset[str]) -> CustomerAnswers:
    """Give who answers for one customer who is in these segments."""
    return CustomerAnswers(features.CustomerHistory(str(customer_id)), memberships)


def fetch_binary(statement: Executable) -> list[tuple[Any, ...]]:
    """Run a statement of the platform's database with the answer in its own form."""
    text, values = statements.compiled(statement)
    return membership.fetch_binary(text, values)


def fetch_rows(statement: Executable) -> list[dict[str, Any]]:
    """Run a statement of the platform's database and give its rows by column name."""
    text, values = statements.compiled(statement)
    return sql.fetch_all(text, values)
