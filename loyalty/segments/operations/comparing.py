"""Reading segments against each other and against themselves at another time."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from loyalty.segments.errors import SegmentNotFound, SegmentsTooMany, SnapshotNotFound
from loyalty.segments.models import Segment, SegmentSnapshot
from loyalty.segments.policy import bitmaps
from loyalty.segments.queries import membership

SAMPLE_MAX = 100
# Seven regions are what a picture can show; ten segments make a thousand.
OVERLAP_MAX = 6
TREND_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many customers are in exactly which of some segments."""

    segments: tuple[Segment, ...]
    regions: tuple[tuple[tuple[uuid.UUID, ...], int], ...]


def overlap(segment_ids: Sequence[uuid.UUID]) -> Overlap:
    """Count, for every combination of the segments, the customers who are in exactly those.

    :raises SegmentNotFound: one does not exist.
    :raises SegmentsTooMany: more than ``OVERLAP_MAX``.
    """
    wanted = list(dict.fromkeys(segment_ids))
    if not 1 <= len(wanted) <= OVERLAP_MAX:
        raise SegmentsTooMany(f"From 1 to {OVERLAP_MAX} segments can be compared.")
    known = {one.public_id: one for one in Segment.objects.filter(public_id__in=wanted)}
    if len(known) != len(wanted):
        raise SegmentNotFound()
    counted = bitmaps.regions({str(one): membership.bits_of(known[one]) for one in wanted})
    regions = tuple((tuple(uuid.UUID(name) for name in names), number) for names, number in counted.items())
    return Overlap(tuple(known[one] for one in wanted), regions)


def find_snapshot(segment: Segment, name: str, instant: datetime | None) -> SegmentSnapshot:
    """Give a snapshot by its id, or the newest one at or before an instant.

    :raises SnapshotNotFound: there is none.
    """
    if instant is not None:
        return membership.find_snapshot(segment, instant)
    try:
        found = SegmentSnapshot.objects.filter(segment=segment, public_id=uuid.UUID(name)).first()
    except ValueError as fault:
        raise SnapshotNotFound(f"There is no snapshot {name[:60]!r}.") from fault
    if found is None:
        raise SnapshotNotFound(f"There is no snapshot {name[:60]!r}.")
    return found


def compare(old: SegmentSnapshot, new: SegmentSnapshot) -> dict[str, Any]:
    """Tell who came, went and stayed between two snapshots, with up to 100 of those who came and who went.

    :raises SnapshotWithoutMembers: one of them kept counts only.
    """
    before, after = membership.snapshot_bits(old), membership.snapshot_bits(new)
    change = bitmaps.difference(before, after)
    return {
        "from": _told(old),
        "to": _told(new),
        "added_count": int(change.added.size),
        "removed_count": int(change.removed.size),
        "stayed_count": bitmaps.count(before) - int(change.removed.size),
        "added": membership.public_ids_of(change.added, limit=SAMPLE_MAX),
        "removed": membership.public_ids_of(change.removed, limit=SAMPLE_MAX),
    }


def _told(snapshot: SegmentSnapshot) -> dict[str, Any]:
    return {
        "id": str(snapshot.public_id),
        "taken_at": snapshot.taken_at,
        "member_count": snapshot.member_count,
        "added_count": snapshot.added_count,
        "removed_count": snapshot.removed_count,
        "cause": snapshot.cause,
    }


def trend(segment: Segment, *, since: datetime | None = None) -> list[dict[str, Any]]:
    """Give the sizes of a segment over its snapshots, oldest first, at most the newest 1,000."""
    rows = SegmentSnapshot.objects.filter(segment=segment).defer("added", "removed", "members", "rules")
    if since is not None:
        rows = rows.filter(taken_at__gte=since)
    return [_told(one) for one in reversed(rows.order_by("-id")[:TREND_MAX])]


def moved_within(segment: Segment, *, now: datetime, days: int) -> dict[str, int]:
    """Count who came and who went within so many days, each time of a customer by itself."""
    rows = SegmentSnapshot.objects.filter(segment=segment, taken_at__gt=now - timedelta(days=days))
    counts = rows.values_list("added_count", "removed_count")
    return {f"added_{days}_days": sum(a for a, _ in counts), f"removed_{days}_days": sum(r for _, r in counts)}
