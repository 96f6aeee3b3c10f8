"""Reads of members: the bits of a segment now, as of an instant, and the customers behind them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from django.db import connection

from loyalty.foundation.orm import sql
from loyalty.segments.errors import SnapshotNotFound, SnapshotWithoutMembers
from loyalty.segments.models import Segment, SegmentSnapshot
from loyalty.segments.policy import bitmaps
from loyalty.segments.policy.bitmaps import Bytes, Ids

CHUNKS = "SELECT chunk, bits FROM segments_segmentchunk WHERE segment_id = %s"
IS_MEMBER = """
    SELECT get_bit(k.bits, c.customer_id & 2047) = 1 AS is_member
    FROM segments_segment s, customers_directory c, segments_segmentchunk k
    WHERE s.public_id = %s::uuid AND c.public_id = %s::uuid AND k.segment_id = s.id AND k.chunk = c.customer_id >> 11
"""
# One probe of the chunks' key for each segment and customer, so that it does not grow with the segments' sizes.
SEGMENTS_OF = """
    SELECT c.public_id AS customer_id, s.id AS segment_id, s.public_id AS segment_public_id
    FROM customers_directory c CROSS JOIN segments_segment s
    JOIN segments_segmentchunk k ON k.segment_id = s.id AND k.chunk = c.customer_id >> 11
    WHERE c.public_id = ANY(%s::uuid[]) AND get_bit(k.bits, c.customer_id & 2047) = 1
    ORDER BY s.public_id
"""


def fetch_binary(text: str, params: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement over Django's connection with the answer in PostgreSQL's own form: bytes cost no unpacking."""
    connection.ensure_connection()
    raw: Any = connection.connection
    # Django's own cursors put parameters in by themselves and so cannot ask for binary answers.
    with psycopg.Cursor(raw) as cursor:
        cursor.execute(text.encode(), params, binary=True)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def bits_of(segment: Segment) -> Bytes:
    """Give the members as they are now."""
    return bitmaps.of_chunks(fetch_binary(CHUNKS, [segment.pk]))


def is_member(segment_id: uuid.UUID, customer_id: uuid.UUID) -> bool:
    """Tell whether a customer is in a segment now."""
    rows = sql.fetch_prepared(IS_MEMBER, [segment_id, customer_id])
    return bool(rows and rows[0]["is_member"])


