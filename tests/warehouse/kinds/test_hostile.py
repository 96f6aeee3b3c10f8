"""Custom queries that want to do harm: refused by the reading, by the server, and harmless under the role anyway."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from sqlalchemy import select

from loyalty.config.launch.folder import DataFolder
from loyalty.foundation.kernel.errors import Refusal
from loyalty.warehouse import queries as warehouse_queries
from loyalty.warehouse.contracts import ConnectorOptions, CustomQuery, Severity
from loyalty.warehouse.errors import (
    WarehouseMismatch,
    WarehouseQueryInvalid,
    WarehouseRoleUnsafe,
)
from loyalty.warehouse.kinds.postgresql import rights
from loyalty.warehouse.kinds.registry import open_connector
from loyalty.warehouse.policy import read_query
from tests.warehouse.conftest import READER, Addresses
from tests.warehouse.kinds import hostile
from tests.warehouse.kinds.people import COUNT
from tests.warehouse.kinds.worlds import World

Owner = psycopg.Connection[tuple[Any, ...]]


def test_hostile_queries__read__refused_before_the_warehouse_hears_of_them(tmp_path: Path) -> None:
    tried = list(hostile.queries(str(tmp_path / "canary")))
    assert len(tried) > 240
    passed = []
    for query in tried:
        try:
            read_query(query)
        except WarehouseQueryInvalid:
            continue
        passed.append(query)
    # These are for the server and the role; that the reading lets them through is no harm.
    assert set(passed) <= {query.replace("{canary}", str(tmp_path / "canary")) for query in hostile.OTHERS}
    assert len(passed) < 25


def test_hostile_queries__past_the_reading__the_warehouse_is_as_it_was(world: World, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    # The reading is left out: what counts is what the server and the role make of each.
    tried = {
        f"q{number}": CustomQuery(query.replace(":", "\\:"), frozenset(), frozenset(hostile_names(query)))
        # Each call of Snowflake's driver is a call over HTTP.
        for number, query in enumerate(hostile.queries(str(canary)))
        if world.kind != "snowflake" or number % 8 == 0
    }
    connector = world.open(queries=tried)
    refused = 0
    for name in tried:
        try:
            connector.fetch_all(select(connector.table(name)), limit=COUNT)
        except (Refusal, UnicodeError, ValueError):
            refused += 1
    assert refused > len(tried) - 20
    assert not canary.exists()
    connector.forget_tables()
    people = connector.table("people")
    assert len(connector.fetch_all(select(people.c.visits).where(people.c.visits > 0))) == COUNT
    assert [column.name for column in people.columns][-1] == "seen_at"
    with pytest.raises(WarehouseMismatch):
        connector.table("planted")


def hostile_names(query: str) -> Iterator[str]:
    """Give the functions of a query that can be read at all."""
    try:
        yield from read_query(query).functions
    except WarehouseQueryInvalid:
        return


@pytest.mark.parametrize(
    "query",
    [
        "SELECT customer_id, 'a; DROP TABLE people' AS x, \"Odd; name\" FROM people; ",
        "with x as (select customer_id, city::text from people where city = ':colon') select * from x",
        "SELECT customer_id, '12:30' AS t, 10 % 3 AS r, \"update\" FROM people -- the last; line",
        "/* by: the team */ SELECT customer_id FROM people WHERE seen_at >= :start_date AND city <> 'it''s'",
    ],
)
def test_harmless_queries__read__taken(query: str) -> None:
    assert read_query(query).statement


def facts(**others: Any) -> dict[str, Any]:
    """The facts of a role that can do nothing but read."""
    harmless: dict[str, Any] = {
        "user": "reader",
        "statement_timeout": "60s",
        **dict.fromkeys(("rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls"), False),
        **dict.fromkeys(("may_create_schema", "may_create_temporary"), False),
        **{name: [] for name in ("super_roles", "strong_roles", "writable", "owned", "schemas", "file_functions")},
        **{name: [] for name in ("definer_functions", "languages", "servers")},
        "role_settings": ["default_transaction_read_only=on", "statement_timeout=300000"],
        "readable": 1,
    }
    return {**harmless, **others}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"rolsuper": True}, "role.superuser"),
        ({"rolcreatedb": True}, "role.createdb"),
        ({"rolcreaterole": True}, "role.createrole"),
        ({"rolreplication": True}, "role.replication"),
        ({"rolbypassrls": True}, "role.bypassrls"),
        ({"super_roles": ["postgres"]}, "role.member_of_superuser"),
        ({"strong_roles": ["pg_execute_server_program"]}, "role.member_of_strong_role"),
        ({"writable": ["people"]}, "role.may_write"),
        ({"owned": ["people"]}, "role.owns_tables"),
        ({"schemas": ["public"]}, "role.may_create"),
        ({"may_create_schema": True}, "role.may_create_schema"),
        ({"file_functions": ["pg_read_file"]}, "role.may_reach_files"),
        ({"languages": ["plpython3u"]}, "role.untrusted_language"),
    ],
)
def test_rights__more_than_reading__no_cage_and_a_repair(change: Mapping[str, Any], code: str) -> None:
    assert list(rights.judge(facts())) == []
    findings = list(rights.judge(facts(**change)))
    assert [(one.code, one.severity) for one in findings] == [(code, Severity.REFUSED)]
    assert findings[0].repair


@pytest.fixture
def role(owner: Owner) -> Iterator[str]:
    """Give the reader as it is and take afterwards what a test gave it."""
    owner.execute("CREATE TABLE customer_features_view (customer_id uuid, visits int)")
    yield READER
    owner.execute(f"REVOKE ALL ON SCHEMA public FROM {READER}")
    owner.execute(f"ALTER ROLE {READER} NOCREATEDB NOCREATEROLE")
    owner.execute(f"ALTER ROLE {READER} RESET ALL")


@pytest.fixture
def configured(addresses: Addresses, role: str, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[str]:
    """Point the platform at the warehouse as its reader."""
    monkeypatch.setattr(settings, "DWH_TYPE", "postgresql")
    monkeypatch.setattr(settings, "DWH_POSTGRESQL_URL", addresses.reader)
    warehouse_queries.close()
    yield role
    warehouse_queries.close()


def test_doctor__a_role_that_only_reads__well(configured: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("warehouse_doctor", "--keys")
    told = capsys.readouterr().out
    assert "reads only" in told
    assert "customer_features_view: 2 columns" in told
    assert "0 customers, each in one row" in told


@pytest.mark.parametrize(
    ("grant", "code"),
    [
        ("GRANT INSERT ON customer_features_view TO {}", "role.may_write"),
        ("GRANT UPDATE (visits) ON customer_features_view TO {}", "role.may_write"),
        ("GRANT TRUNCATE ON customer_features_view TO {}", "role.may_write"),
        ("GRANT CREATE ON SCHEMA public TO {}", "role.may_create"),
        ("ALTER ROLE {} CREATEDB", "role.createdb"),
        ("ALTER ROLE {} CREATEROLE", "role.createrole"),
    ],
)
def test_doctor__a_role_that_may_more__refused_and_no_custom_query_runs(
    configured: str, owner: Owner, capsys: pytest.CaptureFixture[str], grant: str, code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    owner.execute(grant.format(configured).encode())
    with pytest.raises(CommandError, match="may do more than read") as refusal:
        call_command("warehouse_doctor")
    assert refusal.value.returncode == 1
    told = capsys.readouterr().out
    assert f"REFUSED  {code}" in told
    assert "repair: " in told
    monkeypatch.setattr(settings, "DWH_CUSTOMER_FEATURES_QUERY", "SELECT customer_id FROM customer_features_view")
    with pytest.raises(WarehouseRoleUnsafe, match="warehouse_doctor"):
        warehouse_queries.connector().table(warehouse_queries.features_table_name())


def superuser_address(addresses: Addresses) -> str:
    """Give the address of the test server's superuser, or skip where the tests may not know it."""
    place = urlsplit(addresses.owner)
    folder = DataFolder(Path(os.environ.get("LOYALTY_DATA_DIR", "")))
    if not folder.secrets_file.is_file():
        pytest.skip("the test server's superuser is not ours")
    password = folder.secret("postgres_password")
    return f"postgresql://postgres:{password}@{place.hostname}:{place.port}{place.path}"


