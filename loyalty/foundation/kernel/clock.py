"""The one clock. Only edges (rest, tasks, management, the event dispatcher) read it; everything else takes ``now``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A source of the present instant."""

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Give the machine's time in UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is set, for sandboxes and tests."""

    instant: datetime

    def now(self) -> datetime:
        """Give the instant that was set."""
        return self.instant


class _Holder:
    clock: Clock = SystemClock()


def now() -> datetime:
    """Give the present instant of the clock in use."""
    return _Holder.clock.now()


@contextmanager
def use(clock: Clock) -> Iterator[Clock]:
    """Use another clock within the block."""
    before, _Holder.clock = _Holder.clock, clock
    try:
        yield clock
    finally:
        _Holder.clock = before