def list_segment_ids_of(customer_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Give the public ids of the segments that customers are in, in order; customers in none are left out."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in sql.fetch_prepared(SEGMENTS_OF, [list(customer_ids)]):
        found.setdefault(row["customer_id"], []).append(row["segment_public_id"])
    return found


def bits_before_changes(segment: Segment, bits: Bytes) -> Bytes:
    """Give the members as at the last snapshot: the first change of a customer since tells how it was before."""
    rows = sql.fetch_all(
        "SELECT DISTINCT ON (customer_id) customer_id, is_member FROM segments_segmentchange "
        "WHERE segment_id = %s ORDER BY customer_id, id",
        [segment.pk],
    )
    return _set(bits, [(int(row["customer_id"]), not row["is_member"]) for row in rows])


def _set(bits: Bytes, wanted: Sequence[tuple[int, bool]]) -> Bytes:
    """Give the set with these customers in or out of it."""
    if not wanted:
        return bits
    come = np.array([one for one, is_in in wanted if is_in], dtype=np.int64)
    go = np.array([one for one, is_in in wanted if not is_in], dtype=np.int64)
    old, added, removed = bitmaps.alike(bits, bitmaps.of_ids(come), bitmaps.of_ids(go))
    return (old | added) & ~removed


def snapshot_bits(snapshot: SegmentSnapshot) -> Bytes:
    """Give the members as a snapshot found them: the last complete one before it, and the differences since.

    :raises SnapshotWithoutMembers: it is from the time when snapshots kept counts only.
    """
    earlier = SegmentSnapshot.objects.filter(segment=snapshot.segment_id, taken_at__lte=snapshot.taken_at)
    earlier = earlier.filter(id__lte=snapshot.pk)
    base = earlier.filter(members__isnull=False).order_by("-id").first()
    if base is None:
        raise SnapshotWithoutMembers("This snapshot is from before snapshots kept who was in.")
    bits = bitmaps.of_ids(bitmaps.read(base.members))
    for one in earlier.filter(id__gt=base.pk).order_by("id").only("added", "removed"):
        added, removed = bitmaps.of_ids(bitmaps.read(one.added)), bitmaps.of_ids(bitmaps.read(one.removed))
        bits, added, removed = bitmaps.alike(bits, added, removed)
        bits = (bits | added) & ~removed
    return bits


def find_snapshot(segment: Segment, at: datetime) -> SegmentSnapshot:
    """Give the newest snapshot at or before an instant.

    :raises SnapshotNotFound: there was none yet.
    """
    found = SegmentSnapshot.objects.filter(segment=segment, taken_at__lte=at).order_by("-taken_at", "-id").first()
    if found is None:
        raise SnapshotNotFound(f"There is no snapshot at or before {at.isoformat()}.")
    return found


def bits_as_of(segment: Segment, at: datetime) -> Bytes:
    """Give the members as of an instant: the newest snapshot at or before it, and the single changes up to it.

    :raises SnapshotNotFound: there was none yet.
    :raises SnapshotWithoutMembers: the snapshot kept counts only.
    """
    snapshot = find_snapshot(segment, at)
    bits = snapshot_bits(snapshot)
    if SegmentSnapshot.objects.filter(segment=segment, id__gt=snapshot.pk).exists():
        return bits
    rows = sql.fetch_all(
        "SELECT DISTINCT ON (customer_id) customer_id, is_member FROM segments_segmentchange "
        "WHERE segment_id = %s AND changed_at <= %s ORDER BY customer_id, id DESC",
        [segment.pk, at],
    )
    return _set(bits, [(int(row["customer_id"]), row["is_member"]) for row in rows])


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as listed."""

    id: int
    customer_id: uuid.UUID
    customer_ref: str
    added_at: datetime | None


def list_members(
    segment: Segment, bits: Bytes, *, after: int, limit: int, at: datetime | None = None
) -> list[MemberRow]:
    """Give so many members after an internal id, in its order, each with when it came in as far as snapshots tell."""
    ids = bitmaps.ids_of(bits)
    page = ids[np.searchsorted(ids, after, side="right") :][:limit]
    rows = sql.fetch_all(
        "SELECT customer_id, public_id, customer_ref FROM customers_directory "
        "WHERE customer_id = ANY(%s::bigint[]) ORDER BY customer_id",
        [page.tolist()],
    )
    since = _since(segment, page, at)
    return [MemberRow(r["customer_id"], r["public_id"], r["customer_ref"], since.get(r["customer_id"])) for r in rows]


def _since(segment: Segment, ids: Ids, at: datetime | None) -> dict[int, datetime]:
    """Give when customers came in the last time: the newest change or snapshot that says so."""
    changes = sql.fetch_all(
        "SELECT customer_id, max(changed_at) AS since FROM segments_segmentchange WHERE segment_id = %s AND is_member "
        "AND customer_id = ANY(%s::bigint[]) AND (%s::timestamptz IS NULL OR changed_at <= %s) GROUP BY customer_id",
        [segment.pk, ids.tolist(), at, at],
    )
    found: dict[int, datetime] = {row["customer_id"]: row["since"] for row in changes}
    snapshots = SegmentSnapshot.objects.filter(segment=segment, added_count__gt=0).order_by("-id")
    if at is not None:
        snapshots = snapshots.filter(taken_at__lte=at)
    missing = np.array([one for one in ids.tolist() if one not in found], dtype=np.int64)
    for snapshot in snapshots.only("added", "taken_at").iterator(chunk_size=20):
        if not missing.size:
            break
        is_here = np.isin(missing, bitmaps.read(snapshot.added), assume_unique=True)
        found.update(dict.fromkeys(missing[is_here].tolist(), snapshot.taken_at))
        missing = missing[~is_here]
    return found


def public_ids_of(ids: Ids, *, limit: int) -> list[dict[str, str]]:
    """Name the first so many of these customers."""
    rows = sql.fetch_all(
        "SELECT public_id, customer_ref FROM customers_directory "
        "WHERE customer_id = ANY(%s::bigint[]) ORDER BY customer_id",
        [ids[:limit].tolist()],
    )
    return [{"customer_id": str(row["public_id"]), "customer_ref": row["customer_ref"]} for row in rows]
