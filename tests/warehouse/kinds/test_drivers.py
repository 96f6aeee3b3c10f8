"""What each kind has of its own: its statements as text, its driver on the wire, its address, its files."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import literal, select

from loyalty.warehouse.api import (
    WarehouseDriverMissing,
    WarehouseNotConfigured,
    WarehouseTimeout,
    WarehouseUnavailable,
    read_query,
)
from loyalty.warehouse.contracts import ConnectorOptions, Severity
from loyalty.warehouse.kinds import registry
from loyalty.warehouse.kinds.copying import text_of
from loyalty.warehouse.kinds.oracle import rights as oracle_rights
from loyalty.warehouse.kinds.postgresql.connector import PostgresqlConnector
from loyalty.warehouse.kinds.snowflake import rights as snowflake_rights
from tests.warehouse.kinds.people import key
from tests.warehouse.kinds.worlds import DuckdbWorld, OracleWorld, ParquetWorld, SnowflakeWorld, World

QUERY = "SELECT customer_id, visits FROM people WHERE customer_id = :customer_id AND seen_at > :start_date"
ORACLE = [
    "SELECT customer_features_query.customer_id, customer_features_query.visits \n"
    "FROM (SELECT customer_id, visits FROM people WHERE customer_id = :customer_id_1 AND seen_at > "
    "(TRUNC(CURRENT_DATE) - 30)) customer_features_query \n"
    "WHERE customer_features_query.visits > :visits_1\n FETCH FIRST 3 ROWS ONLY",
    "SELECT people.customer_id \nFROM people \nWHERE people.city = :city_1 AND people.visits "
    "IN (:visits_1_1, :visits_1_2) \n FETCH FIRST 3 ROWS ONLY",
]
SNOWFLAKE = [
    "SELECT customer_features_query.customer_id, customer_features_query.visits \n"
    "FROM (SELECT customer_id, visits FROM people WHERE customer_id = 'e4da3b7f-bbce-2345-d777-2b0674a318d5' AND "
    "seen_at > (CURRENT_DATE - 30)) AS customer_features_query \n"
    "WHERE customer_features_query.visits > 2\n LIMIT 3",
    "SELECT people.customer_id \nFROM people \nWHERE people.city = 'it\\'s \\\\ 100%' AND people.visits "
    "IN (1, 2)\n LIMIT 3",
]


def words(statement: str) -> str:
    """A statement without the white space between its words."""
    return " ".join(statement.split())


def statements_of(world: World) -> list[str]:
    """Run a query for one customer and a condition with an odd text; give what the warehouse was asked last."""
    connector = world.open(queries={"customer_features_query": read_query(QUERY)}, query_days=30)
    features = connector.table_for("customer_features_query", [key(5)])
    connector.fetch_all(select(features).where(features.c.visits > 2).limit(3))
    people = connector.table("people")
    odd = people.c.city == "it's \\ 100%"
    connector.fetch_all(select(people.c.customer_id).where(odd, people.c.visits.in_([1, 2])).limit(3))
    asked = (
        world.server.account.statements if isinstance(world, SnowflakeWorld) and world.server else
        world.database.statements if isinstance(world, OracleWorld) and world.database else []
    )  # fmt: skip
    return [words(one) for one in asked if "LIMIT 3" in one or "FETCH FIRST 3" in one]


@pytest.mark.parametrize("world", ["oracle"], indirect=True)
def test_oracle__statements__are_those_that_were_recorded(world: World) -> None:
    assert statements_of(world) == [words(one) for one in ORACLE]


@pytest.mark.parametrize("world", ["snowflake"], indirect=True)
def test_snowflake__statements__are_those_that_were_recorded(world: World) -> None:
    assert statements_of(world) == [words(one) for one in SNOWFLAKE]


@pytest.mark.parametrize("world", ["snowflake"], indirect=True)
def test_snowflake__session__one_role_one_statement_one_limit(world: SnowflakeWorld) -> None:
    world.open().fetch_all(select(literal(1)))
    assert world.server is not None
    account = world.server.account
    asked = account.logins[-1]
    assert (asked["LOGIN_NAME"], asked["PASSWORD"]) == ("loyalty_reader", "secret")
    parameters = {name: str(value).lower() for name, value in asked["SESSION_PARAMETERS"].items()}
    wanted = {"STATEMENT_TIMEOUT_IN_SECONDS": "2", "MULTI_STATEMENT_COUNT": "1", "TIMEZONE": "utc"}
    assert wanted.items() <= parameters.items()
    # Before the first statement of ours.
    assert "USE SECONDARY ROLES NONE" in account.statements[:-1]


@pytest.mark.parametrize("world", ["oracle"], indirect=True)
def test_oracle__session__read_only_and_in_utc(world: OracleWorld) -> None:
    connector = world.open()
    list(connector.stream(select(connector.table("people").c.visits)))
    assert world.database is not None
    statements = world.database.statements
    assert statements.index("ALTER SESSION SET TIME_ZONE = '+00:00'") < statements.index("SET TRANSACTION READ ONLY")
    assert statements[-2:] == ["SET TRANSACTION READ ONLY", "SELECT people.visits \nFROM people"]


def test_snowflake__grants__judged() -> None:
    reading = [snowflake_rights.Grant("SELECT", "TABLE", "T"), snowflake_rights.Grant("USAGE", "SCHEMA", "S")]
    assert list(snowflake_rights.judge("READER", ["READER"], reading, [])) == []
    writing = [
        *reading,
        snowflake_rights.Grant("INSERT", "TABLE", "T"),
        snowflake_rights.Grant("USAGE", "PROCEDURE", "P"),
    ]
    found = list(snowflake_rights.judge("READER", ["READER", "SYSADMIN"], writing, ["HIDDEN"]))
    assert [(one.code, one.severity) for one in found] == [
        ("role.superuser", Severity.REFUSED),
        ("role.unknown", Severity.REFUSED),
        ("role.may_write", Severity.REFUSED),
        ("role.may_call_code", Severity.WARNING),
    ]


def test_oracle__privileges__judged() -> None:
    reading = oracle_rights.Facts("R", False, ["CREATE SESSION"], ["READER"], [("SELECT", "DWH.T")])
    assert list(oracle_rights.judge(reading)) == []
    strong = oracle_rights.Facts(
        "R", True, ["CREATE SESSION", "CREATE TABLE"], ["DBA"], [("UPDATE", "DWH.T")], ["OWN"], ["UTL_FILE", "MINE"]
    )
    assert [(one.code, one.severity) for one in oracle_rights.judge(strong)] == [
        ("role.superuser", Severity.REFUSED),
        ("role.superuser", Severity.REFUSED),
        ("role.may_change", Severity.REFUSED),
        ("role.may_write", Severity.REFUSED),
        ("role.owns_tables", Severity.REFUSED),
        ("role.may_call_code", Severity.REFUSED),
        ("role.may_call_code", Severity.WARNING),
    ]


@contextmanager
def listener(answer: bytes | None) -> Iterator[int]:
    """A listener that gives every caller one answer, or none at all; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                held.append(caller)
                if answer is not None:
                    caller.recv(8192)
                    caller.sendall(answer)
                    caller.close()

        threading.Thread(target=serve, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        for one in held:
            one.close()


def tns_refusal(code: int) -> bytes:
    """The packet REFUSE of Oracle's network protocol."""
    words = f"(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))".encode()
    body = b"\x22\x00" + len(words).to_bytes(2, "big") + words
    return (8 + len(body)).to_bytes(2, "big") + b"\x00\x00\x04\x00\x00\x00" + body


@pytest.mark.parametrize("code", [12514, 12505, 12516])
def test_oracle__a_real_driver_and_a_listener_that_refuses__away(code: int) -> None:
    with listener(tns_refusal(code)) as port:
        options = ConnectorOptions(f"oracle://u:hidden@127.0.0.1:{port}/?service_name=NONE")
        connector = registry.open_connector("oracle", options)
        with pytest.raises(WarehouseUnavailable) as refusal:
            connector.fetch_all(select(literal(1)))
        assert (refusal.value.code, "hidden" in refusal.value.detail) == ("warehouse.unavailable", False)
        connector.close()


@pytest.mark.parametrize("kind", ["postgresql", "oracle"])
def test_server__takes_the_call_and_says_nothing__given_up_in_time(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loyalty.warehouse.kinds.base.CONNECT_SECONDS", 1)
    monkeypatch.setattr("loyalty.warehouse.kinds.guard.TOTAL_SECONDS", 1.0)
    scheme = {"postgresql": "postgresql://u:p@127.0.0.1:{}/d", "oracle": "oracle://u:p@127.0.0.1:{}/?service_name=X"}
    with listener(None) as port:
        connector = registry.open_connector(kind, ConnectorOptions(scheme[kind].format(port), statement_timeout_ms=500))
        with pytest.raises(WarehouseUnavailable):
            connector.fetch_all(select(literal(1)))
        connector.close()


@pytest.mark.parametrize("world", ["snowflake"], indirect=True)
def test_snowflake__server_down__away_and_the_breaker_opens(world: SnowflakeWorld) -> None:
    assert world.server is not None
    connector = world.open()
    connector.fetch_all(select(literal(1)))
    world.server.close()
    world.server = None
    with pytest.raises(WarehouseUnavailable):
        connector.fetch_all(select(literal(1)))


@pytest.mark.parametrize(
    ("kind", "module", "address", "extra"),
    [
        ("oracle", "oracledb", "oracle://u:p@h/?service_name=x", "oracle"),
        ("snowflake", "snowflake.connector", "snowflake://u:p@a/d/s", "snowflake"),
        ("ibis", "ibis", "trino://u@h/c", "ibis"),
    ],
)
def test_driver__not_installed__said_with_what_to_install(
    kind: str, module: str, address: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.startswith(f"loyalty.warehouse.kinds.{kind}.connector")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(WarehouseDriverMissing, match=rf"khaywe-loyalty\[{extra}\]") as refusal:
        registry.open_connector(kind, ConnectorOptions(address))
    assert refusal.value.code == "warehouse.driver_missing"


def test_kinds__listed__no_driver_is_loaded() -> None:
    assert registry.list_kinds() == ("duckdb", "ibis", "oracle", "postgresql", "snowflake")
    for name in registry.list_kinds():
        assert registry.get_kind(name).name == name
    with pytest.raises(WarehouseNotConfigured, match="no connector for teradata"):
        registry.get_kind("teradata")
    with pytest.raises(WarehouseNotConfigured, match="DWH_ORACLE_URL"):
        registry.open_connector("oracle", ConnectorOptions(""))


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("postgresql", "mysql://u:p@h/d"),
        ("postgresql", "postgresql://u:p@h/d?options=-c%20default_transaction_read_only%3Doff"),
        ("postgresql", "postgresql://u:p@h/d?host=elsewhere"),
        ("postgresql", "postgresql://u:p@h/d?service=x"),
        ("postgresql", "no address at all"),
        ("oracle", "oracle://u:p@h/?service_name=x&wallet_location=/etc"),
        ("oracle", "oracle://u:p@h/?config_dir=/etc"),
        ("snowflake", "snowflake://u:p@a/d?private_key_file=/etc/passwd"),
        ("snowflake", "snowflake://u:p@a/d?protocol=http"),
    ],
)
def test_address__another_scheme_or_parameter__refused_without_the_password(kind: str, address: str) -> None:
    with pytest.raises(WarehouseNotConfigured) as refusal:
        registry.open_connector(kind, ConnectorOptions(address))
    assert ":p@" not in refusal.value.detail


@pytest.mark.parametrize("world", ["duckdb", "parquet"], indirect=True)
def test_files__written_anew__seen_and_statements_in_between_go_on(world: DuckdbWorld | ParquetWorld) -> None:
    connector = world.open()
    assert len(connector.fetch_all(select(connector.table("people").c.visits))) == 2_500
    world.run("DELETE FROM people WHERE visits > 100")
    connector.forget_tables()
    assert len(connector.fetch_all(select(connector.table("people").c.visits))) == 100


def test_parquet__folders_and_odd_names__each_a_table(tmp_path: Path) -> None:
    lake = tmp_path / "la'ke 1"
    (lake / "sales" / "day=1").mkdir(parents=True)
    (lake / "sales" / "day=2").mkdir()
    (lake / "_hidden").mkdir()
    with duckdb.connect() as connection:
        for path in ("sales/day=1/a.parquet", "sales/day=2/b.parquet", 'od"d.parquet', "_hidden/c.parquet"):
            target = str(lake / path).replace("'", "''")
            connection.execute(f"COPY (SELECT uuid() AS customer_id, 1 AS n) TO '{target}' (FORMAT parquet)")
    connector = registry.open_connector("duckdb", ConnectorOptions(str(lake)))
    assert [one.name for one in connector.test_connection("sales").tables] == ['od"d', "sales"]
    sales = connector.table("sales")
    assert sorted(int(row[0]) for row in connector.fetch_all(select(sales.c.day))) == [1, 2]
    connector.close()


def test_duckdb__nothing_there_or_no_database__said_as_such(tmp_path: Path) -> None:
    gone = registry.open_connector("duckdb", ConnectorOptions(str(tmp_path / "gone.duckdb")))
    assert gone.test_connection("people").problem_code == "warehouse.unavailable"
    (tmp_path / "folder").mkdir()
    empty = registry.open_connector("duckdb", ConnectorOptions(str(tmp_path / "folder")))
    assert empty.test_connection("people").problem_code == "warehouse.not_configured"
    (tmp_path / "text.duckdb").write_text("this is no database")
    text = registry.open_connector("duckdb", ConnectorOptions(str(tmp_path / "text.duckdb")))
    assert text.test_connection("people").problem_code == "warehouse.unavailable"
    (tmp_path / "people.parquet").write_bytes(b"PAR1 and then nothing")
    cut = registry.open_connector("duckdb", ConnectorOptions(str(tmp_path / "people.parquet")))
    assert cut.test_connection("people").is_reachable is False


def test_retry__a_server_that_comes_back__waited_for_with_back_off(addresses: object) -> None:
    waits: list[float] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"postgresql://u:p@127.0.0.1:{taken.getsockname()[1]}/d"
        connector = PostgresqlConnector(ConnectorOptions(address), sleep=waits.append)
        with pytest.raises(WarehouseUnavailable):
            connector.fetch_all(select(literal(1)))
    assert len(waits) == 2
    assert all(0 <= wait <= 1 for wait in waits)
    connector.close()


def test_copy_text__of_every_kind_of_value__as_postgresql_reads_it() -> None:
    assert [text_of(one) for one in (None, True, 1.5, b"\x01\xff", ["a", 'b"c', "d\\e", None, "f\ng"])] == [
        *("\\N", "t", "1.5", "\\\\x01ff", '{"a","b\\\\"c","d\\\\\\\\e",NULL,"f\\ng"}'),
    ]


@pytest.mark.parametrize("world", ["duckdb"], indirect=True)
def test_timeout__by_the_watchdog__is_a_timeout_not_a_fault(world: World) -> None:
    connector = world.open(queries={"slow": read_query(world.slow.replace("AS n", "AS customer_id"))})
    with pytest.raises(WarehouseTimeout, match="stopped the statement"):
        connector.fetch_all(select(connector.table("slow")))