@pytest.mark.django_db
def test_superuser__in_a_read_only_transaction__refused_before_it_starts_a_program(
    addresses: Addresses, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.execute("CREATE TABLE customer_features_view (customer_id uuid)")
    address = superuser_address(addresses)
    options = ConnectorOptions(address, queries={"q": read_query("SELECT customer_id FROM customer_features_view")})
    connector = open_connector("postgresql", options)
    with pytest.raises(WarehouseRoleUnsafe, match="superuser"):
        connector.table("q")
    report = connector.test_connection("customer_features_view")
    assert (report.is_superuser, report.is_caged, report.is_read_only) == (True, False, True)
    connector.close()
    monkeypatch.setattr(settings, "DWH_POSTGRESQL_URL", address)
    with pytest.raises(CommandError, match="is a superuser"):
        call_command("warehouse_doctor")
    warehouse_queries.close()


def test_session__after_a_query_that_changed_it__is_as_before(addresses: Addresses, owner: Owner) -> None:
    owner.execute("CREATE TABLE people (customer_id uuid)")
    owner.execute("INSERT INTO people VALUES (gen_random_uuid())")
    sly = CustomQuery(
        "SELECT customer_id, set_config('statement_timeout', '0', false) AS a, "
        "CAST(pg_advisory_lock(7) AS text) AS b FROM people",
        frozenset(), frozenset(),
    )  # fmt: skip
    connector = open_connector("postgresql", ConnectorOptions(addresses.reader, queries={"sly": sly}))
    assert connector.fetch_all(select(connector.table("sly").c.a))[0][0] == "0"
    plain = CustomQuery(
        "SELECT customer_id, current_setting('statement_timeout') AS a FROM people", frozenset(), frozenset()
    )
    after = open_connector("postgresql", ConnectorOptions(addresses.reader, queries={"sly": sly, "plain": plain}))
    for one in (connector, after):
        list(one.stream(select(one.table("sly"))))
    assert after.fetch_all(select(after.table("plain").c.a))[0][0] == "1min"
    held = owner.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7").fetchone()
    assert held == (0,)
    connector.close()
    after.close()
