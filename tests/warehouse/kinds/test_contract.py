"""What every connector promises, tried on every kind of warehouse."""

import time
import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import Select, func, select, text

from loyalty.foundation.rules.contracts import FieldType
from loyalty.warehouse.api import (
    WarehouseAnswerTooLarge,
    WarehouseColumnMissing,
    WarehouseKeyDuplicate,
    WarehouseKeyNull,
    WarehouseMismatch,
    WarehouseRowsTooMany,
    WarehouseTimeout,
    WarehouseTypeChanged,
    check_columns,
    check_keys,
    customer_id_of,
    read_query,
)
from tests.warehouse.kinds.people import CITIES, COLUMNS, COUNT, PEOPLE, key
from tests.warehouse.kinds.worlds import TIMEOUT_MS, World

TYPES = {
    "revenue": FieldType.DECIMAL,
    "visits": FieldType.INTEGER,
    "score": FieldType.DECIMAL,
    "city": FieldType.TEXT,
    "is_new": FieldType.BOOLEAN,
    "joined_on": FieldType.DATE,
    "seen_at": FieldType.DATETIME,
}
Owner = psycopg.Connection[tuple[Any, ...]]


def test_describe__types_and_nullness__in_our_words(world: World) -> None:
    described = world.open().describe_table("people")
    assert [column.name for column in described.columns] == list(COLUMNS)
    # A DATE of Oracle has hours, minutes and seconds.
    check_columns(described, TYPES | ({"joined_on": FieldType.DATETIME} if world.kind == "oracle" else {}))
    fresh = described.find("is_new")
    assert fresh is not None
    assert fresh.is_nullable is not world.has_nullness
    assert described.find("nothing") is None


def test_fetch__values_of_every_type__as_they_were_written(world: World) -> None:
    connector = world.open()
    people = connector.table("people")
    for person in (PEOPLE[0], PEOPLE[6], PEOPLE[10], PEOPLE[12]):
        row = connector.fetch_all(select(people).where(people.c.visits == person.visits))[0]
        assert customer_id_of(row[0]) == person.customer_id
        assert (row[1], int(row[2]), float(row[3]), bool(row[5])) == (
            *(person.revenue, person.visits, person.score, person.is_new),
        )
        assert row[4] == person.city or (row[4] is None and person.city == "" and world.kind == "oracle")
        assert str(row[6])[:10] == str(person.joined_on)[:10]
        assert row[7] == person.seen_at


@pytest.mark.parametrize("city", [one for one in CITIES if one])
def test_fetch__any_text_as_a_value__bound_and_never_read_as_sql(world: World, city: str) -> None:
    connector = world.open()
    people = connector.table("people")
    found = connector.fetch_all(select(func.count()).select_from(people).where(people.c.city == city))
    assert int(found[0][0]) == sum(person.city == city for person in PEOPLE)
    listed = connector.fetch_all(select(people.c.visits).where(people.c.city.in_([city, "no'where"])))
    assert len(listed) == int(found[0][0])


def test_fetch__more_rows_than_allowed__refused(world: World) -> None:
    connector = world.open()
    people = connector.table("people")
    with pytest.raises(WarehouseRowsTooMany):
        connector.fetch_all(select(people.c.visits), limit=COUNT - 1)
    assert len(connector.fetch_all(select(people.c.visits), limit=COUNT)) == COUNT


def test_stream__batches__all_rows_once_in_order(world: World) -> None:
    connector = world.open()
    people = connector.table("people")
    batches = list(connector.stream(select(people.c.visits).order_by(people.c.visits), batch_size=1000))
    assert [len(batch) for batch in batches] == [1000, 1000, 500]
    assert [int(row[0]) for batch in batches for row in batch] == list(range(1, COUNT + 1))


