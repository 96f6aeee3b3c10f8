"""What one evaluation carries: the facts in view, the moment, and the steps it may still take."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from loyalty.foundation.rules.contracts import History
from loyalty.foundation.rules.errors import RuleFault
from loyalty.foundation.rules.limits import STEPS_MAX


class Frame:
    """The state of one evaluation; ``data`` is the facts, or the element inside a list operator.

    Days count in ``zone``; ``history`` answers what lies beyond the facts.
    """

    __slots__ = ("_history", "data", "now", "steps_left", "zone")

    def __init__(self, data: object, now: datetime, zone: str = "UTC", history: History | None = None) -> None:
        if now.tzinfo is None:
            raise ValueError("now carries its time zone")
        self.data = data
        self.now = now.astimezone(UTC)
        self.zone = zone_of(zone)
        self.steps_left = STEPS_MAX
        self._history = history

    @property
    def today(self) -> date:
        """The day of now in the zone."""
        return self.now.astimezone(self.zone).date()

    @property
    def history(self) -> History:
        """Who answers for events and segments.

        :raises RuleFault: the caller named nobody.
        """
        if self._history is None:
            raise RuleFault("The rule asks for events, segments or buckets, and nobody answers for them here.")
        return self._history

    def spend(self, steps: int) -> None:
        """Count work whose amount the facts decide.

        :raises RuleFault: the budget is used up.
        """
        self.steps_left -= steps
        if self.steps_left < 0:
            raise RuleFault(f"The rule takes more than {STEPS_MAX} steps on these facts.")

    def within(self, data: object, body: "Closure") -> object:
        """Evaluate a list operator's body on one element."""
        outer, self.data = self.data, data
        try:
            return body(self)
        finally:
            self.data = outer


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name; ``ZoneInfo`` itself forgets zones that nobody holds."""
    return ZoneInfo(name)


Closure = Callable[[Frame], object]
