"""What every connector promises, tried on PostgreSQL."""

import socket
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, literal, select, text

from loyalty.foundation.rules.contracts import FieldType
from loyalty.warehouse.api import (
    ConnectorOptions,
    WarehouseMismatch,
    WarehouseNotConfigured,
    WarehouseRowsTooMany,
    WarehouseTimeout,
    WarehouseUnavailable,
)
from loyalty.warehouse.kinds.postgresql.connector import PostgresqlConnector
from tests.warehouse.conftest import Addresses

Owner = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def connector(addresses: Addresses, owner: Owner) -> Iterator[PostgresqlConnector]:
    """A connector as the reader, over a table of 2,500 people."""
    owner.execute(
        "CREATE TABLE people (customer_id uuid PRIMARY KEY, revenue numeric(12,2), visits int, score double precision, "
        "city text, is_new boolean NOT NULL, joined_on date, seen_at timestamptz, tags text[], place point)"
    )
    owner.execute(
        "INSERT INTO people SELECT md5(n::text)::uuid, n, n, n / 2.0, 'C' || n, n % 2 = 0, '2026-01-01', now(), "
        "ARRAY['a'], NULL FROM generate_series(1, 2500) n"
    )
    owner.execute("COMMENT ON COLUMN people.revenue IS 'All that was paid'")
    owner.execute("CREATE VIEW people_view AS SELECT * FROM people")
    built = PostgresqlConnector(ConnectorOptions(addresses.reader, statement_timeout_ms=2_000))
    yield built
    built.close()


def test_describe__types_nullness_comments__in_our_words(connector: PostgresqlConnector) -> None:
    described = connector.describe_table("people")
    types = {column.name: column.type for column in described.columns}
    assert types == {
        "customer_id": None,
        "revenue": FieldType.DECIMAL,
        "visits": FieldType.INTEGER,
        "score": FieldType.DECIMAL,
        "city": FieldType.TEXT,
        "is_new": FieldType.BOOLEAN,
        "joined_on": FieldType.DATE,
        "seen_at": FieldType.DATETIME,
        "tags": FieldType.TEXT_LIST,
        "place": None,
    }
    revenue, fresh = described.find("revenue"), described.find("is_new")
    assert revenue is not None
    assert (revenue.comment, revenue.is_nullable) == ("All that was paid", True)
    assert fresh is not None
    assert fresh.is_nullable is False
    assert described.find("nothing") is None
    assert len(connector.describe_table("people_view").columns) == 10


def test_fetch__values_bound__never_read_as_sql(connector: PostgresqlConnector) -> None:
    people = connector.table("people")
    hostile = "'; DROP TABLE people; --"
    assert connector.fetch_all(select(func.count()).where(people.c.city == hostile))[0][0] == 0
    rows = connector.fetch_all(select(people.c.revenue, people.c.city).where(people.c.visits.in_([1, 2])))
    assert {(row[0], row[1]) for row in rows} == {(Decimal("1.00"), "C1"), (Decimal("2.00"), "C2")}


def test_fetch__more_rows_than_allowed__refused(connector: PostgresqlConnector) -> None:
    people = connector.table("people")
    with pytest.raises(WarehouseRowsTooMany):
        connector.fetch_all(select(people.c.visits), limit=2499)
    assert len(connector.fetch_all(select(people.c.visits), limit=2500)) == 2500


def test_stream__batches__all_rows_once(connector: PostgresqlConnector) -> None:
    people = connector.table("people")
    batches = list(connector.stream(select(people.c.visits).order_by(people.c.visits), batch_size=1000))
    assert [len(batch) for batch in batches] == [1000, 1000, 500]
    assert [row[0] for batch in batches for row in batch] == list(range(1, 2501))


@pytest.mark.parametrize("form", ["text", "binary"])
def test_copy__into_another_table__the_same_rows(connector: PostgresqlConnector, owner: Owner, form: str) -> None:
    people = connector.table("people")
    statement = select(people.c.customer_id).where(people.c.city.in_(["C1", "C'2", "C3%"]), people.c.revenue < 100.5)
    copy = connector.copy_text if form == "text" else connector.copy_binary
    owner.execute("CREATE TABLE found (customer_id uuid)")
    with owner.cursor() as cursor, cursor.copy(f"COPY found FROM STDIN (FORMAT {form})".encode()) as target:
        for block in copy(statement):
            target.write(block)
    row = owner.execute("SELECT min(customer_id::text), count(*) FROM found").fetchone()
    assert row == ("c4ca4238-a0b9-2382-0dcc-509a6f75849b", 1)


