"""Members as stored: turned one by one, written in chunks, kept in snapshots, carried over from rows."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from django.db import transaction

from loyalty.customers import api as customers
from loyalty.customers.contracts import CustomerRecord
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.segments import api
from loyalty.segments.contracts import SnapshotCause
from loyalty.segments.models import Segment, SegmentChange, SegmentSnapshot
from loyalty.segments.operations import keys
from loyalty.segments.operations.applying import apply, snapshot_now
from loyalty.segments.operations.comparing import compare, overlap
from loyalty.segments.policy import bitmaps
from loyalty.segments.queries import membership

pytestmark = pytest.mark.django_db(transaction=True)
Fill = Callable[[list[int], datetime], None]


@pytest.fixture
def segment(actor: Actor, now: datetime) -> Segment:
    """Make an empty static segment."""
    made = api.create(name="some", description="", kind="static", rules=None, actor=actor, now=now)
    return Segment.objects.get(public_id=made)


@pytest.fixture
def crowd(actor: Actor, now: datetime) -> list[int]:
    """Make 60 customers; gives their internal ids in order."""
    records = [CustomerRecord(customer_ref=f"C{number:03}") for number in range(60)]
    customers.upsert_many(records, source="tests", actor=actor, now=now)
    return [row["customer_id"] for row in sql.fetch_all("SELECT customer_id FROM customers_directory ORDER BY 1")]


def public(customer_id: int) -> uuid.UUID:
    """Give the public id of a customer."""
    row = sql.fetch_one("SELECT public_id FROM customers_directory WHERE customer_id = %s", [customer_id])
    assert row is not None
    found: uuid.UUID = row["public_id"]
    return found


def fill(segment: Segment, members: list[int], actor: Actor, at: datetime, **others: Any) -> None:
    """Make these the members."""
    bits = bitmaps.of_ids(np.array(members, dtype=np.int64))
    apply(segment=segment, members=bits, evaluated_at=at, cause=SnapshotCause.UPLOAD, actor=actor, now=at, **others)


def view(segment: Segment) -> list[int]:
    """Give the members as other domains' SQL sees them."""
    rows = sql.fetch_all(
        "SELECT customer_id, customer_public_id FROM segments_membership WHERE segment_public_id = %s ORDER BY 1",
        [segment.public_id],
    )
    assert all(public(row["customer_id"]) == row["customer_public_id"] for row in rows)
    return [row["customer_id"] for row in rows]


def test_view_function_and_python__any_members__say_the_same(
    segment: Segment, crowd: list[int], actor: Actor, now: datetime
) -> None:
    chosen = crowd[::3]
    fill(segment, chosen, actor, now)
    assert view(segment) == chosen
    for customer_id in crowd:
        row = sql.fetch_one("SELECT segments_contains(%s, %s) AS inside", [segment.pk, customer_id])
        inside = customer_id in chosen
        assert row == {"inside": inside}
        assert api.is_member(segment.public_id, public(customer_id)) is inside
    assert api.list_segments_of(public(chosen[0]))[0].name == "some"
    fill(segment, [], actor, now + timedelta(seconds=1))
    assert view(segment) == []
    assert sql.fetch_all("SELECT 1 FROM segments_segmentchunk") == [], "an empty chunk has no row"


