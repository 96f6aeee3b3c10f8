"""The worlds: one fixture that gives each kind of warehouse in turn."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.conftest import Addresses
from tests.warehouse.kinds.worlds import DuckdbWorld, ParquetWorld, PostgresqlWorld, World


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


WORLDS: dict[str, Callable[[pytest.FixtureRequest, Path], World]] = {
    "postgresql": _postgresql,
    "duckdb": _duckdb,
    "parquet": _parquet,
}


@pytest.fixture(params=list(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A warehouse of one kind, filled with the people."""
    made = WORLDS[request.param](request, tmp_path)
    yield made
    made.close()
