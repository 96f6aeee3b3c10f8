"""What upper domains contribute when the platform starts: to the whole view of a customer, an erasure, a merge."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from loyalty.customers.contracts import MergeSide
from loyalty.foundation.kernel.actor import Actor


class OverviewPart(Protocol):
    """Tells what one domain knows of a customer, as JSON-able values."""

    def __call__(self, customer_id: uuid.UUID, *, now: datetime) -> Mapping[str, Any]:
        """Give the part, by the customer's public id."""
        ...


class ErasurePart(Protocol):
    """Erases what one domain keeps that says who somebody is."""

    def __call__(self, customer_id: uuid.UUID, internal_id: int, *, now: datetime) -> Mapping[str, int]:
        """Erase, in the caller's transaction; give how many rows of each store held something."""
        ...


class MergePart(Protocol):
    """Takes what one domain keeps of a customer over to another one, who turned out to be the same person."""

    def __call__(self, *, gone: MergeSide, into: MergeSide, actor: Actor, now: datetime) -> Mapping[str, int]:
        """Take over, in the caller's transaction, whatever is still with ``gone``; give how many rows of each store.

        Asked again, after the merge, for what was written meanwhile by who knew of none.
        """
        ...


class AttributesPart(Protocol):
    """Takes notice that attributes were defined or changed."""

    def __call__(self, *, now: datetime) -> None:
        """Take notice, in the transaction that changes them."""
        ...


class _Registry:
    parts: dict[str, OverviewPart] = {}  # noqa: RUF012 - one registry for the process
    erasures: dict[str, ErasurePart] = {}  # noqa: RUF012 - one registry for the process
    mergings: dict[str, MergePart] = {}  # noqa: RUF012 - one registry for the process
    attributes: dict[str, AttributesPart] = {}  # noqa: RUF012 - one registry for the process


def register_erasure(name: str, part: ErasurePart) -> None:
    """Have a domain erase its part with a customer.

    :raises ValueError: another part has that name.
    """
    if _Registry.erasures.get(name, part) is not part:
        raise ValueError(f"Two parts of an erasure are called {name}.")
    _Registry.erasures[name] = part


def erasures() -> list[tuple[str, ErasurePart]]:
    """Give the parts of an erasure, in order of their names, so that locks are taken in one order."""
    return sorted(_Registry.erasures.items())


def register_merging(name: str, part: MergePart) -> None:
    """Have a domain take its part over when two customers turn out to be one.

    :raises ValueError: another part has that name.
    """
    if _Registry.mergings.get(name, part) is not part:
        raise ValueError(f"Two parts of a merge are called {name}.")
    _Registry.mergings[name] = part


def mergings() -> list[tuple[str, MergePart]]:
    """Give the parts of a merge, in order of their names, so that locks are taken in one order."""
    return sorted(_Registry.mergings.items())


def register_attributes(name: str, part: AttributesPart) -> None:
    """Have a domain told when attributes are defined or changed.

    :raises ValueError: another part has that name.
    """
    if _Registry.attributes.get(name, part) is not part:
        raise ValueError(f"Two parts that follow attributes are called {name}.")
    _Registry.attributes[name] = part


def tell_attributes(*, now: datetime) -> None:
    """Tell all who want to know that attributes were defined or changed."""
    for name in sorted(_Registry.attributes):
        _Registry.attributes[name](now=now)


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
