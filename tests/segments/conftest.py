"""A small real warehouse for segments and features, in a database of its own."""

import uuid
from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache

from loyalty.customers import api as customers
from loyalty.customers.contracts import CustomerRecord
from loyalty.foundation.kernel.actor import Actor
from loyalty.warehouse import api as warehouse_api
from tests.segments.people import PEOPLE, TABLE


@pytest.fixture(scope="session")
def warehouse_address(django_db_setup: None) -> Iterator[str]:
    """Create the warehouse beside the test database and drop it afterwards."""
    place = settings.DATABASES["default"]
    name = f"{place['NAME']}_segments"
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
def warehouse(
    warehouse_address: str, monkeypatch: pytest.MonkeyPatch, db: None
) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Fill the warehouse with the people and point the platform at it; gives a connection that may write."""
    monkeypatch.setattr(settings, "DWH_POSTGRESQL_URL", warehouse_address)
    monkeypatch.setattr(settings, "FEATURE_STORE_DATA_SOURCE", "dwh")
    cache.clear()
    with psycopg.connect(warehouse_address, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS customer_features_view")
        connection.execute(TABLE)
        with connection.cursor() as cursor:
            for person in PEOPLE:
                cursor.execute("INSERT INTO customer_features_view VALUES (%s, %s, %s, %s, %s, %s)", person.row())
        # Another test may have had more columns.
        warehouse_api.connector().forget_tables()
        yield connection


@pytest.fixture
def people(db: None, actor: Actor, now: datetime) -> list[uuid.UUID]:
    """Make the people of the warehouse known to the platform; gives their ids in order of reference."""
    customers.upsert_many(
        [CustomerRecord(customer_ref=person.ref, first_name=person.ref) for person in PEOPLE],
        source="tests",
        actor=actor,
        now=now,
    )
    return [person.id for person in PEOPLE]
