"""What campaigns does when facts arrive."""

from datetime import datetime

from loyalty.campaigns import api
from loyalty.foundation.events.contracts import Envelope

# What counts as success of a send when it follows within the attribution window.
CONVERTING = ("points.earned", "customer.purchase")


def on_fact(event: Envelope, *, now: datetime) -> None:
    """Trigger the campaigns that wait for it."""
    api.fire_on(event=event, now=now)


def on_conversion(event: Envelope, *, now: datetime) -> None:
    """Count it for the campaigns that reached the customer."""
    api.convert(event=event)
