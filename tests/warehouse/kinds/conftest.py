"""The worlds: one fixture that gives each kind of warehouse in turn."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.conftest import Addresses
from tests.warehouse.kinds.worlds import DuckdbWorld, OracleWorld, ParquetWorld, PostgresqlWorld, SnowflakeWorld, World


def _postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    addresses: Addresses = request.getfixturevalue("addresses")
    world = PostgresqlWorld(owner=request.getfixturevalue("owner"), addresses=addresses)
    world.fill()
    return world


def _duckdb(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    world = DuckdbWorld(folder=tmp_path)
    world.fill()
    return world


def _parquet(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    world = ParquetWorld(folder=tmp_path)
    world.fill()
    return world


def _snowflake(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    world = SnowflakeWorld(folder=tmp_path)
    world.fill()
    assert world.server is not None
    lead_to: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    lead_to.setattr(
        "loyalty.warehouse.kinds.snowflake.connector.CONNECT_ARGS",
        {"host": "127.0.0.1", "port": world.server.port, "protocol": "http", "login_timeout": 5, "request_timeout": 9},
    )
    return world


def _oracle(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    world = OracleWorld(folder=tmp_path)
    world.fill()
    assert world.database is not None
    stand_in: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    stand_in.setattr("oracledb.connect", world.database.connect)
    return world


WORLDS: dict[str, Callable[[pytest.FixtureRequest, Path], World]] = {
    "postgresql": _postgresql,
    "duckdb": _duckdb,
    "parquet": _parquet,
    "snowflake": _snowflake,
    "oracle": _oracle,
}


@pytest.fixture(params=list(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A warehouse of one kind, filled with the people."""
    made = WORLDS[request.param](request, tmp_path)
    yield made
    made.close()
