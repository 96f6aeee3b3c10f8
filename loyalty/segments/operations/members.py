"""Writes on the members of a static segment: by hand, one or some thousand at a time."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import F

from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.segments.contracts import SnapshotCause
from loyalty.segments.errors import CustomerUnknown, SegmentKindWrong, SegmentNotFound
from loyalty.segments.events import SegmentMembersChanged
from loyalty.segments.models import Segment, SegmentKind
from loyalty.segments.operations.applying import tell_members

TURN = "SELECT turned FROM segments_turn(%s, %s::bigint[], %s, %s) turned"
IDS = "SELECT public_id, customer_id FROM customers_directory WHERE public_id = ANY(%s::uuid[])"


def turn(segment: Segment, customer_ids: Sequence[int], *, is_member: bool, cause: str, now: datetime) -> int:
    """Turn single memberships of a segment whose row the caller holds; give how many turned, and publish each."""
    if not customer_ids:
        return 0
    rows = sql.fetch_all(TURN, [segment.pk, list(customer_ids), is_member, now])
    turned = np.array([row["turned"] for row in rows], dtype=np.int64)
    if turned.size:
        change = turned.size if is_member else -turned.size
        Segment.objects.filter(pk=segment.pk).update(member_count=F("member_count") + change)
        segment.member_count += change
        none = np.zeros(0, dtype=np.int64)
        tell_members(segment, turned if is_member else none, none if is_member else turned, cause=cause, now=now)
    return int(turned.size)


def held_static(segment: Segment) -> Segment:
    """Hold the row of a static segment.

    :raises SegmentKindWrong: it is dynamic.
    """
    held = Segment.objects.select_for_update().get(pk=segment.pk)
    if held.kind != SegmentKind.STATIC:
        raise SegmentKindWrong("Members of a dynamic segment come from its rules.")
    return held


def _tell(segment: Segment, added: int, removed: int, actor: Actor, now: datetime) -> None:
    ref = str(segment.public_id)
    fact = SegmentMembersChanged(segment_id=ref, added=added, removed=removed, members=segment.member_count)
    events.publish(fact, key=ref, subject_kind="segment", subject_ref=ref, occurred_at=now)
    audit.record(
        actor=actor,
        act="segments.change",
        subject_kind="segment",
        subject_ref=ref,
        at=now,
        after={"added": added, "removed": removed},
    )


@transaction.atomic
def add_members(*, segment: Segment, customer_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> int:
    """Add customers to a static segment; who is in stays in. Give how many were new.

    :raises SegmentKindWrong: the segment is dynamic.
    :raises CustomerUnknown: one of them does not exist; nobody is added.
    """
    held = held_static(segment)
    wanted = list(dict.fromkeys(customer_ids))
    known = {row["public_id"]: int(row["customer_id"]) for row in sql.fetch_all(IDS, [wanted])}
    missing = [str(one) for one in wanted if one not in known]
    if missing:
        raise CustomerUnknown(f"There is no customer {missing[0]}.", missing=missing[:100])
    added = turn(held, [known[one] for one in wanted], is_member=True, cause=SnapshotCause.MEMBERS, now=now)
    if added:
        _tell(held, added, 0, actor, now)
    return added


@transaction.atomic
def remove_member(*, segment: Segment, customer_id: uuid.UUID, actor: Actor, now: datetime) -> bool:
    """Remove a customer from a static segment; tell whether it was in.

    :raises SegmentKindWrong: the segment is dynamic.
    """
    held = held_static(segment)
    known = sql.fetch_all(IDS, [[customer_id]])
    ids = [int(row["customer_id"]) for row in known]
    removed = turn(held, ids, is_member=False, cause=SnapshotCause.MEMBERS, now=now)
    if removed:
        _tell(held, 0, removed, actor, now)
    return bool(removed)


@transaction.atomic
def turn_members(
    *, segment_id: uuid.UUID, customer_ids: Sequence[int], is_member: bool, actor: Actor, now: datetime
) -> int:
    """Take some thousand customers, by their internal ids, into a static segment or out of it; give how many turned.

    Who is in already, or out, stays so.

    :raises SegmentNotFound: there is no such segment.
    :raises SegmentKindWrong: the segment is dynamic.
    """
    segment = Segment.objects.filter(public_id=segment_id).first()
    if segment is None:
        raise SegmentNotFound()
    held = held_static(segment)
    turned = turn(held, sorted(set(customer_ids)), is_member=is_member, cause=SnapshotCause.MEMBERS, now=now)
    if turned:
        _tell(held, turned if is_member else 0, 0 if is_member else turned, actor, now)
    return turned
