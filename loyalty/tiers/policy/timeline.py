"""A member's tiers through time: from which instant on which tier, and what a correction makes of it."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty.programs.api import TierPlan
from loyalty.tiers.policy.standing import floor_of

Point = tuple[datetime, TierPlan | None]
# Between an instant and what comes after it lies nothing.
STEP = timedelta.resolution


@dataclass(frozen=True, slots=True)
class Timeline:
    """Tiers by the instant from which they count, ascending; before the first there was none.

    ``caused`` are the instants at which a purchase reached the tier: it does not earn with it, what comes after does.
    """

    points: tuple[Point, ...]
    caused: frozenset[datetime] = frozenset()

    @classmethod
    def of(cls, points: Sequence[Point], *, caused: Iterable[datetime] = ()) -> "Timeline":
        """Build one: in order of time, what changes nothing left out; of two at one instant the later counts."""
        kept: list[Point] = []
        for at, tier in sorted(points, key=lambda point: point[0]):
            if kept and kept[-1][0] == at:
                kept.pop()
            if not kept or _code(kept[-1][1]) != _code(tier):
                kept.append((at, tier))
        return cls(tuple(kept), frozenset(caused) & {at for at, _ in kept})

    def at(self, instant: datetime) -> TierPlan | None:
        """Give the tier in force at an instant."""
        place = bisect_right([at for at, _ in self.points], instant)
        return self.points[place - 1][1] if place else None

    def before(self, instant: datetime) -> TierPlan | None:
        """Give the tier in force just before an instant."""
        return next((tier for at, tier in reversed(self.points) if at < instant), None)

    def since(self, tier: TierPlan) -> datetime:
        """Give the instant from which a tier counts that is in force at the end."""
        return next(at for at, held in reversed(self.points) if _code(held) == tier.code)

    def turns_since(self, instant: datetime) -> list[Point]:
        """Give the changes from an instant on."""
        return [point for point in self.points if point[0] >= instant]

    def codes_since(self, instant: datetime) -> list[tuple[datetime, str | None]]:
        """Give the codes with which purchases earn from an instant on, the one in force there first."""
        turns = [(at + STEP if at in self.caused else at, _code(tier)) for at, tier in self.points]
        first = [code for at, code in turns if at <= instant]
        return [(instant, first[-1] if first else None), *((at, code) for at, code in turns if at > instant)]

    def first_difference(self, other: "Timeline") -> datetime | None:
        """Give the first instant at which two say different things."""
        return next((at for at in _instants(self, other) if _code(self.at(at)) != _code(other.at(at))), None)

    def where_above(self, other: "Timeline") -> "Timeline":
        """Give this one where it lies above another, and no tier elsewhere."""
        return Timeline.of(
            [
                (at, self.at(at) if floor_of(self.at(at)) > floor_of(other.at(at)) else None)
                for at in _instants(self, other)
            ],
            caused=self.caused,
        )


def raised(recorded: Timeline, replayed: Timeline, *, since: datetime) -> Timeline:
    """Give what was recorded, raised from an instant on to what was worked out anew where that is higher."""
    points: list[Point] = [point for point in recorded.points if point[0] < since]
    for at in sorted({since, *(at for at in _instants(recorded, replayed) if at > since)}):
        old, new = recorded.at(at), replayed.at(at)
        points.append((at, new if floor_of(new) > floor_of(old) else old))
    return Timeline.of(points, caused=recorded.caused | replayed.caused)


def _instants(*timelines: Timeline) -> list[datetime]:
    return sorted({at for timeline in timelines for at, _ in timeline.points})


def _code(tier: TierPlan | None) -> str | None:
    return tier.code if tier else None