def test_changes__one_by_one__are_members_at_once_and_part_of_the_next_snapshot(
    segment: Segment, crowd: list[int], actor: Actor, now: datetime
) -> None:
    fill(segment, crowd[:10], actor, now)
    hour = timedelta(hours=1)
    api.add_members(segment=segment, customer_ids=[public(crowd[20]), public(crowd[0])], actor=actor, now=now + hour)
    api.remove_member(segment=segment, customer_id=public(crowd[1]), actor=actor, now=now + 2 * hour)
    api.remove_member(segment=segment, customer_id=public(crowd[20]), actor=actor, now=now + 3 * hour)
    api.add_members(segment=segment, customer_ids=[public(crowd[30])], actor=actor, now=now + 4 * hour)
    at_the_end = [crowd[0], *crowd[2:10], crowd[30]]
    assert view(segment) == at_the_end
    segment.refresh_from_db()
    assert segment.member_count == 10
    as_of = {
        hours: bitmaps.ids_of(membership.bits_as_of(segment, now + hours * hour)).tolist() for hours in (0, 1, 2, 3)
    }
    assert as_of[0] == crowd[:10]
    assert as_of[1] == [*crowd[:10], crowd[20]]
    assert as_of[2] == [crowd[0], *crowd[2:10], crowd[20]]
    assert as_of[3] == [crowd[0], *crowd[2:10]]
    assert snapshot_now(segment_pk=segment.pk, cause=SnapshotCause.DAY, now=now + 5 * hour)
    last = SegmentSnapshot.objects.order_by("-id")[0]
    assert (last.added_count, last.removed_count, last.member_count) == (1, 1, 10), "only what came of it counts"
    assert not SegmentChange.objects.exists()
    assert bitmaps.ids_of(membership.snapshot_bits(last)).tolist() == at_the_end
    added = {row.id: row.added_at for row in membership.list_members(
        segment, membership.bits_of(segment), after=-1, limit=50)}  # fmt: skip
    assert (added[crowd[0]], added[crowd[30]]) == (now, now + 5 * hour)


def test_snapshots__long_chain__each_knows_who_was_in(
    segment: Segment, crowd: list[int], actor: Actor, now: datetime
) -> None:
    history: list[list[int]] = []
    # Every second customer, so that bitmaps have no runs that would make them all small.
    inside = set(crowd[::2])
    for step in range(30):
        inside ^= {crowd[(step * 7) % 60]}
        members = sorted(inside)
        fill(segment, members, actor, now + timedelta(minutes=step))
        history.append(members)
    snapshots = list(SegmentSnapshot.objects.order_by("id"))
    kept = [bitmaps.ids_of(membership.snapshot_bits(one)).tolist() for one in snapshots]
    assert kept == history
    complete = [one.members is not None for one in snapshots]
    assert complete[0] and 1 < sum(complete) < 30, "complete ones now and then, differences between them"
    told = compare(snapshots[3], snapshots[17])
    assert told["added_count"] == len(set(history[17]) - set(history[3]))
    assert told["stayed_count"] == len(set(history[17]) & set(history[3]))
    assert len(told["removed"]) == told["removed_count"]


def test_overlap__of_two__counts_who_is_in_exactly_which(
    segment: Segment, crowd: list[int], actor: Actor, now: datetime
) -> None:
    other = Segment.objects.get(
        public_id=api.create(name="other", description="", kind="static", rules=None, actor=actor, now=now)
    )
    fill(segment, crowd[:30], actor, now)
    fill(other, crowd[20:60], actor, now)
    regions = dict(overlap([segment.public_id, other.public_id]).regions)
    both = (segment.public_id, other.public_id)
    assert regions == {(segment.public_id,): 20, (other.public_id,): 30, both: 10}


def test_facts__first_fill__are_told_only_when_asked_for(
    segment: Segment, crowd: list[int], actor: Actor, now: datetime
) -> None:
    fill(segment, crowd[:5], actor, now)
    told = PublishedEvent.objects.filter(type__startswith="segment.member_")
    assert not told.exists(), "a journey is not meant for everybody at once"
    fill(segment, crowd[2:7], actor, now + timedelta(minutes=1))
    assert sorted(told.values_list("type", "subject_ref")) == sorted(
        [("segment.member_added", str(public(one))) for one in crowd[5:7]]
        + [("segment.member_removed", str(public(one))) for one in crowd[:2]]
    )
    other = Segment.objects.get(
        public_id=api.create(name="told", description="", kind="static", rules=None, actor=actor, now=now)
    )
    fill(other, crowd[:3], actor, now, announces_first_fill=True)
    assert told.filter(data__segment_name="told").count() == 3


def test_apply__older_than_what_stands__writes_nothing(
    segment: Segment, crowd: list[int], actor: Actor, now: datetime
) -> None:
    Segment.objects.filter(pk=segment.pk).update(last_calculated_at=now)
    bits = bitmaps.of_ids(np.array(crowd[:4], dtype=np.int64))
    late = now - timedelta(minutes=1)
    done = apply(
        segment=segment, members=bits, evaluated_at=late, cause=SnapshotCause.RECALCULATION, actor=actor, now=now
    )
    assert done.is_superseded and view(segment) == []


