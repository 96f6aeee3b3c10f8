"""Recalculations whose worker is killed with -9 at every failpoint: never half applied, and resumed by the next one."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import OutboxEntry
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.work.models import Run, RunStatus
from loyalty.segments import api
from loyalty.segments.models import Segment, SegmentSnapshot
from loyalty.segments.policy import bitmaps
from loyalty.segments.queries import membership
from tests.segments.people import PEOPLE
from tests.segments.test_recalculation import members

pytestmark = pytest.mark.django_db(transaction=True)
Warehouse = psycopg.Connection[tuple[object, ...]]
Order = Callable[..., str]
# Part of it is asked of the warehouse, part of those left over is asked here: all phases are passed.
RULES: Any = {"and": [{">": [{"var": "total_revenue"}, 1000]}, {">=": [{"bucket": ["salt", 10]}, 0]}]}
BEFORE_THE_COMMIT = (
    "segments.scanned", "segments.staged", "segments.compared", "segments.members_written", "segments.snapshot_kept",
    "segments.counted", "segments.told",
)  # fmt: skip
TAKEN_OVER = timedelta(minutes=1)


@pytest.fixture(scope="module")
def worker(warehouse_address: str) -> Iterator[subprocess.Popen[str]]:
    """The process that forks workers, on the test's database and warehouse."""
    place = settings.DATABASES["default"]
    address = f"{place['HOST']}:{place['PORT']}/{place['NAME']}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{place['USER']}:{place['PASSWORD']}@{address}",
        "DWH_POSTGRESQL_URL": warehouse_address,
        "FEATURE_STORE_DATA_SOURCE": "dwh",
    }
    command = [sys.executable, "-m", "tests.segments.dying"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


@pytest.fixture
def order(worker: subprocess.Popen[str]) -> Order:
    """Have a worker do one run; gives how it ended."""

    def one(now: datetime, point: str = "", fault: str = "") -> str:
        assert worker.stdin is not None and worker.stdout is not None
        worker.stdin.write(json.dumps({"point": point, "now": now.isoformat(), "fault": fault}) + "\n")
        worker.stdin.flush()
        return worker.stdout.readline().strip()

    return one


@pytest.fixture
def segment(warehouse: Warehouse, people: list[uuid.UUID], actor: Actor, now: datetime, order: Order) -> Segment:
    """A segment that was calculated, and whose next calculation takes one in and one out."""
    made = api.create(name="some", description="", kind="dynamic", rules=RULES, actor=actor, now=now)
    segment = Segment.objects.get(public_id=made)
    api.start_recalculation(segment=segment, actor=actor, now=now)
    assert order(now) == "done"
    assert members(segment) == ["P1", "P2", "P4", "P5"]
    warehouse.execute("UPDATE customer_features_view SET total_revenue = 1 WHERE customer_id = %s", (PEOPLE[0].id,))
    warehouse.execute("UPDATE customer_features_view SET total_revenue = 5000 WHERE customer_id = %s", (PEOPLE[2].id,))
    return segment


def check_whole(segment: Segment) -> None:
    """Members, count, snapshots, facts and audit rows say the same."""
    segment.refresh_from_db()
    now_in = bitmaps.ids_of(membership.bits_of(segment)).tolist()
    snapshots = list(SegmentSnapshot.objects.filter(segment=segment).order_by("id"))
    assert segment.member_count == len(now_in)
    assert bitmaps.ids_of(membership.snapshot_bits(snapshots[-1])).tolist() == now_in
    assert [one.member_count for one in snapshots][-1] == len(now_in)
    assert sum(one.added_count - one.removed_count for one in snapshots) == len(now_in)
    told = list(OutboxEntry.objects.filter(type="segment.recalculated").order_by("id"))
    assert [one.data["members"] for one in told] == [one.member_count for one in snapshots]
    assert AuditEntry.objects.filter(act="segments.recalculate").count() == len(snapshots)
    single = OutboxEntry.objects.filter(type__in=["segment.member_added", "segment.member_removed"]).count()
    # The first fill is not told for each member.
    assert single == sum(one.added_count + one.removed_count for one in snapshots[1:])


@pytest.mark.parametrize("point", [*BEFORE_THE_COMMIT, "segments.applied"])
def test_worker__killed_at_a_failpoint__leaves_all_or_nothing_and_is_resumed(
    segment: Segment, order: Order, actor: Actor, now: datetime, point: str
) -> None:
    hour = now + timedelta(hours=1)
    view = api.start_recalculation(segment=segment, actor=actor, now=hour)
    assert order(hour, point) == "killed"
    check_whole(segment)
    is_applied = point not in BEFORE_THE_COMMIT
    assert members(segment) == (["P2", "P3", "P4", "P5"] if is_applied else ["P1", "P2", "P4", "P5"])
    run = Run.objects.get(public_id=view.id)
    assert (run.status, run.attempts) == (RunStatus.RUNNING, 1)
    assert order(run.lease_until - TAKEN_OVER if run.lease_until else hour) == "nothing", "its lease still runs"
    assert run.lease_until is not None
    assert order(run.lease_until + TAKEN_OVER) == "done"
    run.refresh_from_db()
    assert (run.status, run.attempts, run.error) == (RunStatus.SUCCEEDED, 2, None)
    assert run.result is not None
    assert (run.result["added"], run.result["removed"], run.result["members"]) == (1, 1, 4)
    assert run.result["check"] == {"checked": 7, "disagreements": 0}
    check_whole(segment)
    assert members(segment) == ["P2", "P3", "P4", "P5"]
    assert segment.snapshots.count() == 2, "what a lost worker applied is not applied twice"


def test_worker__killed_three_times__fails_the_run_and_keeps_the_members(
    segment: Segment, order: Order, actor: Actor, now: datetime
) -> None:
    at = now + timedelta(hours=1)
    view = api.start_recalculation(segment=segment, actor=actor, now=at)
    for point in ("segments.told", "segments.snapshot_kept", "segments.scanned"):
        assert order(at, point) == "killed"
        lease = Run.objects.get(public_id=view.id).lease_until
        assert lease is not None
        at = lease + TAKEN_OVER
    assert order(at) == "done"
    run = Run.objects.get(public_id=view.id)
    assert (run.status, run.error and run.error["code"]) == (RunStatus.FAILED, "run.worker_lost")
    check_whole(segment)
    assert members(segment) == ["P1", "P2", "P4", "P5"]


@pytest.mark.parametrize("point", ["segments.snapshot_kept", "segments.told"])
def test_planted_fault__members_committed_before_the_rest__is_caught(
    segment: Segment, order: Order, actor: Actor, now: datetime, point: str
) -> None:
    hour = now + timedelta(hours=1)
    api.start_recalculation(segment=segment, actor=actor, now=hour)
    assert order(hour, point, fault="commit_half") == "killed"
    with pytest.raises(AssertionError):
        check_whole(segment)
