"""What one evaluation carries: the facts in view, the moment, and the steps it may still take."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from loyalty.foundation.rules.errors import RuleFault
from loyalty.foundation.rules.limits import STEPS_MAX


class Frame:
    """The state of one evaluation; ``data`` is the facts, or the element inside a list operator."""

    __slots__ = ("data", "now", "steps_left")

    def __init__(self, data: object, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("now carries its time zone")
        self.data = data
        self.now = now.astimezone(UTC)
        self.steps_left = STEPS_MAX

    @property
    def today(self) -> date:
        """The day of now in UTC."""
        return self.now.date()

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


Closure = Callable[[Frame], object]
