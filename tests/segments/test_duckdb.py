"""Segments over a DuckDB warehouse, as a file and as Parquet, and over keys of every type that warehouses keep."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache

from loyalty.customers import api as customers
from loyalty.features import api as features
from loyalty.foundation.events.models import OutboxEntry
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.work import api as work
from loyalty.foundation.work.models import Run, RunStatus
from loyalty.segments import api
from loyalty.segments.models import Segment
from loyalty.warehouse import api as warehouse_api
from tests.segments.people import PEOPLE, Person
from tests.segments.test_recalculation import WARM, calculate, members

pytestmark = pytest.mark.django_db(transaction=True)
LOADED = datetime.fromisoformat("2026-11-20T00:00:00")
COLUMNS = (
    "customer_id, total_revenue DECIMAL(12, 2), last_purchase_days_ago INTEGER, city VARCHAR, churn_score DOUBLE, "
    "joined_on DATE, updated_at TIMESTAMP"
)
Load = Callable[..., None]
# How a key is kept, and how DuckDB makes it of an id.
KEYS = {"uuid": "?::UUID", "text": "?::UUID::VARCHAR", "bytes": "unhex(replace(?::UUID::VARCHAR, '-', ''))"}


@pytest.fixture(params=["file", "parquet"])
def load(
    request: pytest.FixtureRequest, tmp_path: Path, people: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Load]:
    """Load people into the warehouse, as the nightly job does; gives the load."""
    is_file = request.param == "file"

    def fill(some: list[Person], at: datetime = LOADED, key: str = "uuid", **changed: Person) -> None:
        warehouse_api.close()
        place = tmp_path / ("warehouse.duckdb" if is_file else "made.duckdb")
        place.unlink(missing_ok=True)
        with duckdb.connect(str(place)) as connection:
            kinds = {"uuid": "UUID", "text": "VARCHAR", "bytes": "BLOB"}
            columns = COLUMNS.replace("customer_id", f"customer_id {kinds[key]}", 1)
            connection.execute(f"CREATE TABLE customer_features_view ({columns})")
            for person in some:
                now_is = changed.get(person.ref, person)
                stamp = at if person.ref in changed else LOADED
                connection.execute(
                    f"INSERT INTO customer_features_view VALUES ({KEYS[key]}, ?, ?, ?, ?, ?, ?)", [*now_is.row(), stamp]
                )
            if not is_file:
                folder = tmp_path / "lake"
                folder.mkdir(exist_ok=True)
                file = folder / "customer_features_view.parquet"
                connection.execute(f"COPY customer_features_view TO '{file}' (FORMAT parquet)")
        monkeypatch.setattr(settings, "DWH_TYPE", "duckdb")
        monkeypatch.setattr(settings, "DWH_DUCKDB_PATH", str(place if is_file else tmp_path / "lake"))
        monkeypatch.setattr(settings, "FEATURE_STORE_DATA_SOURCE", "dwh")
        warehouse_api.connector().forget_tables()
        cache.clear()
        features.sync_catalogue()

    yield fill
    warehouse_api.close()


def make(rules: Any, actor: Actor, now: datetime, **others: Any) -> Segment:
    """Make a dynamic segment."""
    made = api.create(name="warm", description="", kind="dynamic", rules=rules, actor=actor, now=now, **others)
    return Segment.objects.get(public_id=made)


def moved(person: Person, days: int) -> Person:
    """Give somebody whose last purchase was so many days ago."""
    return Person(person.ref, person.total_revenue, days, person.city, person.churn_score, person.joined_on)


def test_segment__from_definition_to_increment__over_duckdb(load: Load, actor: Actor, now: datetime) -> None:
    load(PEOPLE)
    preview = api.preview(WARM, now=now)
    assert (preview.count, preview.total) == (2, 7)
    assert sorted(one["customer_ref"] for one in preview.sample) == ["P1", "P4"]
    segment = make(WARM, actor, now, refreshes_on_features=True)
    run = calculate(segment, actor, now)
    assert (run.status, run.error) == (RunStatus.SUCCEEDED, None)
    assert run.result is not None and run.result["check"] == {"checked": 7, "disagreements": 0}
    assert members(segment) == ["P1", "P4"]
    assert api.is_member(segment.public_id, PEOPLE[0].id) and not api.is_member(segment.public_id, PEOPLE[1].id)
    told = api.explain(segment, PEOPLE[1].id, now=now)
    assert (told.is_member, told.matches) == (False, False)
    assert [one["facts"] for one in told.smallest_change] == [{"last_purchase_days_ago": 40}]
    # The next load marks two rows as newer: one comes and one goes, the others are not read again.
    later = now + timedelta(days=1)
    load(PEOPLE, LOADED + timedelta(days=1), P1=moved(PEOPLE[0], 99), P2=moved(PEOPLE[1], 1))
    assert api.refresh_after_features(now=later) == 1
    assert work.execute_next(now=later)
    assert Run.objects.order_by("-id")[0].status == RunStatus.SUCCEEDED
    assert members(segment) == ["P2", "P4"]
    assert segment.snapshots.order_by("-id")[0].cause == "increment"
    moves = OutboxEntry.objects.filter(type__startswith="segment.member_").order_by("id")
    assert sorted((one.type, one.key) for one in moves) == [
        ("segment.member_added", str(PEOPLE[1].id)), ("segment.member_removed", str(PEOPLE[0].id)),
    ]  # fmt: skip
    # A load without two of them is no increment: rows that vanished take their customers out.
    load(PEOPLE[2:], LOADED + timedelta(days=2), P4=moved(PEOPLE[3], 2))
    assert api.refresh_after_features(now=later + timedelta(days=1)) == 1
    assert work.execute_next(now=later + timedelta(days=1))
    assert members(segment) == ["P4"]
    assert segment.snapshots.order_by("-id")[0].cause == "recalculation"


def test_segment__mixed_rules_and_a_limit__over_duckdb(load: Load, actor: Actor, now: datetime) -> None:
    load(PEOPLE)
    rules = {"or": [{">": [{"var": "total_revenue"}, 2000]}, {"<": [{"bucket": ["salt", 1]}, 1]}]}
    segment = make(rules, actor, now, limit={"count": 3, "by": {"var": "total_revenue"}, "order": "descending"})
    run = calculate(segment, actor, now)
    assert (run.status, run.error) == (RunStatus.SUCCEEDED, None)
    by_revenue = sorted(PEOPLE, key=lambda one: (one.total_revenue is None, -(one.total_revenue or 0), str(one.id)))
    assert members(segment) == sorted(one.ref for one in by_revenue[:3])


@pytest.mark.parametrize("key", ["text", "bytes"])
def test_segment__keys_of_another_type__name_the_same_customers(
    load: Load, actor: Actor, now: datetime, key: str
) -> None:
    load(PEOPLE, key=key)
    assert_whole_way(actor, now)


@pytest.mark.parametrize(
    "kind, made",
    [("text", "customer_id::text"), ("varchar(36)", "customer_id::text"), ("bytea", "uuid_send(customer_id)")],
)
def test_segment__keys_of_another_type_in_postgresql__name_the_same_customers(
    warehouse: "psycopg.Connection[tuple[object, ...]]",
    people: list[uuid.UUID],
    actor: Actor,
    now: datetime,
    kind: str,
    made: str,
) -> None:
    warehouse.execute(f"ALTER TABLE customer_features_view ALTER COLUMN customer_id TYPE {kind} USING {made}")
    warehouse.execute(
        "ALTER TABLE customer_features_view ADD COLUMN updated_at timestamptz DEFAULT '2026-11-20T00:00Z'"
    )
    warehouse_api.connector().forget_tables()
    features.sync_catalogue()
    assert_whole_way(actor, now)


def assert_whole_way(actor: Actor, now: datetime) -> None:
    """Go through all that reads keys: preview, scan, staging, a purchase on top, the check, the explanation."""
    preview = api.preview(WARM, now=now)
    assert sorted(one["customer_ref"] for one in preview.sample) == ["P1", "P4"]
    segment = make({"and": [WARM, {">=": [{"bucket": ["salt", 10]}, {"var": "last_purchase_days_ago"}]}]}, actor, now)
    for_all = make_named("plain", WARM, actor, now)
    purchase = {"event_id": "1", "event_type": "customer.purchase", "customer_ref": "P2", "event_data": {"amount": "5"}}
    customers.receive_events(raw=[{**purchase, "occurred_at": now.isoformat()}], source="shop", now=now)
    for one in (segment, for_all):
        run = calculate(one, actor, now)
        assert (run.status, run.error) == (RunStatus.SUCCEEDED, None)
        assert run.result is not None and run.result["check"] == {"checked": 7, "disagreements": 0}
    assert members(for_all) == ["P1", "P2", "P4"], "P2 bought just now"
    assert set(members(segment)) <= {"P1", "P2", "P4"}
    assert [api.explain(for_all, one.id, now=now).matches for one in PEOPLE[:3]] == [True, True, False]


def make_named(name: str, rules: Any, actor: Actor, now: datetime) -> Segment:
    """Make a dynamic segment of a name."""
    made = api.create(name=name, description="", kind="dynamic", rules=rules, actor=actor, now=now)
    return Segment.objects.get(public_id=made)


@pytest.mark.parametrize(
    "kind, made",
    [("bigint", "('x' || substr(md5(customer_id::text), 1, 8))::bit(32)::bigint"), ("text", "city || 'x'")],
)
def test_segment__keys_that_are_no_ids__fail_the_run_with_the_reason(
    warehouse: "psycopg.Connection[tuple[object, ...]]",
    people: list[uuid.UUID],
    actor: Actor,
    now: datetime,
    kind: str,
    made: str,
) -> None:
    segment = make(WARM, actor, now)
    calculate(segment, actor, now)
    warehouse.execute("ALTER TABLE customer_features_view DROP CONSTRAINT customer_features_view_pkey")
    warehouse.execute("ALTER TABLE customer_features_view ALTER COLUMN customer_id DROP NOT NULL")
    warehouse.execute(f"ALTER TABLE customer_features_view ALTER COLUMN customer_id TYPE {kind} USING {made}")
    warehouse_api.connector().forget_tables()
    run = calculate(segment, actor, now + timedelta(hours=1))
    assert (run.status, run.error and run.error["code"]) == (RunStatus.FAILED, "warehouse.type_changed")
    assert members(segment) == ["P1", "P4"]
