"""The relay by the database's processor time, reading the event store, and facts of writers at once: none lost."""

import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.db import connection
from rest_framework.test import APIClient

from benchmarks.harness import BackendClock, Bench, seconds
from loyalty.foundation.access.models import Role, RolePermission, User, UserRole
from loyalty.foundation.access.operations import create_token
from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql

# What the issue asks of the relay.
EVENTS_PER_CPU_SECOND = 100_000
BATCH, BATCH_QUICK = 100_000, 20_000
STORED, STORED_QUICK = 1_000_000, 100_000
WRITERS = 8
WRITTEN, WRITTEN_QUICK = 1_000_000, 20_000
FACTS_PER_TRANSACTION = 10
# What the issue asks of events posted in batches.
TAKEN_PER_SECOND = 5_000
TAKEN, TAKEN_QUICK, POSTED_AT_ONCE, CUSTOMERS = 20_000, 4_000, 1_000, 500

# The ledger names the facts of its postings by ids that lie in the order in which they were made, and so does this.
FILL = """
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    SELECT events_new_id(now(), n), 'points.earned', md5((n %% 100000)::text)::uuid::text, 'transaction', md5(n::text),
        now(), jsonb_build_object('transaction_id', md5(n::text)::uuid, 'account_id', md5((n %% 100000)::text)::uuid,
            'customer_id', md5((n %% 100000)::text)::uuid, 'points_amount', n %% 500, 'points_balance', n,
            'account_sequence', n, 'wallet', 'main', 'program_id', md5('p')::uuid)
    FROM generate_series(1, %s) n
"""
HISTORY = """
    SELECT count(*) FROM events_store e
    WHERE e.lookup = hashtextextended(%(key)s::text || ' points.earned', 0) AND e.key = %(key)s::text
        AND e.type = 'points.earned' AND e.occurred_at > now() - interval '30 days'
"""
WINDOW = """
    SELECT count(*) FROM events_store e
    WHERE e.type = 'points.earned' AND e.occurred_at > %(since)s::timestamptz
        AND e.occurred_at <= %(until)s::timestamptz
"""
WRITE = """
    INSERT INTO events_outbox (event_id, type, key, occurred_at, data)
    SELECT gen_random_uuid(), 'bench.written', %s, now(), jsonb_build_object('number', %s::int + n)
    FROM generate_series(1, %s) n
"""


def run(bench: Bench) -> None:
    """Measure."""
    connection.ensure_connection()
    relay(bench, BATCH_QUICK if bench.is_quick else BATCH)
    reading(bench, STORED_QUICK if bench.is_quick else STORED)
    intake(bench, TAKEN_QUICK if bench.is_quick else TAKEN)
    losing(bench, WRITTEN_QUICK if bench.is_quick else WRITTEN)


def relay(bench: Bench, batch: int) -> None:
    """Store, hand on, trim and vacuum a batch; facts per second of the server process's own time, beside the asked.

    The facts are written before the clock is read. What other processes of the server do is not in it: writing the log
    and the pages to the disk, and summing up the index over `occurred_at`.
    """
    clock = BackendClock(connection.connection)
    if not clock.can_read:
        print("  relay: the server's processor time cannot be read here")
        return
    rates: dict[str, list[float]] = {"without handlers": [], "with one handler": []}
    for name in [one for _ in range(bench.repetitions) for one in rates]:
        sql.execute(FILL, [batch])
        handled = ["points.earned"] if name == "with one handler" else []
        started = clock.seconds()
        until = events.store_facts()
        left = batch
        while left > 0:
            left -= 1000
            sql.fetch_one(
                "SELECT * FROM events_relay('bench', %s, %s, %s, 1000, %s, now())",
                [["bench"] * len(handled), handled, [0] * len(handled), until],
            )
        while events.trim_outbox():
            pass
        # What was trimmed is dead until somebody clears it away: that is the relay's to pay as well.
        sql.execute("VACUUM events_outbox")
        rates[name].append(batch / (clock.seconds() - started))
        sql.execute("TRUNCATE events_inboxentry")
    floor = [float(EVENTS_PER_CPU_SECOND)] * bench.repetitions
    for name, found in rates.items():
        print(f"  relay {name}: {sorted(found)[len(found) // 2]:,.0f} events per CPU-second of the database")
        # What handlers make of it is their own; the figure that is asked for is the relay's.
        bound = 1.0 if name == "without handlers" else None
        bench.tell(f"relay {name} / {EVENTS_PER_CPU_SECOND:,} events per CPU-second", found, floor, floor=bound)


