"""Features out of a DuckDB file: the same store over another kind of warehouse, whose instants have no zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from django.conf import settings
from django.core.cache import cache

from loyalty.customers import api as customers
from loyalty.features import api
from loyalty.foundation.kernel.actor import Actor
from tests.features.conftest import IDS, REFS

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path, db: None, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of two customers, one with an id written as text elsewhere."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE customer_features_view (customer_id UUID PRIMARY KEY, total_revenue DECIMAL(14, 2), "
            "transaction_count INTEGER, last_purchase_days_ago INTEGER, city VARCHAR, tags VARCHAR[], "
            "updated_at TIMESTAMP)"
        )
        for number, one in enumerate(IDS[:2], start=1):
            connection.execute(
                "INSERT INTO customer_features_view VALUES (?, ?, ?, 40, 'Tyre', ['a', 'b'], '2026-11-20 00:00:00')",
                [one, Decimal("0.10") + number, number],
            )
    cache.clear()
    monkeypatch.setattr(settings, "DWH_TYPE", "duckdb")
    monkeypatch.setattr(settings, "DWH_DUCKDB_PATH", str(path))
    monkeypatch.setattr(settings, "XIVA_API_BASE_URL", "")
    monkeypatch.setattr(settings, "FEATURE_STORE_DATA_SOURCE", "auto")
    customers.upsert_many(
        [customers.CustomerRecord(customer_ref=ref) for ref in REFS], source="tests", actor=actor, now=NOW
    )
    yield path


def test_duckdb__values_instants_and_purchases__as_from_any_warehouse(file: Path) -> None:
    known = api.get_feature_set(IDS[0], now=NOW)
    assert (known.values["total_revenue"], known.values["city"]) == (Decimal("1.10"), "Tyre")
    assert (known.values["tags"], known.degraded) == (["a", "b"], ())
    assert known.as_of == datetime(2026, 11, 20, tzinfo=UTC)
    event = {"event_id": "1", "event_type": "customer.purchase", "customer_ref": REFS[0]}
    told = {**event, "occurred_at": (NOW - timedelta(hours=1)).isoformat(), "event_data": {"amount": "5.00"}}
    customers.receive_events(raw=[told], source="shop", now=NOW)
    values = api.get_feature_set(IDS[0], now=NOW).values
    assert (values["transaction_count"], values["total_revenue"], values["last_purchase_days_ago"]) == (
        *(2, Decimal("6.10")),
        0,
    )
    source = api.source()
    assert source.reference_instant == source.oldest_instant == datetime(2026, 11, 20, tzinfo=UTC)
    found = api.list_feature_sets(IDS, now=NOW)
    assert [one.is_known for one in found.values()] == [True, True, False]
