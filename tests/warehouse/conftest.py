"""A warehouse database beside the test database, with a role that may only read."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from django.conf import settings

# Roles belong to the whole server, so each process of a parallel run has its own.
READER = f"khaywe_test_reader_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The warehouse as its owner and as its reader reach it."""

    owner: str
    reader: str


@pytest.fixture(scope="session")
def addresses(django_db_setup: None) -> Iterator[Addresses]:
    """Create the warehouse and its reader, and drop both afterwards."""
    place = settings.DATABASES["default"]
    name = f"{place['NAME']}_warehouse"
    server = f"{place['HOST']}:{place['PORT']}"
    owner = f"postgresql://{place['USER']}:{place['PASSWORD']}@{server}"
    with psycopg.connect(f"{owner}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone():
            connection.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{READER}'")
            # A test cuts the reader's connections; only a member of its role, or a superuser, may.
            connection.execute(f"GRANT {READER} TO CURRENT_USER")
    try:
        yield Addresses(owner=f"{owner}/{name}", reader=f"postgresql://{READER}:{READER}@{server}/{name}")
    finally:
        with psycopg.connect(f"{owner}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f"DROP ROLE IF EXISTS {READER}")


@pytest.fixture
def owner(addresses: Addresses) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """A connection that may write, on an empty warehouse that the reader may look into."""
    with psycopg.connect(addresses.owner, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute(f"GRANT USAGE ON SCHEMA public TO {READER}")
        connection.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {READER}")
        yield connection