def test_carry_over__rows_of_before__become_bits(
    segment: Segment, crowd: list[int], actor: Actor, now: datetime
) -> None:
    with transaction.atomic():
        sql.execute("CREATE TEMP TABLE segments_segmentmember (segment_id bigint, customer_ref uuid) ON COMMIT DROP")
        chosen = crowd[5:50:7]
        for customer_id in chosen:
            sql.execute("INSERT INTO segments_segmentmember VALUES (%s, %s)", [segment.pk, public(customer_id)])
        sql.execute("INSERT INTO segments_segmentmember VALUES (%s, %s)", [segment.pk, uuid.uuid4()])
        carry_over = sql.read("loyalty.segments", "carry_over").split("DROP FUNCTION")[0]
        sql.execute(carry_over)
        assert view(segment) == chosen
        segment.refresh_from_db()
        assert segment.member_count == len(chosen), "who is no customer is no member"


def test_keys__by_files_or_by_the_database__find_the_same(
    crowd: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any, actor: Actor, now: datetime
) -> None:
    settings.DATA_DIR = tmp_path
    asked = [public(one) for one in crowd] + [uuid.uuid4() for _ in range(5)]
    packed = np.frombuffer(b"".join(one.bytes for one in asked), dtype=keys.KEY)
    by_database = keys.KeyIndex().find(packed)
    monkeypatch.setattr(keys, "CUSTOMERS_MIN", 10)
    monkeypatch.setattr(keys, "BUILD_STEP", 7)
    by_files = keys.KeyIndex().find(packed)
    assert len(list((tmp_path / keys.FOLDER).iterdir())) == 1
    monkeypatch.setattr(keys, "NEIGHBOURS_READ", 0)
    by_mapped_files = keys.KeyIndex().find(packed)
    for found in (by_database, by_files, by_mapped_files):
        assert dict(zip(found.places.tolist(), found.ids.tolist(), strict=True)) == dict(enumerate(crowd))
        assert found.unknown_count == 5
    customers.upsert_many([CustomerRecord(customer_ref="LATE")], source="tests", actor=actor, now=now)
    late = np.frombuffer(customers.get_customer_by_ref("LATE").id.bytes, dtype=keys.KEY)
    assert keys.KeyIndex().find(late).ids.size == 1, "who came after the files is asked of the database"
    monkeypatch.setattr(keys, "YOUNGER_MAX", 0)
    assert keys.KeyIndex().find(late).ids.size == 1
    assert len(list((tmp_path / keys.FOLDER).iterdir())) == 1, "the files of before are gone"


def test_keys__taken_away_by_a_worker_who_made_newer_ones__are_opened_anew_or_asked_of_the_database(
    crowd: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any
) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(keys, "CUSTOMERS_MIN", 10)
    packed = np.frombuffer(b"".join(public(one).bytes for one in crowd), dtype=keys.KEY)
    index = keys.KeyIndex()
    monkeypatch.setattr(keys, "YOUNGER_MAX", -1)
    keys.KeyIndex()
    assert index.find(packed).ids.tolist() == crowd
    # Whoever makes newer ones faster than they are read leaves the reader to the database.
    monkeypatch.setattr(keys, "_read", _taken_away)
    assert index.find(packed).ids.tolist() == crowd


def _taken_away(*_: object) -> None:
    raise FileNotFoundError


def test_write_chunks__in_a_transaction_that_fails__leaves_the_old_members(
    segment: Segment, crowd: list[int], actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(segment, crowd[:5], actor, now)

    def fail(place: str) -> None:
        raise psycopg.OperationalError(place)

    monkeypatch.setattr("loyalty.segments.operations.applying.maybe_fail", fail)
    with pytest.raises(psycopg.OperationalError):
        fill(segment, crowd[5:], actor, now + timedelta(minutes=1))
    assert view(segment) == crowd[:5]
    segment.refresh_from_db()
    assert (segment.member_count, SegmentSnapshot.objects.count()) == (5, 1)
