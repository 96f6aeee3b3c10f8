"""What sets recalculations off by itself: the clock, newer features, and the end of a day."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from loyalty.foundation.kernel.actor import Actor, system_actor
from loyalty.foundation.work import api as work
from loyalty.segments.contracts import SnapshotCause
from loyalty.segments.models import Segment, SegmentChange, SegmentKind, SegmentSnapshot
from loyalty.segments.operations.applying import snapshot_now
from loyalty.segments.operations.recalculation import TOGETHER_MAX, start_together
from loyalty.segments.policy.schedule import next_due

log = logging.getLogger("loyalty.segments")

DAY = timedelta(days=1)
CLOCK, FEATURES = system_actor("segments.schedule"), system_actor("segments.features")


@transaction.atomic
def start_due(*, now: datetime) -> int:
    """Start the recalculation of all segments whose time has come, together; give how many.

    While an earlier one of the clock's is under way they wait, so that a slow warehouse is not asked twice at once.
    """
    rows = Segment.objects.select_for_update(skip_locked=True).filter(kind=SegmentKind.DYNAMIC, due_at__lte=now)
    due = list(rows.order_by("due_at", "pk")[:TOGETHER_MAX])
    if not due or not _start(due, subject="schedule", actor=CLOCK, now=now):
        return 0
    for segment in due:
        Segment.objects.filter(pk=segment.pk).update(due_at=next_due(segment.schedule, now))
    return len(due)


def refresh_after_features(*, now: datetime) -> int:
    """Start the recalculation of the segments that follow the warehouse's features; give how many."""
    rows = Segment.objects.filter(kind=SegmentKind.DYNAMIC, refreshes_on_features=True).order_by("pk")
    following = list(rows[:TOGETHER_MAX])
    if not following:
        return 0
    return len(following) if _start(following, subject="features", actor=FEATURES, now=now, is_incremental=True) else 0


def _start(
    segments: Sequence[Segment], *, subject: str, actor: Actor, now: datetime, is_incremental: bool = False
) -> bool:
    try:
        start_together(segments=segments, actor=actor, now=now, subject=subject, is_incremental=is_incremental)
    except work.RunAlreadyActive:
        log.info("recalculation by %s waits for the one under way", subject)
        return False
    return True


def keep_day(*, now: datetime) -> int:
    """Take a snapshot of each segment that single changes moved and that had none for a day; give how many."""
    fresh = SegmentSnapshot.objects.filter(segment=OuterRef("segment"), taken_at__gt=now - DAY)
    moved = SegmentChange.objects.filter(~Exists(fresh)).values_list("segment_id", flat=True)
    pks = list(moved.distinct().order_by("segment_id"))
    return sum(snapshot_now(segment_pk=pk, cause=SnapshotCause.DAY, now=now) for pk in pks)
