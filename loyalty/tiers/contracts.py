"""What crosses the border of tiers."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from loyalty.programs.contracts import TierPlan


class Direction(StrEnum):
    """Where a change of tier led; LEVEL when one tier was replaced by another that begins at the same points."""

    UP = "UP"
    DOWN = "DOWN"
    LEVEL = "LEVEL"


class Reason(StrEnum):
    """Why a tier changed."""

    EARNED = "earned"
    TIERS_CHANGED = "tiers_changed"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class TierStanding:
    """Where a member stands: the tier it has, the tier its points qualify for, and how far the next one is."""

    account_id: uuid.UUID
    customer_id: uuid.UUID
    program_id: uuid.UUID
    points_lifetime: int
    current: TierPlan | None
    calculated: TierPlan | None
    following: TierPlan | None

    @property
    def points_to_next(self) -> int | None:
        """The points that are missing to the next tier, None at the top."""
        return None if self.following is None else self.following.min_points - self.points_lifetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """How many members' tiers a look at them changed."""

    upgraded: int
    downgraded: int
    levelled: int
