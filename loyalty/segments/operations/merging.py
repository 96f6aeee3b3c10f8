"""What segments keep of a customer, taken over by another one who turned out to be the same person."""

from collections.abc import Mapping
from datetime import datetime

from loyalty.customers.api import MergeSide
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.segments.contracts import SnapshotCause
from loyalty.segments.models import Segment, SegmentKind
from loyalty.segments.operations.members import turn

HOLDING = "SELECT s.id FROM segments_segment s WHERE segments_contains(s.id, %s) ORDER BY s.id"
# Who stays is looked at by the rules that follow events: what both did counts for it now.
LOOK = """
    INSERT INTO segments_dirtycustomer AS d (customer_id, since, occurred_at, due_at)
    VALUES (%(into)s, %(now)s, %(now)s, %(now)s)
    ON CONFLICT (customer_id) DO UPDATE SET since = excluded.since, due_at = least(d.due_at, excluded.due_at)
"""
FORGET = "DELETE FROM segments_dirtycustomer WHERE customer_id = %(gone)s"


def merge(*, gone: MergeSide, into: MergeSide, actor: Actor, now: datetime) -> Mapping[str, int]:
    """Take places in lists over, and let go of those in rules' segments (``customers.register_merging``)."""
    ids = [row["id"] for row in sql.fetch_all(HOLDING, [gone.internal_id])]
    taken = left = 0
    # In the order of their ids, as whoever holds several does.
    for segment in Segment.objects.select_for_update().filter(pk__in=ids).order_by("pk"):
        left += turn(segment, [gone.internal_id], is_member=False, cause=SnapshotCause.MEMBERS, now=now)
        if segment.kind == SegmentKind.STATIC:
            taken += turn(segment, [into.internal_id], is_member=True, cause=SnapshotCause.MEMBERS, now=now)
    params = {"gone": gone.internal_id, "into": into.internal_id, "now": now}
    sql.execute(FORGET, params)
    sql.execute(LOOK, params)
    return {"left": left, "taken": taken}