def test_stream_and_copy__more_rows_than_the_settings_allow__refused(world: World) -> None:
    connector = world.open(rows_max=COUNT - 1)
    people = connector.table("people")
    with pytest.raises(WarehouseRowsTooMany, match="DWH_ROWS_MAX"):
        list(connector.stream(select(people.c.visits), batch_size=500))
    with pytest.raises(WarehouseRowsTooMany, match="DWH_ROWS_MAX"):
        list(connector.copy_text(select(people.c.visits)))


def test_answers__of_more_bytes_than_the_settings_allow__are_broken_off(world: World) -> None:
    connector = world.open(bytes_max=1_000)
    people = connector.table("people")
    for ask in (connector.stream, connector.copy_text, connector.fetch_all):
        with pytest.raises(WarehouseAnswerTooLarge, match="DWH_BYTES_MAX_MB"):
            list(ask(select(people.c.visits, people.c.city)))
    assert len(connector.fetch_all(select(people.c.visits).limit(10))) == 10


def test_stream__left_early__the_connection_serves_again(world: World) -> None:
    connector = world.open()
    people = connector.table("people")
    for _ in range(12):
        streaming = connector.stream(select(people.c.visits), batch_size=10)
        assert len(next(iter(streaming))) == 10
        streaming.close()  # type: ignore[attr-defined]
        copying = connector.copy_text(select(people.c.city, people.c.visits))
        assert next(iter(copying))
        copying.close()  # type: ignore[attr-defined]
    assert len(connector.fetch_all(select(people.c.visits))) == COUNT


def test_copy_text__into_the_platforms_database__the_same_rows(world: World, owner: Owner) -> None:
    connector = world.open()
    people = connector.table("people")
    owner.execute(
        "CREATE TABLE staged (customer_id uuid, revenue numeric, visits int, score float8, city text, is_new boolean, "
        "joined_on date, seen_at timestamptz)"
    )
    with owner.cursor() as cursor, cursor.copy("COPY staged FROM STDIN") as target:
        for block in connector.copy_text(select(*(people.c[name] for name in COLUMNS))):
            target.write(block)
    rows = owner.execute("SELECT * FROM staged ORDER BY visits").fetchall()
    wanted = [(one.customer_id, one.revenue, one.visits, one.score, one.city, one.is_new, one.joined_on, one.seen_at)
              for one in PEOPLE]  # fmt: skip
    if world.kind == "oracle":
        wanted = [(*row[:4], row[4] or None, *row[5:]) for row in wanted]
    assert rows == wanted


def test_copy_text__of_a_condition__only_whom_it_selects(world: World, owner: Owner) -> None:
    connector = world.open()
    people = connector.table("people")
    statement = select(people.c.customer_id).where(people.c.city.in_(["C1", "Ta'izz"]), people.c.revenue < Decimal(40))
    wanted = {one.customer_id for one in PEOPLE if one.city in ("C1", "Ta'izz") and (one.revenue or 99) < 40}
    found = b"".join(connector.copy_text(statement)).decode().split()
    assert {uuid.UUID(one) for one in found} == wanted
    assert list(connector.copy_text(select(people.c.city).where(people.c.visits < 0))) == []


def test_table__gone_or_column_dropped__said_as_such(world: World) -> None:
    connector = world.open()
    with pytest.raises(WarehouseMismatch, match="nothing"):
        connector.table("nothing")
    people = connector.table("people")
    world.run("ALTER TABLE people DROP COLUMN city")
    connector.forget_tables()
    with pytest.raises(WarehouseColumnMissing):
        connector.fetch_all(select(people.c.city))
    described = connector.describe_table("people")
    assert described.find("city") is None
    with pytest.raises(WarehouseColumnMissing, match='"city"'):
        check_columns(described, TYPES)


def test_column__of_another_type__told_with_both_types(world: World) -> None:
    connector = world.open()
    connector.describe_table("people")
    world.run("ALTER TABLE people DROP COLUMN visits")
    world.run("ALTER TABLE people ADD COLUMN visits varchar(20)")
    connector.forget_tables()
    with pytest.raises(WarehouseTypeChanged, match="was integer and is text"):
        check_columns(connector.describe_table("people"), TYPES)


