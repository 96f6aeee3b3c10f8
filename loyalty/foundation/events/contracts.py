"""The shape of a fact inside the platform."""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class Fact:
    """Base of the facts that domains publish; subclasses are frozen dataclasses of JSON-able fields."""

    type: ClassVar[str]
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Envelope:
    """A fact on its way: what happened to which subject, when, and caused by what.

    ``key`` orders: facts of one key are handled one after another.
    """

    id: uuid.UUID
    type: str
    version: int
    key: str
    subject_kind: str
    subject_ref: str
    occurred_at: datetime
    recorded_at: datetime
    correlation_id: uuid.UUID | None
    causation_id: uuid.UUID | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TypeView:
    """A type of fact as the catalogue tells it; ``schema`` is the JSON Schema of its data."""

    name: str
    version: int
    title: str
    schema: dict[str, Any]
    handlers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sighting:
    """How many of the newest facts are of a type, and when the last of them was recorded."""

    count: int
    last_at: datetime


class Handler(Protocol):
    """Reacts to one fact within one transaction; raising undoes all of it and tries again later."""

    def __call__(self, event: Envelope, *, now: datetime) -> None:
        """Take the fact in."""
        ...


class SetHandler(Protocol):
    """Reacts to several facts, of each key one, within one transaction; does what the handler of one does for each.

    Raising undoes all of it, and the facts are then handed on one by one, so that one alone is tried again later.
    """

    def __call__(self, facts: Sequence[Envelope], *, now: datetime) -> None:
        """Take the facts in, given in the order in which they were published."""
        ...


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who wants which facts; ``name`` is stable, because the inbox remembers by it.

    ``is_wanted`` tells whether facts of the type matter to anybody just now; when not, no inbox rows are made.
    ``rank`` orders the handlers of one fact: a higher one hears of it when all lower ones have taken it in.
    ``list_types`` gives the types instead of ``event_type`` where they stand in data and change while we run.
    ``take_set`` takes in at once what waits for the handler, where there is a cheaper way than one after another.
    """

    event_type: str
    name: str
    handler: Handler
    is_wanted: Callable[[str], bool] | None = None
    rank: int = 0
    list_types: Callable[[], Collection[str]] | None = None
    take_set: SetHandler | None = None

    def types_wanted(self) -> list[str]:
        """Give the types that matter to the handler just now, in order."""
        types = [self.event_type] if self.list_types is None else sorted(set(self.list_types()))
        return [one for one in types if self.is_wanted is None or self.is_wanted(one)]
