"""A warehouse of three people and a Xiva of more, for the tests of features."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache

from loyalty.customers import api as customers
from loyalty.customers.kinds.xiva.simulator.server import Simulator
from loyalty.customers.kinds.xiva.simulator.world import World
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.population import api as population
from loyalty.warehouse import api as warehouse

Owner = psycopg.Connection[tuple[object, ...]]
REFS = ("XV-00000001", "XV-00000002", "XV-00000003")
IDS = tuple(public_id_of_ref(ref) for ref in REFS)


@pytest.fixture(scope="session")
def address(django_db_setup: None) -> Iterator[str]:
    """Create the warehouse beside the test database and drop it afterwards."""
    place = settings.DATABASES["default"]
    name = f"{place['NAME']}_features"
    server = f"postgresql://{place['USER']}:{place['PASSWORD']}@{place['HOST']}:{place['PORT']}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"{server}/{name}"
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def owner(address: str, monkeypatch: pytest.MonkeyPatch, db: None, actor: Actor, now: datetime) -> Iterator[Owner]:
    """Fill the warehouse, point the platform at it and make its people known; gives a connection that may write."""
    monkeypatch.setattr(settings, "DWH_POSTGRESQL_URL", address)
    monkeypatch.setattr(settings, "FEATURE_STORE_DATA_SOURCE", "auto")
    monkeypatch.setattr(settings, "FEATURE_STORE_MERGE_STRATEGY", "dwh_first")
    monkeypatch.setattr(settings, "XIVA_API_BASE_URL", "")
    cache.clear()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS customer_features_view")
        connection.execute(
            "CREATE TABLE customer_features_view (customer_id uuid PRIMARY KEY, total_revenue numeric(12,2), "
            "transaction_count int, city text, score double precision, has_app boolean NOT NULL DEFAULT false, "
            "updated_at timestamptz NOT NULL)"
        )
        connection.execute("COMMENT ON COLUMN customer_features_view.score IS 'A mark of the warehouse'")
        for number, one in enumerate(IDS[:2], start=1):
            connection.execute(
                "INSERT INTO customer_features_view VALUES (%s, %s, %s, %s, %s, true, '2026-11-20T00:00Z')",
                [one, number * 100, number, "Tyre" if number == 1 else None, 0.1 * number],
            )
        warehouse.connector().forget_tables()
        records = [customers.CustomerRecord(customer_ref=ref) for ref in REFS]
        customers.upsert_many(records, source="tests", actor=actor, now=now)
        yield connection


@pytest.fixture
def xiva(owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A Xiva that knows all three, and the platform pointed at it."""
    day = date(2026, 11, 20)
    people = World(population.PopulationDescription(as_of=day, seed=3, customers=10), tmp_path, day)
    running = Simulator(0, people, "khaywe", "secret").start()
    monkeypatch.setattr(settings, "XIVA_API_BASE_URL", running.url)
    monkeypatch.setattr(settings, "XIVA_API_USERNAME", "khaywe")
    monkeypatch.setattr(settings, "XIVA_API_PASSWORD", "secret")
    yield running
    running.stop()
