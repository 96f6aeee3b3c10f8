"""The facts that segments publishes."""

from dataclasses import dataclass
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class SegmentRecalculated(Fact):
    """The membership was brought up to date; ``cause`` is that of the snapshot."""

    type: ClassVar[str] = "segment.recalculated"
    segment_id: str
    name: str
    added: int
    removed: int
    members: int
    cause: str = "recalculation"


@dataclass(frozen=True, slots=True)
class SegmentMembersChanged(Fact):
    """Members were added to or removed from a static segment by hand."""

    type: ClassVar[str] = "segment.members_changed"
    segment_id: str
    added: int
    removed: int
    members: int


@dataclass(frozen=True, slots=True)
class SegmentMemberAdded(Fact):
    """A customer came into a segment; written by ``segments_tell_members`` for all who came at once."""

    type: ClassVar[str] = "segment.member_added"
    customer_id: str
    segment_id: str
    segment_name: str
    cause: str


@dataclass(frozen=True, slots=True)
class SegmentMemberRemoved(Fact):
    """A customer left a segment."""

    type: ClassVar[str] = "segment.member_removed"
    customer_id: str
    segment_id: str
    segment_name: str
    cause: str


@dataclass(frozen=True, slots=True)
class SegmentCheckFailed(Fact):
    """Members evaluated row by row came out differently from the set: an alarm, because both should be one."""

    type: ClassVar[str] = "segment.check_failed"
    segment_id: str
    name: str
    disagreements: int
    checked: int
