"""The engine: a kept connection is looked at for nothing, and what is prepared survives a migration."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import (
    DEFAULT_DB_ALIAS,
    DataError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)
from django.test.utils import CaptureQueriesContext

from loyalty.foundation.orm import sql
from loyalty.foundation.orm.postgresql.base import DatabaseWrapper
from loyalty.foundation.orm.postgresql.prepared import STATEMENTS_MAX

pytestmark = pytest.mark.django_db(transaction=True)
GIVE = "CREATE OR REPLACE FUNCTION test_give(OUT a integer) LANGUAGE sql AS 'SELECT 1'"
GIVE_MORE = "CREATE FUNCTION test_give(OUT a integer, OUT b text) LANGUAGE sql AS $$ SELECT 1, 'two' $$"
ASK = "SELECT * FROM test_give()"


def wrapper() -> Any:
    """Give the engine's wrapper of the connection."""
    connection.ensure_connection()
    own = connections[DEFAULT_DB_ALIAS]
    assert isinstance(own, DatabaseWrapper)
    return own


def end_session() -> None:
    """Have the server end our session, as a restart does, and wait until it has told us."""
    own = wrapper().connection
    with psycopg.connect(own.info.dsn, password=own.info.password, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [own.info.backend_pid])


def count_statements(act: Callable[[], object]) -> int:
    """Give how many statements went out meanwhile."""
    seen: list[str] = []

    def keep(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(statement)
        return execute(statement, params, many, context)

    with connection.execute_wrapper(keep):
        act()
    return len(seen)


def test_health_check__connection_that_stands__asks_the_server_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    own = wrapper()
    monkeypatch.setattr(own.connection, "cursor", lambda *a, **k: pytest.fail("a statement was sent"))

    assert own.is_usable()


def test_health_check__session_that_the_server_ended__is_found_and_replaced() -> None:
    end_session()
    own = wrapper()
    assert not own.is_usable()

    own.close_if_unusable_or_obsolete()
    own.health_check_enabled, own.health_check_done = True, False
    assert sql.fetch_prepared("SELECT 1 AS a") == [{"a": 1}]


def test_health_check__aborted_transaction__is_not_usable() -> None:
    with pytest.raises(ProgrammingError), transaction.atomic():
        try:
            sql.execute("SELECT nothing")
        finally:
            assert not wrapper().is_usable()
    assert wrapper().is_usable()


def test_health_check__no_connection__is_not_usable() -> None:
    own = wrapper()
    own.close()

    assert not own.is_usable()


def test_prepared__run_twice__is_prepared_once_and_counted_as_statements() -> None:
    statement = "SELECT %s::bigint + 1 AS more"

    def ask() -> None:
        assert sql.fetch_prepared(statement, [41]) == [{"more": 42}]
        assert sql.fetch_prepared(statement, [1]) == [{"more": 2}]

    assert count_statements(ask) == 2
    prepared = sql.fetch_all("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%%+ 1 AS more'")
    assert len(prepared) == 1


def test_prepared__result_changed_by_a_migration__is_prepared_anew() -> None:
    sql.execute(GIVE)
    try:
        assert sql.fetch_prepared(ASK) == [{"a": 1}]
        own = wrapper().connection
        with psycopg.connect(own.info.dsn, password=own.info.password, autocommit=True) as other:
            other.execute("DROP FUNCTION test_give()")
            other.execute(GIVE_MORE)

        assert sql.fetch_prepared(ASK) == [{"a": 1, "b": "two"}]
    finally:
        sql.execute("DROP FUNCTION test_give()")


def test_prepared__session_lost_inside_a_transaction__is_told() -> None:
    with pytest.raises(OperationalError), transaction.atomic():
        sql.fetch_prepared("SELECT 1 AS a")
        end_session()
        sql.fetch_prepared("SELECT 1 AS a")
    connection.close()


def test_following__is_written_with_what_it_follows() -> None:
    sql.execute("CREATE TABLE test_said (what integer)")
    try:
        following = sql.Following("INSERT INTO test_said SELECT posted.a + %(more)s::integer FROM posted", {"more": 1})
        statement = following.after("SELECT %(first)s::integer AS a")

        assert sql.fetch_prepared(statement, {"first": 1, **following.params}) == [{"a": 1}]
        assert sql.fetch_all("SELECT what FROM test_said") == [{"what": 2}]
    finally:
        sql.execute("DROP TABLE test_said")


def test_prepared__first_in_a_transaction__is_undone_with_it() -> None:
    sql.execute("CREATE TABLE test_kept (what integer)")
    try:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert sql.fetch_prepared("INSERT INTO test_kept VALUES (%s) RETURNING what", [1]) == [{"what": 1}]
            raise ZeroDivisionError
        assert sql.fetch_all("SELECT what FROM test_kept") == []
        with transaction.atomic():
            sql.fetch_prepared("INSERT INTO test_kept VALUES (%s) RETURNING what", [2])
        assert sql.fetch_all("SELECT what FROM test_kept") == [{"what": 2}]
    finally:
        sql.execute("DROP TABLE test_kept")


def test_prepared__first_in_a_transaction_of_another_kind__opens_that_kind() -> None:
    own = wrapper().connection
    own.set_read_only(True)
    try:
        with pytest.raises(InternalError, match="read-only"), transaction.atomic():
            sql.fetch_prepared("CREATE TABLE test_kept (what integer)")
    finally:
        own.set_read_only(None)


def test_prepared__refused_by_the_server__is_told_with_its_state_and_can_be_run_again() -> None:
    statement = "SELECT 12 / %(by)s::integer AS share, %(by)s::integer AS by, '100 %%' AS sign"

    with pytest.raises(DataError) as told:
        sql.fetch_prepared(statement, {"by": 0})

    assert getattr(told.value.__cause__, "sqlstate", "") == "22012"
    assert sql.fetch_prepared(statement, {"by": 4, "more": 1}) == [{"share": 3, "by": 4, "sign": "100 %"}]


@pytest.mark.parametrize("params", [[], [1, 2], {"other": 1}])
def test_prepared__values_that_do_not_fit__are_refused(params: Any) -> None:
    statement = "SELECT %(one)s::integer AS a" if isinstance(params, dict) else "SELECT %s::integer AS a"

    with pytest.raises(ProgrammingError):
        sql.fetch_prepared(statement, params)


def test_prepared__values_of_other_types__give_what_psycopg_gives() -> None:
    statement = "SELECT %s::text AS a, %s::bigint[] AS b, %s::numeric AS c, %s::timestamptz AS d"
    given: list[list[Any]] = [
        ["x", [1, 2], Decimal("1.50"), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)],
        [None, None, None, None],
        ["y", [], 7, datetime(2026, 3, 29, 1, 30, tzinfo=ZoneInfo("Asia/Tbilisi"))],
        ["z", [2**40], 2**40, None],
    ]

    for values in given:
        assert sql.fetch_prepared(statement, values) == sql.fetch_all(statement, values)


