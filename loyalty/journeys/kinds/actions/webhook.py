"""Tell other systems, by a fact that goes out over signed webhooks or Kafka.

No call is made while customers are moved: the fact is written in the same transaction as the step and sent afterwards,
tried again for three days, by the platform's own exchange. Its id is made of the step's key, so a receiver that gets it
twice knows it.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.foundation.events import api as events
from loyalty.foundation.exchange import api as exchange
from loyalty.journeys.contracts import (
    SUCCESS,
    ActionCall,
    ActionOutcome,
    ActionRow,
    FieldKind,
    FieldSpec,
    Problem,
    Severity,
)
from loyalty.journeys.events import JourneySignalled
from loyalty.journeys.kinds.actions import values
from loyalty.journeys.kinds.actions.protocol import Effect
from loyalty.journeys.policy import variables
from loyalty.journeys.policy.reasons import Reason

# The name space of the ids of signals; a number that means nothing else.
SIGNALS = uuid.UUID("3b0d2f6a-7a54-4c0e-9c1b-5d8f0a5f9f10")


class TellWebhook:
    """``{"name", "data"?}``: whoever listens to ``journey.signalled`` gets it."""

    kind = "webhook"
    title = "Tell another system"
    description = "A signed webhook, or a record of Kafka, with the customer, the step and data of your own."
    icon = "i-lucide-webhook"
    group = "systems"
    unavailable_reason = ""
    fields = (
        FieldSpec("name", FieldKind.TEXT, "Signal", is_required=True, maximum=100),
        FieldSpec(
            *("data", FieldKind.VARIABLES, "Data"),
            description="What the signal carries; values may be {{customer.customer_ref}} and the like.",
        ),
    )

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Hold the values against what there is, and warn when nobody listens."""
        found = values.problems_of(config.get("data"), "data")
        if not exchange.is_anybody_told():
            found.append(
                Problem(
                    "journeys.nobody_listens", "No webhook is set up that could listen to journey.signalled.",
                    "Set up a webhook for journey.signalled.", severity=Severity.WARNING, field="name",
                )
            )  # fmt: skip
        return found

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Show what would be told."""
        data = self._data(call, [row], now)[0]
        words = Reason("signal_told", name=str(call.config.get("name") or ""))
        return Effect(words, SUCCESS, {"data": data}, result={})

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Publish a fact for each row, in one statement."""
        ids = [uuid.uuid5(SIGNALS, row.key) for row in rows]
        publications = [
            events.Publication(
                fact=JourneySignalled(
                    customer_id=str(row.customer_id),
                    journey_id=str(call.journey_id),
                    journey_name=call.journey_name,
                    execution_id=str(row.execution_id),
                    node_id=call.node_id,
                    name=str(call.config.get("name") or ""),
                    data=data,
                ),
                key=str(row.customer_id),
                subject_kind="customer",
                subject_ref=str(row.customer_id),
                occurred_at=now,
                event_id=event_id,
            )
            for row, data, event_id in zip(rows, self._data(call, rows, now), ids, strict=True)
        ]
        events.publish_many(publications)
        return [ActionOutcome(SUCCESS, {"event_id": str(one)}, (Reason("signal_waits"),)) for one in ids]

    def _data(self, call: ActionCall, rows: Sequence[ActionRow], now: datetime) -> list[dict[str, Any]]:
        given = call.config.get("data")
        told = dict(given) if isinstance(given, Mapping) else {}
        paths = list(variables.paths_in(told))
        if not paths:
            return [told] * len(rows)
        known = values.known_of(call, rows, paths, now=now)
        return [variables.fill(told, known.of(call, row)) for row in rows]
