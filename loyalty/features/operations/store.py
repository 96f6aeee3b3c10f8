"""What collecting needs to know of catalogue, policy and freshness, held by each process until one of them changes."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from loyalty.features import registry
from loyalty.features.contracts import FieldOrigin, FieldView, Origin, StorePolicy
from loyalty.features.operations import caching
from loyalty.features.policy import STREAMING, XIVA_FIELDS
from loyalty.features.queries import fields_present, get_policy, state, view_of


@dataclass(frozen=True)
class Store:
    """The catalogue's fields, the policy, the warehouse's freshness; ``version`` is empty when nothing may hold it."""

    version: str
    fields: tuple[FieldView, ...]
    policy: StorePolicy
    reference_instant: datetime | None
    oldest_instant: datetime | None
    generation: int

    @cached_property
    def types_of_dwh(self) -> Mapping[str, str]:
        """The type of each field that the warehouse has."""
        return {one.name: one.type for one in self.fields if one.data_source == Origin.DWH}

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """The source that the catalogue names for each field of the sources."""
        return {one.name: one.data_source for one in self.fields if one.data_source != Origin.PLATFORM}

    @cached_property
    def precedences(self) -> Mapping[str, str]:
        """The source that a person named for a field."""
        return {one.name: one.precedence for one in self.fields if one.precedence}

    @cached_property
    def null_kinds(self) -> Mapping[str, str]:
        """What no value means, of the streaming fields."""
        return {one.name: one.null_kind for one in self.fields if one.name in STREAMING}

    @cached_property
    def platform_names(self) -> frozenset[str]:
        """The platform's own facts."""
        return frozenset(one.name for one in self.fields if one.data_source == Origin.PLATFORM)

    @cached_property
    def streaming_names(self) -> frozenset[str]:
        """Fields of the sources to which purchases are added at once."""
        return frozenset(
            one.name for one in self.fields if one.name in STREAMING and one.name not in self.platform_names
        )

    @cached_property
    def origins(self) -> dict[str, FieldOrigin]:
        """Where each field lives that rules may read."""
        return {
            one.name: FieldOrigin(Origin(one.data_source), one.group, one.is_streaming)
            for one in self.fields
            if one.data_source != Origin.XIVA
        }

    def generation_of(self, source: str) -> str:
        """Give what marks a source's present answers: younger rows of the warehouse make its older ones old."""
        at = self.reference_instant.isoformat() if source == Origin.DWH and self.reference_instant else ""
        return f"{self.generation}:{at}"


class _Held:
    lock = threading.Lock()
    store: Store | None = None


def get_store(version: str) -> Store:
    """Give the store of a version; without one (the cache is away) it is read from the database each time.

    How features are collected is looked at each time, so that a change of it counts at once in every process.
    """
    policy = get_policy()
    held = _Held.store
    if held is not None and version and held.version == version and held.policy == policy:
        return held
    with _Held.lock:
        held = _Held.store
        if held is not None and version and held.version == version and held.policy == policy:
            return held
        row = state()
        registry.refresh_provided()
        _Held.store = Store(
            version=version,
            fields=tuple(view_of(one) for one in fields_present()),
            policy=policy,
            reference_instant=row.reference_instant,
            oldest_instant=row.oldest_instant,
            generation=row.generation,
        )
        return _Held.store


def field_origins() -> dict[str, FieldOrigin]:
    """Give for each field that rules may read where it lives: in the warehouse or in a group of platform facts."""
    return dict(get_store(caching.find_version()).origins)


def is_of_xiva(name: str) -> bool:
    """Whether the BSS tells the field."""
    return name in XIVA_FIELDS
