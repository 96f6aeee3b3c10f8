"""What is known of people, for conditions and waits: features fetched once for a batch, the event, the context."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.features import api as features
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.journeys.contracts import TriggerKind
from loyalty.journeys.operations.groups import Person
from loyalty.journeys.operations.versions import Loaded
from loyalty.journeys.policy.conditions import Condition, Scope, prepare
from loyalty.journeys.queries import world

INSIDE = """
    SELECT s.public_id::text AS segment, u.customer_id FROM segments_directory s, unnest(%s::bigint[]) u (customer_id)
    WHERE s.public_id::text = ANY (%s) AND segments_contains(s.segment_id, u.customer_id)
"""


@dataclass(frozen=True, slots=True)
class Known:
    """One person's facts as a condition reads them, and who answers for events, segments and buckets."""

    person: Person
    facts: dict[str, Any]
    history: rules.History | None


@dataclass(frozen=True, slots=True)
class Answers:
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


def scope_of(loaded: Loaded) -> Scope:
    """Give what the rules of a version may read now: the catalogue, and the event that leads in."""
    start = loaded.wiring.start
    trigger = start.config.get("trigger") if start is not None else None
    if not isinstance(trigger, Mapping) or trigger.get("kind") != TriggerKind.EVENT:
        return world.scope()
    declared = world.event_fields().get(str(trigger.get("event_type")), ())
    return replace(world.scope(), event_fields=tuple(declared))


def condition_of(loaded: Loaded, rule: Any) -> Condition:
    """Give a rule of a version ready to decide by.

    :raises RuleInvalid: what it reads is no longer there.
    """
    return prepare(rule, scope_of(loaded))


def list_known(
    people: Sequence[Person], fields: Collection[str], *, segments: Collection[str] = (), now: datetime
) -> list[Known]:
    """Give what is known of up to 1,000 people, one statement for each source of features that the fields need."""
    sets = (
        features.list_feature_sets([one.customer_public_id for one in people], now=now, fields=frozenset(fields))
        if fields
        else {}
    )
    inside = _memberships(people, segments)
    found = []
    for one in people:
        values = dict(sets[one.customer_public_id].values) if one.customer_public_id in sets else {}
        facts = {**values, "event": one.context.get("event") or {}, "context": one.context}
        history = features.CustomerHistory(str(one.customer_public_id))
        found.append(Known(one, facts, Answers(history, inside.get(one.customer_id, frozenset()))))
    return found


def _memberships(people: Sequence[Person], segments: Collection[str]) -> dict[int, frozenset[str]]:
    if not segments:
        return {}
    inside: dict[int, set[str]] = {}
    for row in sql.fetch_all(INSIDE, [[one.customer_id for one in people], sorted(segments)]):
        inside.setdefault(int(row["customer_id"]), set()).add(row["segment"])
    return {customer: frozenset(names) for customer, names in inside.items()}
