"""What points listens to."""

import uuid
from datetime import datetime

from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.actor import system_actor
from loyalty.points import api


def on_customer_purchase(event: Envelope, *, now: datetime) -> None:
    """Earn for a purchase that came from outside."""
    api.earn_for_purchase(
        customer_id=uuid.UUID(event.key),
        data=event.data,
        event_id=event.id,
        occurred_at=event.occurred_at,
        correlation_id=event.correlation_id,
        actor=system_actor("points.on_customer_purchase"),
        now=now,
    )
