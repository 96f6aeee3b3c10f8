"""What features listens to: news of a customer make what was remembered of it old."""

import uuid
from datetime import datetime

from loyalty.features import api
from loyalty.foundation.events.contracts import Envelope


def on_customer_changed(event: Envelope, *, now: datetime) -> None:
    """Forget what the sources said of the customer."""
    try:
        customer_id = uuid.UUID(event.key)
    except ValueError:
        return
    api.forget_customers([customer_id])
