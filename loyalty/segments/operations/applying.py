"""New members take the place of old ones, in one transaction with the difference, the snapshot and the facts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models.functions import Length

from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.segments.contracts import SnapshotCause
from loyalty.segments.events import SegmentMemberAdded, SegmentMemberRemoved, SegmentRecalculated
from loyalty.segments.models import Segment, SegmentChange, SegmentSnapshot, TouchedCustomer
from loyalty.segments.policy import bitmaps
from loyalty.segments.policy.bitmaps import Bytes, Ids
from loyalty.segments.queries import membership

CALCULATION_FIELDS = (
    "member_count", "last_calculated_at", "is_stale", "features_as_of", "rows_read", "increments",
)  # fmt: skip
CALCULATED = (SnapshotCause.RECALCULATION, SnapshotCause.INCREMENT)


@dataclass(frozen=True, slots=True)
class Applied:
    """What new members came to. ``is_superseded`` says that newer ones stood already and nothing was written."""

    added: int
    removed: int
    members: int
    is_superseded: bool = False


def held_since(instant: datetime) -> Ids:
    """Give the customers who were looked at alone since an instant: what was read before that knows less of them."""
    rows = TouchedCustomer.objects.filter(evaluated_at__gte=instant).values_list("customer_id", flat=True)
    return np.array(list(rows), dtype=np.int64)


def locked(segment_pk: int) -> Segment | None:
    """Hold a segment's row: whoever writes its members holds it."""
    return Segment.objects.select_for_update().filter(pk=segment_pk).first()


@transaction.atomic
def apply(
    *,
    segment: Segment,
    members: Bytes,
    evaluated_at: datetime,
    cause: SnapshotCause,
    actor: Actor,
    now: datetime,
    announces_first_fill: bool = False,
    notes: dict[str, Any] | None = None,
    features_as_of: datetime | None = None,
    rows_read: int | None = None,
) -> Applied:
    """Make these the members.

    Customers who were looked at alone since ``evaluated_at`` stay as they are. The first fill publishes no fact for
    each member unless that is asked for: a journey or a campaign is not meant for everybody at once.
    """
    held = locked(segment.pk)
    if held is None or (held.last_calculated_at is not None and held.last_calculated_at > evaluated_at):
        return Applied(0, 0, held.member_count if held else 0, is_superseded=True)
    old = membership.bits_of(held)
    new = bitmaps.kept_as_before(old, members, held_since(evaluated_at))
    change = bitmaps.difference(old, new)
    maybe_fail("segments.compared")
    if change.chunks.size:
        sql.execute("SELECT segments_write_chunks(%s, %s, %s)", [held.pk, change.chunks.tolist(), change.bits])
    maybe_fail("segments.members_written")
    is_first = not SegmentSnapshot.objects.filter(segment=held).exists()
    result = Applied(
        change.added.size, change.removed.size, held.member_count + change.added.size - change.removed.size
    )
    _keep_snapshot(held, old=old, change=change, cause=cause, taken_at=now)
    maybe_fail("segments.snapshot_kept")
    held.member_count = result.members
    if cause in CALCULATED:
        # Rules that changed while this was evaluated want another one.
        held.last_calculated_at, held.is_stale = evaluated_at, held.is_stale and held.version != segment.version
        held.features_as_of = features_as_of
        if cause is SnapshotCause.INCREMENT:
            held.increments += 1
        else:
            held.rows_read, held.increments = rows_read, 0
    held.save(update_fields=CALCULATION_FIELDS)
    maybe_fail("segments.counted")
    _tell(held, change, result, cause=cause, actor=actor, now=now, notes=notes or {})
    if not is_first or announces_first_fill:
        tell_members(held, change.added, change.removed, cause=cause, now=now)
    maybe_fail("segments.told")
    return result


def _keep_snapshot(
    held: Segment, *, old: Bytes, change: bitmaps.Difference, cause: SnapshotCause, taken_at: datetime
) -> None:
    """Keep the difference to the last snapshot, and everybody when the differences have grown as large as that.

    The single changes since the last snapshot become part of this one.
    """
    last = SegmentSnapshot.objects.filter(segment=held, members__isnull=False).order_by("-id").first()
    has_changes = SegmentChange.objects.filter(segment=held).exists()
    if has_changes:
        change = bitmaps.difference(membership.bits_before_changes(held, old), change.new)
        SegmentChange.objects.filter(segment=held).delete()
    added, removed = bitmaps.stored(change.added), bitmaps.stored(change.removed)
    complete: bytes | None = None
    if last is None:
        complete = bitmaps.stored(bitmaps.ids_of(change.new))
    else:
        since = SegmentSnapshot.objects.filter(segment=held, id__gt=last.pk)
        sizes = since.values_list(Length("added"), Length("removed"))
        grown = sum((one or 0) + (other or 0) for one, other in sizes) + len(added) + len(removed)
        if grown > len(last.members or b""):
            complete = bitmaps.stored(bitmaps.ids_of(change.new))
    SegmentSnapshot.objects.create(
        segment=held,
        taken_at=taken_at,
        member_count=bitmaps.count(change.new),
        added_count=change.added.size,
        removed_count=change.removed.size,
        rules=held.rules,
        cause=cause.value,
        added=added,
        removed=removed,
        members=complete,
    )


@transaction.atomic
def snapshot_now(*, segment_pk: int, cause: SnapshotCause, now: datetime) -> bool:
    """Take a snapshot of the members as they are; tell whether the segment still exists."""
    held = locked(segment_pk)
    if held is None:
        return False
    bits = membership.bits_of(held)
    _keep_snapshot(held, old=bits, change=bitmaps.difference(bits, bits), cause=cause, taken_at=now)
    return True


def tell_members(held: Segment, added: Ids, removed: Ids, *, cause: str, now: datetime) -> None:
    """Publish one fact for each customer who came or went, in one statement for all of them."""
    for kind, ids in ((SegmentMemberAdded.type, added), (SegmentMemberRemoved.type, removed)):
        if len(ids):
            sql.execute(
                "SELECT segments_tell_members(%s, %s, %s, %s, %s, %s)",
                [kind, [int(one) for one in ids], held.public_id, held.name, str(cause), now],
            )


def _tell(
    held: Segment,
    change: bitmaps.Difference,
    result: Applied,
    *,
    cause: SnapshotCause,
    actor: Actor,
    now: datetime,
    notes: dict[str, Any],
) -> None:
    ref = str(held.public_id)
    told = {"added": result.added, "removed": result.removed, "members": result.members}
    fact = SegmentRecalculated(segment_id=ref, name=held.name, cause=cause.value, **told)
    events.publish(fact, key=ref, subject_kind="segment", subject_ref=ref, occurred_at=now)
    act = "segments.recalculate" if cause in CALCULATED else "segments.change"
    audit.record(
        actor=actor,
        act=act,
        subject_kind="segment",
        subject_ref=ref,
        at=now,
        after={**told, **notes, "cause": cause.value},
    )
