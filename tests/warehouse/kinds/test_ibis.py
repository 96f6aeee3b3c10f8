"""The optional kind ``ibis``, tried with ibis' own DuckDB, only where the extra is installed: it is 70 MB more."""

from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from loyalty.warehouse.api import (
    WarehouseMismatch,
    WarehouseNotConfigured,
    WarehouseRowsTooMany,
    WarehouseTimeout,
    customer_id_of,
    read_query,
)
from loyalty.warehouse.contracts import Connector, ConnectorOptions
from loyalty.warehouse.kinds.registry import open_connector
from tests.warehouse.kinds.people import CITIES, COLUMNS, COUNT, PEOPLE
from tests.warehouse.kinds.worlds import fill_duckdb

pytest.importorskip("ibis", reason="the extra ibis is not installed")


@pytest.fixture
def connector(tmp_path: Path) -> Connector:
    """A connector to a DuckDB database, through ibis."""
    path = tmp_path / "people.duckdb"
    fill_duckdb(str(path))
    options = ConnectorOptions(f"duckdb://{path}?read_only=True", rows_max=COUNT, statement_timeout_ms=2_000)
    return open_connector("ibis", options)


def test_ibis__conditions_and_rows__as_everywhere(connector: Connector) -> None:
    people = connector.table("people")
    assert [column.name for column in people.columns] == list(COLUMNS)
    for city in [one for one in CITIES if one]:
        found = connector.fetch_all(select(func.count().label("n")).select_from(people).where(people.c.city == city))
        assert int(found[0][0]) == sum(one.city == city for one in PEOPLE), city
    row = connector.fetch_all(select(people).where(people.c.visits == 6))[0]
    assert (customer_id_of(row[0]), row.revenue, row.is_new, row.seen_at) == (
        *(PEOPLE[5].customer_id, PEOPLE[5].revenue, PEOPLE[5].is_new, PEOPLE[5].seen_at),
    )


def test_ibis__limits_batches_copies__as_everywhere(connector: Connector) -> None:
    people = connector.table("people")
    with pytest.raises(WarehouseRowsTooMany):
        connector.fetch_all(select(people.c.visits), limit=COUNT - 1)
    batches = list(connector.stream(select(people.c.visits), batch_size=1_000))
    assert sorted(int(row[0]) for batch in batches for row in batch) == list(range(1, COUNT + 1))
    odd = select(people.c.city).where(people.c.visits.in_([3, 4, 5])).order_by(people.c.visits)
    assert b"".join(connector.copy_text(odd)) == b"tab\\there\nline\\nbreak\nback\\\\slash\n"


def test_ibis__what_is_no_select_or_no_table__refused(connector: Connector) -> None:
    with pytest.raises(WarehouseMismatch, match="Only a SELECT"):
        connector.fetch_all(text("DROP TABLE people"))  # type: ignore[arg-type]
    with pytest.raises(WarehouseMismatch, match="nothing"):
        connector.table("nothing")
    with pytest.raises(WarehouseNotConfigured, match="make it a view"):
        open_connector("ibis", ConnectorOptions("duckdb://", queries={"q": read_query("SELECT 1")}))


def test_ibis__test_connection__tells_what_is_there(connector: Connector) -> None:
    report = connector.test_connection("people")
    assert (report.is_reachable, report.problem_code, report.rows_estimate) == (True, "", COUNT)
    assert report.server_version.startswith("duckdb")
    assert [one.name for one in report.tables] == ["people"]


def test_ibis__slow_statement__stopped(connector: Connector) -> None:
    numbers = func.range(1_000_000_000_000).table_valued("range")
    with pytest.raises(WarehouseTimeout):
        connector.fetch_all(select(func.count().label("n")).select_from(numbers).where(numbers.c.range % 7 == 9))
