"""What customers listens to: its own merges, for what was on its way when they were made."""

import uuid
from datetime import datetime

from loyalty.customers import api
from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.actor import system_actor


def on_customer_merged(event: Envelope, *, now: datetime) -> None:
    """Take over what was written about the one who is gone by who had found it before the merge."""
    api.settle_merge(
        customer_id=uuid.UUID(event.data["merged_customer_id"]),
        actor=system_actor("customers.on_customer_merged"),
        now=now,
    )
