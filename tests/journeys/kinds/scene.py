"""Rows of people at an action, as the engine hands them over."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.customers.models import Customer
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.journeys.contracts import ActionCall, ActionRow
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.policy.naming import effect_key

JOURNEY = uuid.UUID("01900000-0000-7000-8000-00000000a001")


def call(kind: str, program: uuid.UUID | None = None, /, **config: Any) -> ActionCall:
    """Give an action node as its kind gets it."""
    return ActionCall(JOURNEY, "Welcome", 1, "n1", {"action_type": kind, **config}, program)


def rows(
    customers: Sequence[uuid.UUID], context: Mapping[str, Any] | None = None, execution: uuid.UUID | None = None
) -> list[ActionRow]:
    """Give a row for each customer."""
    ids = dict(Customer.objects.filter(public_id__in=customers).values_list("public_id", "id"))
    made = []
    for customer in customers:
        own = execution or new_public_id()
        made.append(ActionRow(own, ids[customer], customer, effect_key(own, "n1", 2), context or {}, 2))
    return made


def action(kind: str) -> protocol.Action:
    """Give a registered action."""
    found = protocol.find(kind)
    assert found is not None
    return found
