"""The event store: filled from the outbox, once, in the order of each key, and read with what is not stored yet."""

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from loyalty.foundation.events import api
from loyalty.foundation.events.models import OutboxEntry, StoredEvent
from loyalty.foundation.events.operations import STORE_MAX
from loyalty.foundation.orm import sql

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[[], psycopg.Connection[Any]]
WRITE = (
    "INSERT INTO events_outbox (event_id, type, key, occurred_at, data) VALUES (gen_random_uuid(), %s, %s, now(), '{}')"
)
TOLD = "SELECT type FROM events_store ORDER BY recorded_at"


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Open further connections to the test database."""
    opened: list[psycopg.Connection[Any]] = []

    def open_one() -> psycopg.Connection[Any]:
        made = psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor})
        opened.append(made)
        return made

    yield open_one
    for one in opened:
        one.close()


def write(*types: str, key: str = "k") -> None:
    for one in types:
        sql.execute(WRITE, [one, key])


def told() -> list[str]:
    return [row["type"] for row in sql.fetch_all(TOLD)]


def stored() -> list[tuple[int, str]]:
    return list(StoredEvent.objects.order_by("position").values_list("position", "type"))


def test_facts__stored__once_and_in_order_without_gaps() -> None:
    write("a", "b", "c")
    assert told() == ["a", "b", "c"], "a fact counts at once"
    assert api.store_facts() == 3
    assert api.store_facts() == 3
    assert stored() == [(1, "a"), (2, "b"), (3, "c")]
    assert told() == ["a", "b", "c"], "and is not counted twice when it is stored"
    assert api.trim_outbox() == 3
    assert OutboxEntry.objects.count() == 0
    write("d")
    assert told() == ["a", "b", "c", "d"]
    assert (api.store_facts(), api.trim_outbox(), told()) == (4, 1, ["a", "b", "c", "d"])


def test_facts__of_a_transaction_that_commits_late__are_neither_lost_nor_doubled(connect: Connect) -> None:
    late, early = connect(), connect()
    late.execute(WRITE, ["late", "x"])
    early.execute(WRITE, ["early", "y"])
    early.commit()
    assert api.store_facts() == 1
    assert api.trim_outbox() == 1
    assert told() == ["early"]
    late.commit()
    assert told() == ["late", "early"], "seen at once though its number lies below what is stored"
    assert api.store_facts() == 2
    assert stored() == [(1, "early"), (2, "late")]
    assert api.trim_outbox() == 1
    assert told() == ["late", "early"]


def test_facts__of_one_key__keep_the_order_in_which_they_were_written(connect: Connect) -> None:
    # The second writer has the lower transaction number: it began first and waited for the first one's lock.
    second, first = connect(), connect()
    second.execute("SELECT pg_current_xact_id()")
    first.execute(WRITE, ["first", "k"])
    first.commit()
    second.execute(WRITE, ["second", "k"])
    second.commit()
    api.store_facts()
    assert stored() == [(1, "first"), (2, "second")]


def test_facts__rolled_back__are_never_stored(connect: Connect) -> None:
    gone = connect()
    gone.execute(WRITE, ["gone", "k"])
    write("a")
    api.store_facts()
    gone.rollback()
    write("b")
    api.store_facts()
    assert [kind for _, kind in stored()] == ["a", "b"]
    assert api.trim_outbox() == 2


def test_facts__of_the_storing_transaction_itself__are_stored_with_what_follows() -> None:
    with transaction.atomic():
        write("a")
        api.store_facts()
        write("b")
        assert told() == ["a", "b"]
        api.store_facts()
        write("c")
        assert told() == ["a", "b", "c"]
    assert api.store_facts() == 3
    assert stored() == [(1, "a"), (2, "b"), (3, "c")]


def test_facts__more_than_one_call_takes__come_with_the_next() -> None:
    for number in range(10):
        write(str(number))
    counts = [sql.fetch_one("SELECT events_store_facts(4) AS position") for _ in range(4)]
    assert [row["position"] for row in counts if row] == [4, 8, 10, 10]
    with transaction.atomic():
        write(*"abcdefgh")
    row = sql.fetch_one("SELECT events_store_facts(4) AS position")
    assert row == {"position": 18}, "a transaction goes whole"
    trimmed = [sql.fetch_one("SELECT events_trim_outbox(4) AS count") for _ in range(5)]
    assert [row["count"] for row in trimmed if row] == [4, 4, 2, 8, 0]
    assert len(set(stored())) == 18


WRITERS, EACH = 8, 2500


def findings_of_writers_and_storers(connect: Connect, each: int) -> list[str]:
    """Write facts in transactions of three, some of them rolled back first, while two store; tell what must not be."""
    done = threading.Event()

    def publish(number: int, own: psycopg.Connection[Any]) -> None:
        for count in range(each):
            own.execute(WRITE, [str(count), str(number)])
            if count % 7 == 3:
                own.rollback()
                own.execute(WRITE, [str(count), str(number)])
            if count % 3 == 0:
                own.commit()
        own.commit()

    def store(own: psycopg.Connection[Any]) -> None:
        own.autocommit = True
        while not done.is_set():
            own.execute("SELECT events_store_facts(%s)", [STORE_MAX])
            own.execute("SELECT events_trim_outbox(100)")

    storing = [threading.Thread(target=store, args=[connect()]) for _ in range(2)]
    writing = [threading.Thread(target=publish, args=[number, connect()]) for number in range(WRITERS)]
    for thread in [*storing, *writing]:
        thread.start()
    for thread in writing:
        thread.join()
    done.set()
    for thread in storing:
        thread.join()
    last = api.store_facts()
    while api.trim_outbox():
        pass
    by_key: dict[str, list[int]] = {str(number): [] for number in range(WRITERS)}
    for key, kind in StoredEvent.objects.order_by("position").values_list("key", "type"):
        by_key[key].append(int(kind))
    # What a rollback took was written again, except the ones of the same transaction before it.
    lost = [sorted(set(range(each)) - set(numbers)) for numbers in by_key.values()]
    told = {
        "left in the outbox": OutboxEntry.objects.count(),
        "gaps": len({*range(1, last + 1)} ^ {position for position, _ in stored()}),
        "lost": sum(count % 7 not in (1, 2) for gone in lost for count in gone),
        "doubled": sum(len(numbers) - len(set(numbers)) for numbers in by_key.values()),
        "out of order": sum(numbers != sorted(numbers) for numbers in by_key.values()),
    }
    return [f"{name}: {count}" for name, count in told.items() if count]


def test_facts__of_writers_and_storers_at_once__none_lost_none_doubled(connect: Connect) -> None:
    assert findings_of_writers_and_storers(connect, EACH) == []


# What a store without a memory of the transactions that were still running would do: the naive cursor.
FORGETS = ("running = s.running", "running = '{}'")
# One that takes the running ones twice: when they ran, as far as they were seen, and when they are over.
REPEATS = ("WHERE o.xid = ANY (v_running)", "WHERE o.xid < v_from")


@pytest.fixture
def plant() -> Iterator[Callable[[tuple[str, str]], None]]:
    """Plant a fault into the function that stores; afterwards it is as it was."""
    text = sql.read("loyalty.foundation.events", "log")
    start = text.index("CREATE OR REPLACE FUNCTION events_store_facts")
    function = text[start : text.index("END $$;", start) + len("END $$;")]

    def put(fault: tuple[str, str]) -> None:
        assert function.count(fault[0]) == 1
        sql.execute(function.replace(*fault))

    yield put
    sql.execute(function)


@pytest.mark.parametrize(("fault", "found"), [(FORGETS, "lost"), (REPEATS, "doubled")])
def test_facts__fault_planted_into_the_store__is_found_by_the_same_writers(
    connect: Connect, plant: Callable[[tuple[str, str]], None], fault: tuple[str, str], found: str
) -> None:
    plant(fault)
    findings = findings_of_writers_and_storers(connect, EACH // 5)
    assert any(one.startswith(found) for one in findings), findings


def test_ids__drawn_in_one_statement__are_of_version_7_of_their_instant_and_in_order() -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
    rows = sql.fetch_all("SELECT events_new_id(%s, n) AS id FROM generate_series(1, 5000) n", [at])
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids), "an index that is filled with them is filled at its end"
    assert len(set(ids)) == 5000
    assert {(one.version, one.variant) for one in ids} == {(7, uuid.RFC_4122)}
    assert {one.int >> 80 for one in ids} == {int(at.timestamp() * 1000)}, "they tell when the fact was made"


def test_months__made_ahead__and_an_instant_outside_them_goes_to_the_rest() -> None:
    sql.execute("SELECT events_make_months('2031-11-30T23:59:59+00:00')")
    rows = sql.fetch_all(
        "SELECT to_regclass('events_stored_2031_11') IS NOT NULL AND to_regclass('events_stored_2032_01') IS NOT NULL "
        "AS made"
    )
    assert rows == [{"made": True}]
    for name in ("2031_11", "2031_12", "2032_01"):
        sql.execute(f"DROP TABLE events_stored_{name}")
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, occurred_at, recorded_at, data) "
        "VALUES (gen_random_uuid(), 'old', now(), '1999-01-01', '{}')"
    )
    api.store_facts()
    sql.execute("SELECT events_make_months('1998-12-01')")
    assert stored() == [(1, "old")]
    for name in ("1998_12", "1999_02"):
        sql.execute(f"DROP TABLE events_stored_{name}")


def test_store__asked_for_one_customer__goes_along_its_index_and_the_outboxs_key(now: datetime) -> None:
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, key, occurred_at, data) "
        "SELECT gen_random_uuid(), 't', n::text, %s, '{}' FROM generate_series(1, 5000) n",
        [now],
    )
    api.store_facts()
    write("t")
    sql.execute("ANALYZE events_stored")
    sql.execute("ANALYZE events_outbox")
    plan = sql.fetch_all(
        "EXPLAIN SELECT count(*) FROM events_store e WHERE e.lookup = hashtextextended('k t', 0) "
        "AND e.key = 'k' AND e.type = 't'"
    )
    text = "\n".join(row["QUERY PLAN"] for row in plan)
    assert "Seq Scan on events_outbox" not in text
    assert f"Seq Scan on events_stored_{datetime.now(UTC):%Y_%m} " not in text
