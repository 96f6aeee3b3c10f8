"""What campaigns does when facts arrive."""

from collections.abc import Sequence
from datetime import datetime

from loyalty.campaigns import api
from loyalty.foundation.events.contracts import Envelope


def on_fact(event: Envelope, *, now: datetime) -> None:
    """Trigger the campaigns that wait for it, or whose bound it carries a balance over."""
    api.fire_set(facts=[event], now=now)


def on_facts(facts: Sequence[Envelope], *, now: datetime) -> None:
    """Do the same for several facts at once."""
    api.fire_set(facts=facts, now=now)


def on_conversion(event: Envelope, *, now: datetime) -> None:
    """Count it for the campaigns that reached the customer, or held the customer back."""
    api.convert_set(facts=[event], now=now)


def on_conversions(facts: Sequence[Envelope], *, now: datetime) -> None:
    """Do the same for several facts at once."""
    api.convert_set(facts=facts, now=now)
