"""Actions whose domain is not here yet: they are listed with the reason, and refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.journeys.contracts import FAILURE, ActionCall, ActionOutcome, ActionRow, FieldSpec, Problem
from loyalty.journeys.kinds.actions.protocol import Effect


class MissingAction:
    """An action that names what it lacks."""

    unavailable_reason: str
    fields: Sequence[FieldSpec] = ()

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Nothing beyond what its node says: it cannot be used."""
        return []

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Say why nothing happens."""
        return Effect(self.unavailable_reason, FAILURE, {})

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Refuse all."""
        return [ActionOutcome(FAILURE, {"code": "journeys.action_unavailable"}, (self.unavailable_reason,))] * len(rows)
