"""What campaigns does when facts arrive."""

from datetime import datetime

from loyalty.campaigns import api
from loyalty.foundation.events.contracts import Envelope


def on_fact(event: Envelope, *, now: datetime) -> None:
    """Trigger the campaigns that wait for it, or whose bound it carries a balance over."""
    api.fire_on(event=event, now=now)


def on_conversion(event: Envelope, *, now: datetime) -> None:
    """Count it for the campaigns that reached the customer, or held the customer back."""
    api.convert(event=event, now=now)
