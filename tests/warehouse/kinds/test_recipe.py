"""The recipe for another connector: its pieces are those of DuckDB's folder, and its whole connector works."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from loyalty.warehouse.api import (
    WarehouseColumnMissing,
    WarehouseDenied,
    WarehouseMismatch,
    WarehouseRowsTooMany,
    WarehouseTimeout,
    check_keys,
    read_query,
)
from loyalty.warehouse.contracts import Connector, ConnectorOptions
from tests.house.source import ROOT
from tests.warehouse.kinds.people import CITIES, PEOPLE

RECIPE = (ROOT / "docs/adding/connector.md").read_text(encoding="utf-8")
DUCKDB = ROOT / "loyalty/warehouse/kinds/duckdb"


def test_recipe__names__every_file_of_the_example() -> None:
    told = set(re.findall(r"^\| `(\w+\.py)` \|", RECIPE, re.MULTILINE))
    assert told == {path.name for path in DUCKDB.glob("*.py")}


def test_recipe__pieces__stand_in_the_example_as_shown() -> None:
    pieces = re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", RECIPE, re.DOTALL)
    assert len(pieces) == 3
    for path, piece in pieces:
        assert piece in (ROOT / path).read_text(encoding="utf-8"), path


@pytest.fixture
def connector(tmp_path: Path) -> Iterator[Connector]:
    """The connector that the recipe writes, over a database of the people."""
    path = tmp_path / "people.sqlite"
    with sqlite3.connect(path) as owner:
        owner.execute("CREATE TABLE people (customer_id text, visits integer, city text)")
        owner.executemany(
            "INSERT INTO people VALUES (?, ?, ?)", [(str(one.customer_id), one.visits, one.city) for one in PEOPLE]
        )
    owner.close()
    blocks = re.findall(r"^```python\n(.*?)```", RECIPE, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(compile(blocks[-1], "docs/adding/connector.md", "exec"), names)
    queries = {
        "few": read_query("SELECT customer_id, visits * 2 AS twice FROM people WHERE city = 'C1'"),
        "slow": read_query(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i > 0) "
            "SELECT count(*) AS customer_id FROM n"
        ),
    }
    made = names["SqliteConnector"](ConnectorOptions(str(path), statement_timeout_ms=500, queries=queries))
    yield made
    made.close()


def test_recipe__its_connector__keeps_the_contract(connector: Connector) -> None:
    people = connector.table("people")
    assert check_keys(connector, "people") == len(PEOPLE)
    for city in [one for one in CITIES if one]:
        found = connector.fetch_all(select(people.c.visits).where(people.c.city == city))
        assert len(found) == sum(one.city == city for one in PEOPLE)
    with pytest.raises(WarehouseRowsTooMany):
        connector.fetch_all(select(people.c.visits), limit=10)
    assert sum(len(batch) for batch in connector.stream(select(people.c.visits), batch_size=999)) == len(PEOPLE)
    assert b"".join(connector.copy_text(select(people.c.city).where(people.c.visits == 3))) == b"tab\\there\n"
    few = connector.table("few")
    assert {row[1] for row in connector.fetch_all(select(few))} == {
        2 * one.visits for one in PEOPLE if one.city == "C1"
    }
    report = connector.test_connection("people")
    assert (report.is_reachable, report.problem_code, report.rows_estimate) == (True, "", len(PEOPLE))


def test_recipe__its_connector__refuses_as_the_others_do(connector: Connector) -> None:
    people = connector.table("people")
    written: Any = text("DELETE FROM people")
    with pytest.raises(WarehouseDenied):
        connector.fetch_all(written)
    with pytest.raises(WarehouseMismatch, match="nothing"):
        connector.table("nothing")
    gone: Any = text("SELECT no_such_column FROM people")
    with pytest.raises(WarehouseColumnMissing):
        connector.fetch_all(gone)
    with pytest.raises(WarehouseTimeout):
        connector.fetch_all(select(connector.table("slow")))
    assert len(connector.fetch_all(select(people.c.visits))) == len(PEOPLE)
