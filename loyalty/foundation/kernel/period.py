"""A half-open span of time: the start belongs to it, the end does not."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start_at`` until before ``end_at``; no end means it goes on."""

    start_at: datetime
    end_at: datetime | None = None

    def has(self, instant: datetime) -> bool:
        """Tell whether the instant lies within."""
        return self.start_at <= instant and (self.end_at is None or instant < self.end_at)