def test_copy__faulty_statement__refused_and_the_connection_lives_on(connector: PostgresqlConnector) -> None:
    with pytest.raises(WarehouseMismatch):
        list(connector.copy_binary(select(literal(1) / text("zero"))))
    assert connector.fetch_all(select(literal(1)))[0][0] == 1


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO people (customer_id, is_new) VALUES (gen_random_uuid(), true)", "DROP TABLE people",
     "CREATE TABLE x ()", "SET transaction_read_only = off; DELETE FROM people"],
)  # fmt: skip
def test_write__through_the_connector__refused_by_the_role(
    connector: PostgresqlConnector, owner: Owner, statement: str
) -> None:
    written: Any = text(statement)
    with pytest.raises(WarehouseMismatch):
        connector.fetch_all(written)
    assert owner.execute("SELECT count(*) FROM people").fetchone() == (2500,)


def test_write__by_an_owner_as_reader__still_refused(addresses: Addresses, owner: Owner) -> None:
    owner.execute("CREATE TABLE people (n int)")
    careless = PostgresqlConnector(ConnectorOptions(addresses.owner, statement_timeout_ms=2_000))
    written: Any = text("INSERT INTO people VALUES (1)")
    with pytest.raises(WarehouseMismatch):
        careless.fetch_all(written)
    careless.close()


def test_slow_statement__stopped__breaker_stays_closed_at_first(connector: PostgresqlConnector) -> None:
    with pytest.raises(WarehouseTimeout):
        connector.fetch_all(select(func.pg_sleep(10)))
    assert connector.fetch_all(select(literal(1)))[0][0] == 1
    assert connector.breaker_state == "closed"


def test_table__gone_or_column_gone__said_as_mismatch(connector: PostgresqlConnector, owner: Owner) -> None:
    with pytest.raises(WarehouseMismatch):
        connector.table("nothing")
    people = connector.table("people")
    owner.execute("ALTER TABLE people DROP COLUMN city CASCADE")
    with pytest.raises(WarehouseMismatch):
        connector.fetch_all(select(people.c.city))
    connector.forget_tables()
    assert "city" not in connector.table("people").c


def test_test_connection__tells_latency_version_rights_columns(connector: PostgresqlConnector) -> None:
    report = connector.test_connection("people")
    assert (report.is_reachable, report.is_read_only, report.is_superuser) == (True, True, False)
    assert report.latency_ms > 0
    assert report.server_version.startswith("PostgreSQL")
    assert len(report.columns) == 10
    assert connector.test_connection("people_view").rows_estimate == 2500
    missing = connector.test_connection("nothing")
    assert (missing.is_reachable, missing.problem_code) == (True, "warehouse.mismatch")


def test_warehouse_away__refused__breaker_opens_and_is_seen() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound but not listening: every attempt is refused at once.
        port = taken.getsockname()[1]
        away = PostgresqlConnector(
            ConnectorOptions(f"postgres://x:y@127.0.0.1:{port}/none", statement_timeout_ms=1_000)
        )
        for _ in range(5):
            with pytest.raises(WarehouseUnavailable):
                away.fetch_all(select(literal(1)))
        assert away.breaker_state == "open"
        with pytest.raises(WarehouseUnavailable, match="left alone"):
            away.fetch_all(select(literal(1)))
        report = away.test_connection("people")
        assert (report.is_reachable, report.problem_code, report.breaker_state) == (
            False,
            "warehouse.unavailable",
            "open",
        )


def test_connector__without_an_address__refused() -> None:
    with pytest.raises(WarehouseNotConfigured):
        PostgresqlConnector(ConnectorOptions("", statement_timeout_ms=1_000))


def test_connection_lost__the_next_call_finds_a_new_one(connector: PostgresqlConnector, owner: Owner) -> None:
    assert connector.fetch_all(select(literal(1)))[0][0] == 1
    owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'khaywe-warehouse' "
        "AND datname = current_database()"
    )
    assert connector.fetch_all(select(literal(uuid.UUID(int=1))))[0][0] == uuid.UUID(int=1)
