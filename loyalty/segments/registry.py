"""Domains above that use segments say so here, so that a segment in use is not deleted."""

import uuid
from collections.abc import Callable

from loyalty.segments.contracts import Usage
from loyalty.segments.queries.views import list_dependants

FindUsages = Callable[[uuid.UUID], list[Usage]]


class _Registry:
    finders: dict[str, FindUsages] = {}  # noqa: RUF012 - one registry for the process


def register_usage(kind: str, find: FindUsages) -> None:
    """Have a domain asked which of its objects need a segment."""
    _Registry.finders[kind] = find


def list_usages(segment_id: uuid.UUID) -> list[Usage]:
    """Ask every domain which of its objects need the segment."""
    own = list_dependants(segment_id)
    return own + [usage for kind in sorted(_Registry.finders) for usage in _Registry.finders[kind](segment_id)]
