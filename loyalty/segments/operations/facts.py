"""What is known of some customers, for evaluating rules one customer after another."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.features import api as features
from loyalty.foundation.rules import api as rules
from loyalty.segments.queries import membership, world


@dataclass(frozen=True, slots=True)
class Known:
    """One customer's facts and who answers for events and segments; ``is_complete`` unless a source did not answer."""

    values: dict[str, Any]
    answers: world.CustomerAnswers
    is_known: bool
    is_complete: bool
    as_of: datetime | None


def list_known(customer_ids: Sequence[uuid.UUID], fields: Collection[str], *, now: datetime) -> dict[uuid.UUID, Known]:
    """Give what is known of up to 1,000 customers."""
    sets = features.list_feature_sets(customer_ids, now=now, fields=fields)
    inside = membership.list_segment_ids_of(customer_ids)
    return {
        one: Known(
            values=dict(told.values),
            answers=world.customer_answers(one, frozenset(str(name) for name in inside.get(one, ()))),
            is_known=told.is_known,
            is_complete=not told.degraded,
            as_of=told.as_of,
        )
        for one, told in sets.items()
    }


def satisfies(rule: rules.Rule, known: Known, *, reads_warehouse: bool, now: datetime) -> bool:
    """Tell whether a customer satisfies a rule; one of whom nothing is known satisfies none that asks for features."""
    if reads_warehouse and not known.is_known:
        return False
    return bool(rules.evaluate(rule, known.values, now=now, history=known.answers))