def reading(bench: Bench, stored: int) -> None:
    """One customer's history and an hour's window of the store, beside the same with the facts in one plain table."""
    sql.execute(FILL, [stored])
    while events.store_facts() and events.trim_outbox():
        pass
    sql.execute("CREATE TABLE bench_plain AS SELECT * FROM events_stored")
    sql.execute("CREATE INDEX ON bench_plain (hashtextextended(key || ' ' || type, 0), occurred_at)")
    sql.execute("CREATE INDEX ON bench_plain USING brin (occurred_at)")
    for table in ("events_stored", "bench_plain", "events_outbox"):
        sql.execute(f"VACUUM ANALYZE {table}")
    sql.execute(FILL, [200])
    plain = HISTORY.replace("events_store e", "bench_plain e").replace(
        "e.lookup", "hashtextextended(e.key || ' ' || e.type, 0)"
    )
    found = bench.interleave({"store": lambda: ask(HISTORY), "plain": lambda: ask(plain)})
    bench.tell("history of one customer: store with its tail / one plain table", found["store"], found["plain"])
    print(f"  history of one customer: {sorted(found['store'])[len(found['store']) // 2] * 1e6:.0f} µs each")
    row = sql.fetch_one("SELECT max(occurred_at) AS until, min(occurred_at) AS since FROM events_stored")
    assert row is not None
    since = row["until"] - (row["until"] - row["since"]) / 10
    bounds = {"since": since, "until": row["until"]}
    narrow = WINDOW.replace("events_store e", "bench_plain e")
    found = bench.interleave({"store": lambda: window(WINDOW, bounds), "plain": lambda: window(narrow, bounds)})
    bench.tell("window of a tenth of the facts: store with its tail / one plain table", found["store"], found["plain"])


def ask(text: str) -> float:
    """Ask for the history of many customers, one after another; seconds each."""
    keys = sql.fetch_all("SELECT md5((n * 37)::text)::uuid::text AS key FROM generate_series(1, 300) n")
    started = time.perf_counter()
    for key in keys:
        sql.fetch_prepared(text, key)
    return (time.perf_counter() - started) / len(keys)


def window(text: str, bounds: dict[str, datetime]) -> float:
    """Ask for all facts of a type in a window of time; seconds."""
    return seconds(lambda: sql.fetch_prepared(text, bounds))


