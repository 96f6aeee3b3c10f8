"""What tiers listens to. Burned and reversed points take no tier away, so they are not listened to."""

import uuid
from datetime import datetime

from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.actor import system_actor
from loyalty.tiers import api


def on_points_earned(event: Envelope, *, now: datetime) -> None:
    """Look whether the member has reached a higher tier."""
    api.qualify_member(
        program_id=uuid.UUID(event.data["program_id"]),
        account_id=uuid.UUID(event.data["account_id"]),
        causation_id=event.id,
        actor=system_actor("tiers.on_points_earned"),
        now=now,
    )


def on_program_changed(event: Envelope, *, now: datetime) -> None:
    """Look at all members when the program's tiers changed."""
    if event.data["are_tiers_changed"]:
        api.recalculate_program(
            program_id=uuid.UUID(event.data["program_id"]),
            causation_id=event.id,
            actor=system_actor("tiers.on_program_changed"),
            now=now,
        )
