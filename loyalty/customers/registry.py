"""The parts of the whole view of a customer: upper domains contribute theirs when the platform starts."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol


class OverviewPart(Protocol):
    """Tells what one domain knows of a customer, as JSON-able values."""

    def __call__(self, customer_id: uuid.UUID, *, now: datetime) -> Mapping[str, Any]:
        """Give the part, by the customer's public id."""
        ...


class _Registry:
    parts: dict[str, OverviewPart] = {}  # noqa: RUF012 - one registry for the process


def register_overview_part(name: str, part: OverviewPart) -> None:
    """Have a part shown under its name, for example ``account`` or ``segments``.

    :raises ValueError: another part has that name.
    """
    if _Registry.parts.get(name, part) is not part:
        raise ValueError(f"Two parts of the view of a customer are called {name}.")
    _Registry.parts[name] = part


def overview(customer_id: uuid.UUID, *, now: datetime) -> dict[str, Mapping[str, Any]]:
    """Give all parts of the view of a customer, in order of their names."""
    return {name: _Registry.parts[name](customer_id, now=now) for name in sorted(_Registry.parts)}