def test_keys__null_or_twice__told_with_their_number(world: World) -> None:
    connector = world.open()
    assert check_keys(connector, "people") == COUNT
    world.run("CREATE TABLE twice AS SELECT * FROM people UNION ALL SELECT * FROM people WHERE visits < 4")
    world.run("CREATE TABLE nobody AS SELECT * FROM people")
    world.run("INSERT INTO nobody (visits, is_new) VALUES (1, true), (2, true)")
    connector.forget_tables()
    with pytest.raises(WarehouseKeyDuplicate, match=f"{COUNT + 3:,} rows for {COUNT:,} customers"):
        check_keys(connector, "twice")
    with pytest.raises(WarehouseKeyNull, match=f"2 of {COUNT + 2:,} rows"):
        check_keys(connector, "nobody")


WRITES = (
    "INSERT INTO people (visits, is_new) VALUES (1, true)",
    "UPDATE people SET visits = 0",
    "DELETE FROM people",
    "DROP TABLE people",
    "CREATE TABLE planted (n int)",
)


@pytest.mark.parametrize("statement", WRITES)
def test_write__through_the_connector__refused_and_nothing_changed(world: World, statement: str) -> None:
    connector = world.open()
    written: Any = text(statement)
    with pytest.raises(WarehouseMismatch):
        connector.fetch_all(written)
    assert len(connector.fetch_all(select(connector.table("people").c.visits))) == COUNT
    with pytest.raises(WarehouseMismatch):
        connector.table("planted")


def test_slow__statement_stream_and_copy__stopped_in_time_and_the_next_answers(world: World) -> None:
    connector = world.open(queries={"slow": read_query(world.slow.replace("AS n", "AS customer_id"))})
    endless: Select[Any] = select(connector.table("slow"))
    ways: tuple[Callable[[Select[Any]], Iterable[object]], ...]
    ways = (connector.fetch_all, connector.stream, connector.copy_text)
    for ask in ways:
        began = time.monotonic()
        with pytest.raises(WarehouseTimeout):
            list(ask(endless))
        # The statements have no end; a busy machine may take its time to say so.
        assert time.monotonic() - began < TIMEOUT_MS / 1000 + 20
    assert connector.breaker_state == "closed"
    assert len(connector.fetch_all(select(connector.table("people").c.visits))) == COUNT


def test_identifiers__with_quotes_and_more__read_as_names(world: World) -> None:
    world.run("""CREATE TABLE "we""ird; DROP TABLE people; --" ("a""b" int, "c'd" int, "e%f:g" int, "Straße" int)""")
    world.run("""INSERT INTO "we""ird; DROP TABLE people; --" VALUES (1, 2, 3, 4)""")
    connector = world.open()
    odd = connector.table('we"ird; DROP TABLE people; --')
    assert [column.name for column in odd.columns] == ['a"b', "c'd", "e%f:g", "Straße"]
    row = connector.fetch_all(select(odd).where(odd.c["e%f:g"] == 3))[0]
    assert [int(value) for value in row] == [1, 2, 3, 4]
    assert b"".join(connector.copy_text(select(odd))) == b"1\t2\t3\t4\n"
    assert len(connector.fetch_all(select(connector.table("people").c.visits))) == COUNT


def test_test_connection__tells_what_is_there(world: World) -> None:
    connector = world.open()
    report = connector.test_connection("people")
    assert (report.is_reachable, report.problem_code, report.breaker_state) == (True, "", "closed")
    assert report.latency_ms > 0
    assert report.server_version
    assert (report.is_read_only, report.is_superuser, report.is_caged) == (True, False, True)
    assert [column.name for column in report.columns] == list(COLUMNS)
    assert "people" in [table.name for table in report.tables]
    assert report.rows_estimate == COUNT
    missing = connector.test_connection("nothing")
    assert (missing.is_reachable, missing.problem_code, missing.columns) == (True, "warehouse.mismatch", ())


