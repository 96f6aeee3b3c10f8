"""The ledger as a few lines of plain Python, to compare the real one with."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


class Refused(Exception):
    """The model would refuse; the argument is the refusal's code."""


@dataclass
class ModelLot:
    """Points earned together."""

    earned_at: datetime
    expires_at: datetime | None
    number: int
    original: int
    remaining: int

    @property
    def order(self) -> tuple[bool, datetime, datetime, int]:
        """What is spent first sorts first."""
        return (self.expires_at is None, self.expires_at or self.earned_at, self.earned_at, self.number)


@dataclass
class ModelTransaction:
    """What a transaction moved, and what of it was taken back."""

    kind: Literal["earn", "burn", "reverse"]
    points: int
    window: str = ""
    lot: ModelLot | None = None
    taken: list[tuple[ModelLot, int]] = field(default_factory=list)
    reversed: int = 0


@dataclass
class ModelAccount:
    """One account with its lots and the use of its cap by window."""

    lots: list[ModelLot] = field(default_factory=list)
    cap_used: dict[str, int] = field(default_factory=dict)
    earned: int = 0
    redeemed: int = 0
    expired: int = 0

    @property
    def balance(self) -> int:
        """The posted balance."""
        return sum(lot.remaining for lot in self.lots)

    def open_lots(self) -> list[tuple[int, int]]:
        """Size and rest of the lots with points left, in the order of spending."""
        return [
            (lot.original, lot.remaining) for lot in sorted(self.lots, key=lambda each: each.order) if lot.remaining
        ]

    def earn(
        self, points: int, now: datetime, expires_at: datetime | None, window: str, cap: int | None
    ) -> ModelTransaction:
        """Earn; cut to what the cap leaves in the window."""
        granted = points if cap is None else max(0, min(points, cap - self.cap_used.get(window, 0)))
        if cap is not None:
            self.cap_used[window] = self.cap_used.get(window, 0) + granted
        lot = ModelLot(now, expires_at, len(self.lots), granted, granted)
        self.lots.append(lot)
        self.earned += granted
        return ModelTransaction("earn", granted, window if cap is not None else "", lot)

    def _take(self, points: int, now: datetime) -> list[tuple[ModelLot, int]]:
        live = [lot for lot in self.lots if lot.remaining and (lot.expires_at is None or lot.expires_at > now)]
        if sum(lot.remaining for lot in live) < points:
            raise Refused("points.insufficient")
        taken = []
        for lot in sorted(live, key=lambda each: each.order):
            part = min(lot.remaining, points)
            if part:
                lot.remaining -= part
                points -= part
                taken.append((lot, part))
        return taken

    def burn(self, points: int, now: datetime) -> ModelTransaction:
        """Burn, first to expire first."""
        taken = self._take(points, now)
        self.redeemed += points
        return ModelTransaction("burn", points, taken=taken)

    def reverse(self, first: ModelTransaction, points: int | None, now: datetime) -> int:
        """Reverse; give the points moved."""
        if first.kind == "reverse":
            raise Refused("transaction.not_reversible")
        left = first.points - first.reversed
        if left == 0:
            raise Refused("transaction.already_reversed")
        points = left if points is None else points
        if points > left:
            raise Refused("transaction.reversal_exceeds")
        if first.kind == "burn":
            self._restore(first, points)
        else:
            self._take_back(first, points, now)
        first.reversed += points
        return points

    def _restore(self, first: ModelTransaction, points: int) -> None:
        already, to_give = first.reversed, points
        for lot, part in reversed(first.taken):
            skipped = min(already, part)
            already -= skipped
            given = min(to_give, part - skipped)
            to_give -= given
            lot.remaining += given
        self.redeemed -= points

    def _take_back(self, first: ModelTransaction, points: int, now: datetime) -> None:
        assert first.lot is not None
        if self.balance < points:
            raise Refused("points.insufficient")
        own = min(first.lot.remaining, points)
        first.lot.remaining -= own
        try:
            self._take(points - own, now)
        except Refused:
            first.lot.remaining += own
            raise
        self.earned -= points
        if first.window:
            self.cap_used[first.window] -= points

    def expire(self, now: datetime) -> int:
        """Expire what is due; give the points."""
        points = 0
        for lot in self.lots:
            if lot.remaining and lot.expires_at is not None and lot.expires_at <= now:
                points += lot.remaining
                lot.remaining = 0
        self.expired += points
        return points
