"""Purchases unknown to the warehouse count in a preview too; DuckDB selects whom PostgreSQL selects."""

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.conf import settings

from loyalty.features import api as features
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.segments import api
from loyalty.segments.models import Segment
from loyalty.segments.operations.evaluating import Target, evaluate
from loyalty.segments.queries import world
from loyalty.warehouse import api as warehouse_api
from tests.segments.people import PEOPLE
from tests.segments.test_checking import Warehouse
from tests.segments.test_recalculation import WARM, calculate, members

pytestmark = pytest.mark.django_db(transaction=True)


def test_preview_and_recalculation__purchase_newer_than_the_warehouse__agree(
    warehouse: Warehouse, people: list[uuid.UUID], actor: Actor, now: datetime
) -> None:
    warehouse.execute("ALTER TABLE customer_features_view ADD COLUMN updated_at timestamptz DEFAULT '2026-11-19'")
    warehouse_api.connector().forget_tables()
    features.sync_catalogue()
    features.refresh()
    key = str(PEOPLE[4].id)
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data) VALUES "
        "(gen_random_uuid(), 'customer.purchase', %s, 'customer', %s, %s, '{\"amount\": \"10\"}')",
        [key, key, now - timedelta(hours=2)],
    )
    made = api.create(name="warm", description="", kind="dynamic", rules=WARM, actor=actor, now=now)
    segment = Segment.objects.get(public_id=made)
    calculate(segment, actor, now)
    assert members(segment) == ["P1", "P4", "P5"], "P5 never bought, says the warehouse"
    told = api.preview(WARM, now=now)
    assert (told.count, sorted(one["customer_ref"] for one in told.sample)) == (3, ["P1", "P4", "P5"])
    assert api.explain(segment, PEOPLE[4].id, now=now).matches


def test_evaluate__duckdb_over_parquet__selects_whom_postgresql_selects(
    warehouse: Warehouse, people: list[uuid.UUID], now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raws: list[Any] = [
        WARM,
        {"!": WARM},
        {"missing": ["city"]},
        *({"<": [{"var": "churn_score"}, n / 9]} for n in range(9)),
    ]
    checked = [Target(str(place), rules.check(raw, world.schema(), "boolean")) for place, raw in enumerate(raws)]
    by_postgresql = evaluate(checked, now=now)
    with duckdb.connect() as own:
        own.execute(
            "CREATE TABLE f (customer_id UUID, total_revenue DECIMAL(12,2), last_purchase_days_ago INTEGER, "
            "city VARCHAR, churn_score DOUBLE, joined_on DATE)"
        )
        own.executemany("INSERT INTO f VALUES (?, ?, ?, ?, ?, ?)", [one.row() for one in PEOPLE])
        own.execute(f"COPY f TO '{tmp_path / 'customer_features_view.parquet'}' (FORMAT parquet)")
    warehouse_api.close()
    monkeypatch.setattr(settings, "DWH_TYPE", "duckdb")
    monkeypatch.setattr(settings, "DWH_DUCKDB_PATH", str(tmp_path))
    try:
        by_duckdb = evaluate(checked, now=now)
        alone = evaluate(checked[:1], now=now)
    finally:
        warehouse_api.close()
    assert {name: one.bits.tolist() for name, one in by_duckdb.items()} == {
        name: one.bits.tolist() for name, one in by_postgresql.items()
    }
    assert alone["0"].bits.tolist() == by_postgresql["0"].bits.tolist()