@pytest.mark.parametrize(
    "instant",
    ["0001-01-01 00:00:00+00", "1969-12-31 23:59:59.999999+00", "2026-03-29 01:30:00+02", "2026-11-28 21:36:00.1+00",
     "9999-12-31 23:59:59.999999+00"],
)  # fmt: skip
def test_prepared__instant__is_the_one_that_psycopg_reads(instant: str) -> None:
    ask = "SELECT %s::timestamptz AS at"
    told = sql.fetch_prepared(ask, [instant])
    assert told == sql.fetch_all(ask, [instant])
    assert told[0]["at"].tzinfo is UTC


@pytest.mark.parametrize("instant", ["infinity", "10000-01-01 00:00+00", "44-03-15 00:00 BC"])
def test_prepared__instant_beyond_the_calendar__is_refused(instant: str) -> None:
    with pytest.raises(DataError):
        sql.fetch_prepared("SELECT %s::timestamptz AS at", [instant])


def test_prepared__session_of_another_zone__gives_the_same_instant() -> None:
    ask = "SELECT '2026-07-01 12:00+00'::timestamptz AS at"
    sql.execute("SET TIME ZONE 'Asia/Beirut'")
    try:
        told = sql.fetch_prepared(ask)
    finally:
        sql.execute("SET TIME ZONE 'UTC'")
    assert told[0]["at"] == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_prepared__more_statements_than_are_kept__drops_the_oldest() -> None:
    texts = [f"SELECT {number} AS n, %s::text AS t" for number in range(STATEMENTS_MAX + 20)]

    for number, text in enumerate(texts):
        assert sql.fetch_prepared(text, ["a"]) == [{"n": number, "t": "a"}]
    assert sql.fetch_prepared(texts[0], ["b"]) == [{"n": 0, "t": "b"}]

    (kept,) = sql.fetch_all("SELECT count(*) AS number FROM pg_prepared_statements")
    assert kept["number"] <= STATEMENTS_MAX


def test_prepared__with_statements_logged__is_in_the_log() -> None:
    with CaptureQueriesContext(connection) as log:
        sql.fetch_prepared("SELECT %s::integer AS logged", [1])

    assert [one["sql"] for one in log.captured_queries] == ["SELECT %s::integer AS logged"]