def intake(bench: Bench, taken: int) -> None:
    """Purchases posted as CloudEvents in batches through the platform's own middleware, token and view, by the wall."""
    sql.execute(
        "INSERT INTO customers_customer (public_id, customer_ref, first_name, last_name, status, language, time_zone, "
        "city, gender, source) SELECT gen_random_uuid(), 'b-' || n, '', '', 'ACTIVE', 'en', 'UTC', '', '', 'bench' "
        "FROM generate_series(1, %s) n",
        [CUSTOMERS],
    )
    user = User.objects.create(username="bench")
    role = Role.objects.create(code="bench", name="Bench")
    RolePermission.objects.create(role=role, pattern="events.receive")
    UserRole.objects.create(user=user, role=role)
    issued = create_token(user_id=user.public_id, name="bench", now=datetime.now(UTC), lifetime=timedelta(hours=1))
    client = APIClient(headers={"authorization": f"Bearer {issued.secret}"})
    clock = BackendClock(connection.connection)
    rates: dict[str, list[float]] = {"by the wall": [], "by processor time": []}
    for _ in range(bench.repetitions):
        batches = [[_purchase(number) for number in range(POSTED_AT_ONCE)] for _ in range(taken // POSTED_AT_ONCE)]
        wall, spent = time.perf_counter(), time.process_time() + (clock.seconds() if clock.can_read else 0.0)
        for batch in batches:
            _post(client, batch)
        rates["by the wall"].append(taken / (time.perf_counter() - wall))
        now_spent = time.process_time() + (clock.seconds() if clock.can_read else 0.0)
        rates["by processor time"].append(taken / (now_spent - spent))
    print(f"  intake: {POSTED_AT_ONCE:,} events in a call, one client")
    for name, found in rates.items():
        asked = [float(TAKEN_PER_SECOND)] * len(found)
        # A busy machine has no wall's clock; what one process and one session need of a processor is what counts.
        floor = 1.0 if name == "by processor time" else None
        print(f"  intake {name}: {sorted(found)[len(found) // 2]:,.0f} events a second")
        bench.tell(f"intake {name} / {TAKEN_PER_SECOND:,} events a second", found, asked, floor=floor)


def _purchase(number: int) -> dict[str, Any]:
    named = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "bench", "type": "customer.purchase"}
    subject = f"b-{number % CUSTOMERS + 1}"
    return {
        **named,
        "subject": subject,
        "time": datetime.now(UTC).isoformat(),
        "data": {"amount": 5, "currency": "EUR"},
    }


def _post(client: APIClient, batch: list[dict[str, Any]]) -> None:
    answer = client.post("/api/loyalty/v1/events/", batch, format="json")
    if answer.status_code != 202 or answer.json()["accepted"] != len(batch):
        raise SystemExit(f"benchmarks: events were not taken in: {answer.content[:300]!r}")


def losing(bench: Bench, total: int) -> None:
    """Writers at once, some late and some rolled back, while the relay runs: every fact once, in its key's order."""
    before = events.store_facts()
    each = total // WRITERS
    writers = [threading.Thread(target=write, args=[bench.database_url, number, each]) for number in range(WRITERS)]
    for one in writers:
        one.start()
    while any(one.is_alive() for one in writers):
        while events.relay(now=datetime.now(UTC))[0]:
            pass
        events.trim_outbox()
        time.sleep(0.05)
    while events.relay(now=datetime.now(UTC))[0] or events.trim_outbox():
        pass
    row = sql.fetch_one(
        """
        SELECT count(*) AS stored, count(DISTINCT (key, number)) AS told, count(*) FILTER (WHERE is_back) AS back FROM (
            SELECT key, number, number < lag(number) OVER (PARTITION BY key ORDER BY position) AS is_back FROM (
                SELECT key, (data->>'number')::int AS number, position FROM events_stored
                WHERE type = 'bench.written' AND position > %s) n) e
        """,
        [before],
    )
    assert row is not None
    wanted = each * WRITERS
    print(
        f"  {WRITERS} writers at once: {wanted:,} facts written, {row['stored']:,} stored, "
        f"{wanted - row['told']:,} lost, {row['stored'] - row['told']:,} doubled, "
        f"{row['back']:,} out of their key's order"
    )
    if row["stored"] != wanted or row["told"] != wanted or row["back"]:
        raise SystemExit("benchmarks: facts were lost, doubled or reordered.")


def write(url: str, number: int, each: int) -> None:
    """Write facts in small transactions; every tenth is rolled back first, every hundredth takes its time."""
    with psycopg.connect(url) as own:
        for start in range(0, each, FACTS_PER_TRANSACTION):
            facts = [str(number), start, min(FACTS_PER_TRANSACTION, each - start)]
            if start // FACTS_PER_TRANSACTION % 10 == 3:
                own.execute(WRITE, facts)
                own.rollback()
            own.execute(WRITE, facts)
            if start // FACTS_PER_TRANSACTION % 100 == 7:
                own.execute("SELECT pg_sleep(0.05)")
            own.commit()