def test_query__stands_for_the_table__columns_found_and_rows_given(world: World) -> None:
    query = read_query(
        "SELECT customer_id, visits * 2 AS twice, city, ':customer_id' AS said -- a comment; here\n"
        "FROM people WHERE seen_at > :start_date /* and here */"
    )
    connector = world.open(queries={"query": query}, query_days=3_650)
    described = connector.describe_table("query")
    assert [column.name for column in described.columns] == ["customer_id", "twice", "city", "said"]
    check_columns(described, {"twice": FieldType.INTEGER, "city": FieldType.TEXT})
    features = connector.table("query")
    rows = connector.fetch_all(select(features.c.twice, features.c.said).where(features.c.city == "Ta'izz"))
    assert {int(row[0]) for row in rows} == {2 * one.visits for one in PEOPLE if one.city == "Ta'izz"}
    assert {row[1] for row in rows} == {":customer_id"}
    assert sum(block.count(b"\n") for block in connector.copy_text(select(features.c.customer_id))) == COUNT
    assert check_keys(connector, "query") == COUNT
    report = connector.test_connection("query")
    assert (len(report.columns), report.rows_estimate, report.problem_code) == (4, COUNT, "")
    none = world.open(queries={"query": query}, query_days=1)
    assert none.fetch_all(select(func.count()).select_from(none.table("query")))[0][0] in (0, COUNT)


def test_query__with_the_customer_id__serves_all_and_one(world: World) -> None:
    query = read_query(
        "SELECT customer_id, visits FROM people WHERE :customer_id IS NULL OR customer_id = :customer_id"
    )
    connector = world.open(queries={"query": query})
    assert len(connector.fetch_all(select(connector.table("query")))) == COUNT
    for wanted in ([key(7)], [key(7), key(8), key(9_999)], [key(number) for number in range(1, 41)]):
        some = connector.table_for("query", wanted)
        found = {customer_id_of(row[0]) for row in connector.fetch_all(select(some.c.customer_id))}
        assert found.issuperset(set(wanted) - {key(9_999)})
        assert len(found) <= 3 or len(wanted) > 20


def test_query__for_one_customer_only__serves_one_and_refuses_sets(world: World) -> None:
    query = read_query("SELECT customer_id, visits FROM people WHERE customer_id = :customer_id")
    connector = world.open(queries={"query": query})
    one = connector.table_for("query", [key(5)])
    assert [int(row[0]) for row in connector.fetch_all(select(one.c.visits))] == [5]
    assert len(connector.fetch_all(select(connector.table_for("query", [key(n) for n in range(1, 31)])))) == 30
    with pytest.raises(WarehouseMismatch, match=":customer_id IS NULL OR") as refusal:
        connector.table("query")
    assert refusal.value.code == "warehouse.query_for_one_customer"
    assert connector.test_connection("query").columns[1].name == "visits"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT customer_id FROM nothing_there", "warehouse.query_invalid"),
        ("SELECT customer_id FROM people WHERE", "warehouse.query_invalid"),
        ("SELECT visits FROM people", "warehouse.column_missing"),
        ("SELECT customer_id, no_such_column FROM people", "warehouse.column_missing"),
    ],
)
def test_query__cannot_be_used__refused_with_its_reason(world: World, query: str, code: str) -> None:
    connector = world.open(queries={"query": read_query(query)})
    with pytest.raises(WarehouseMismatch) as refusal:
        connector.describe_table("query")
    assert refusal.value.code in (code, "warehouse.query_invalid")
    assert connector.test_connection("query").problem_code == refusal.value.code


def test_copy_binary__only_where_it_is_spoken(world: World) -> None:
    connector = world.open()
    statement = select(connector.table("people").c.customer_id)
    if connector.has_copy_binary:
        assert b"".join(connector.copy_binary(statement)).startswith(b"PGCOPY\n")
    else:
        with pytest.raises(WarehouseMismatch, match="copy_text"):
            list(connector.copy_binary(statement))


def test_place__holds_no_secret(world: World) -> None:
    place = world.open().place
    assert place
    assert "password" not in place
    assert "@" not in place
