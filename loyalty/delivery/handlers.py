"""What delivery listens to: its own word of a complaint, which takes the customer's consent away."""

import uuid
from datetime import datetime

from loyalty.delivery import api
from loyalty.foundation.events.contracts import Envelope


def on_message_complained(event: Envelope, *, now: datetime) -> None:
    """Send the customer no more marketing on the channel."""
    api.obey_complaint(
        customer_id=uuid.UUID(event.data["customer_id"]),
        channel=event.data["channel"],
        send=event.data["send_id"],
        now=now,
    )
