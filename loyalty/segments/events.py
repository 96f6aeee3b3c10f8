"""The facts that segments publishes."""

from dataclasses import dataclass
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class SegmentRecalculated(Fact):
    """The membership was brought up to date."""

    type: ClassVar[str] = "segment.recalculated"
    segment_id: str
    name: str
    added: int
    removed: int
    members: int


@dataclass(frozen=True, slots=True)
class SegmentMembersChanged(Fact):
    """Members were added to or removed from a static segment by hand."""

    type: ClassVar[str] = "segment.members_changed"
    segment_id: str
    added: int
    removed: int
    members: int
