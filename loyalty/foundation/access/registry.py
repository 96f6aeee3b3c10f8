"""Who is told that somebody made a person with a password of their choice: signing in stands above access."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

# The user, and the instant.
Demand = Callable[[Any, datetime], None]


class _Registered:
    demand: Demand | None = None


def register_demand(demand: Demand) -> None:
    """Take in what has a user change the password at the first sign-in; called in ``ready()``."""
    _Registered.demand = demand


def demand_change(user: Any, now: datetime) -> None:
    """Have a user change the password at the first sign-in."""
    if _Registered.demand is not None:
        _Registered.demand(user, now)
