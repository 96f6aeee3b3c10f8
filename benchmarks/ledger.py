"""Earn, batch earn and burn through the SQL functions beside pgbench simple-update and the naive ORM."""

import json
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from django.db import connection

from benchmarks.harness import BackendClock, Bench, begin_worker, pgbench, pgbench_tables
from benchmarks.naive import ledger as naive
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api

Session = psycopg.Connection[tuple[object, ...]]

ACCOUNTS = 100_000
CLIENTS = 8
# Short enough that the whole run stays in minutes, long enough for a thousand commits and more.
RUN_SECONDS = 3.0
POSTINGS = 1000
BATCH_LINES = 500
CAP_POINTS_MAX = 1_000_000
LOTS_OF_ACCOUNT, LOTS_BURNED, POINTS_OF_LOT = 100, 5, 10
BURN_ACCOUNTS = 200
PROGRAM = uuid.UUID("00000000-0000-7000-8000-00000000ffff")
ACCOUNT_PREFIX = "00000000-0000-7000-8000-"

OPEN = """
    SELECT count(*) FROM ledger_open_accounts(
        (SELECT array_agg((%(prefix)s || lpad(n::text, 12, '0'))::uuid) FROM generate_series(1, %(accounts)s) n),
        (SELECT array_agg((%(prefix)s || lpad(n::text, 12, '0'))::uuid) FROM generate_series(1, %(accounts)s) n),
        %(program)s, now())
"""
SIMPLE_UPDATE = (
    "UPDATE pgbench_accounts SET abalance = abalance + %(delta)s WHERE aid = %(account)s",
    "SELECT abalance FROM pgbench_accounts WHERE aid = %(account)s",
    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) "
    "VALUES (1, 1, %(account)s, %(delta)s, CURRENT_TIMESTAMP)",
)
EARN_SCRIPT = """\\set account random(1, {accounts})
SELECT r.* FROM (SELECT {new_id} AS id) x, ledger_earn(x.id, \
('{prefix}' || lpad((:account)::text, 12, '0'))::uuid, 10, 'bench', x.id::text, sha256(uuid_send(x.id)), \
now(), now() + interval '365 days', ARRAY['daily'], ARRAY[current_date], ARRAY[{cap}::bigint], \
'bench', 'v1', '{{"rule": "base"}}'::jsonb, '{{"channel": "shop"}}'::jsonb, NULL, NULL, now()) r;
"""
EARN = """
    SELECT * FROM ledger_earn(%(id)s, %(account)s, 10, 'bench', %(key)s, %(hash)s, now(), now() + interval '365 days',
        ARRAY['daily'], ARRAY[current_date], ARRAY[1000000::bigint], 'bench', 'v1', '{"rule": "base"}'::jsonb,
        '{"channel": "shop"}'::jsonb, NULL, NULL, now())
"""
BURN = """
    SELECT * FROM ledger_burn(%(id)s, %(account)s, %(points)s, 'bench', %(key)s, %(hash)s, now(), 'bench', 'v1', '',
        NULL, '{"channel": "shop"}'::jsonb, NULL, NULL, now())
"""
HOT = """
    SELECT relname, n_tup_hot_upd::float / n_tup_upd FROM pg_stat_user_tables
    WHERE relname IN ('ledger_balance', 'ledger_cap_usage') AND n_tup_upd > 0 ORDER BY relname
"""


def run(bench: Bench) -> None:
    """Fill the tables, then compare."""
    with psycopg.connect(bench.database_url, autocommit=True) as session:
        session.execute(OPEN, {"prefix": ACCOUNT_PREFIX, "accounts": ACCOUNTS, "program": PROGRAM})
        pgbench_tables(bench, scale=ACCOUNTS // 100_000)
        naive.create_tables()
        session.execute(
            "INSERT INTO naive_naivebalance (account_id, points, lifetime_points_earned, last_sequence) "
            "SELECT public_id, 0, 0, 0 FROM ledger_account WHERE kind = 'member'"
        )
        session.execute("VACUUM ANALYZE")
    connection.close()
    _at_eight_clients(bench)
    _by_processor_time(bench)
    _against_naive_orm(bench)
    _hot_updates(bench)


def account_ref(number: int) -> uuid.UUID:
    """The public id of account number so-and-so."""
    return uuid.UUID(f"{ACCOUNT_PREFIX}{number:012d}")


def _at_eight_clients(bench: Bench) -> None:
    with psycopg.connect(bench.database_url) as session:
        new_id = "uuidv7()" if session.info.server_version >= 180000 else "ledger_new_public_id(now())"
    with TemporaryDirectory() as folder:
        script = Path(folder) / "earn.sql"
        script.write_text(
            EARN_SCRIPT.format(accounts=ACCOUNTS, new_id=new_id, prefix=ACCOUNT_PREFIX, cap=CAP_POINTS_MAX)
        )
        figures = bench.interleave(
            {
                "simple-update": lambda: pgbench(
                    bench, "-b", "simple-update", clients=CLIENTS, run_seconds=RUN_SECONDS
                ),
                "earn": lambda: pgbench(bench, "-f", str(script), clients=CLIENTS, run_seconds=RUN_SECONDS),
            }
        )
    bench.tell(
        f"earn / simple-update, per second, {CLIENTS} clients",
        figures["earn"],
        figures["simple-update"],
        floor=0.6,
        goal=1.0,
    )


def _by_processor_time(bench: Bench) -> None:
    with psycopg.connect(bench.database_url, autocommit=True) as session:
        clock = BackendClock(session)
        if not clock.can_read:
            print("  the server's processor time cannot be read from here; wall ratios only")
            return
        _give_lots(session)
        chance = random.Random(1)
        figures = bench.interleave(
            {
                "simple-update": lambda: _cost(clock, lambda: _simple_update(session, chance), POSTINGS),
                "earn": lambda: _cost(clock, lambda: _post(session, EARN, chance.randint(1, ACCOUNTS)), POSTINGS),
                "batch": lambda: _cost(clock, lambda: _batch(session, chance), 6) / BATCH_LINES,
                "burn": lambda: _burn_cost(session, clock),
            }
        )
    base = figures["simple-update"]
    bench.tell("simple-update / earn, server processor time", base, figures["earn"], goal=1.0)
    bench.tell(
        f"simple-update / earn in a batch of {BATCH_LINES}, server processor time",
        base, figures["batch"], floor=4.0, goal=8.0,
    )  # fmt: skip
    bench.tell(
        f"simple-update / burn of {LOTS_BURNED} among {LOTS_OF_ACCOUNT} lots, server processor time",
        base, figures["burn"], floor=0.6, goal=1.0,
    )  # fmt: skip


def _cost(clock: BackendClock, act: Callable[[], None], times: int) -> float:
    before = clock.seconds()
    for _ in range(times):
        act()
    return (clock.seconds() - before) / times


def _simple_update(session: Session, chance: random.Random) -> None:
    values = {"account": chance.randint(1, ACCOUNTS), "delta": chance.randint(-5000, 5000)}
    with session.transaction():
        for statement in SIMPLE_UPDATE:
            session.execute(statement, values, prepare=True)


def _post(session: Session, statement: str, account: int, points: int = 10) -> None:
    new_id = new_public_id()
    values = {
        "id": new_id,
        "account": account_ref(account),
        "points": points,
        "key": str(new_id),
        "hash": sha256(new_id.bytes).digest(),
    }
    session.execute(
        statement, {name: value for name, value in values.items() if f"({name})" in statement}, prepare=True
    )


def _batch(session: Session, chance: random.Random) -> None:
    _earn_lines(session, [chance.randint(1, ACCOUNTS) for _ in range(BATCH_LINES)], datetime.now(UTC), is_capped=True)


def _earn_lines(session: Session, accounts: list[int], now: datetime, *, is_capped: bool) -> None:
    lines = []
    for number, account in enumerate(accounts, start=1):
        new_id = new_public_id()
        line = {
            "line": number,
            "transaction_id": str(new_id),
            "account_id": str(account_ref(account)),
            "points_amount": POINTS_OF_LOT,
            "idempotency_scope": "bench",
            "idempotency_key": str(new_id),
            "request_hash": "\\x" + sha256(new_id.bytes).hexdigest(),
            "occurred_at": now.isoformat(),
            "expires_at": (now + timedelta(days=365)).isoformat(),
            "actor_ref": "bench",
            "program_version_ref": "v1",
            "trace": {"rule": "base"},
            "context": {"channel": "shop"},
        }
        if is_capped:
            line |= {"cap_refs": ["daily"], "cap_windows": [now.date().isoformat()], "cap_units_max": [CAP_POINTS_MAX]}
        lines.append(line)
    session.execute(
        "SELECT line, refusal FROM ledger_earn_batch(%s::jsonb, %s)", [json.dumps(lines), now], prepare=True
    )


def _give_lots(session: Session) -> None:
    # Some lots more than measured, because each repetition burns five of them.
    base = datetime.now(UTC)
    for number in range(LOTS_OF_ACCOUNT + LOTS_BURNED * 3):
        _earn_lines(session, list(range(1, BURN_ACCOUNTS + 1)), base + timedelta(minutes=number), is_capped=False)
    session.execute("VACUUM ANALYZE ledger_lot_open")


def _burn_cost(session: Session, clock: BackendClock) -> float:
    accounts = iter(range(1, BURN_ACCOUNTS + 1))
    points = LOTS_BURNED * POINTS_OF_LOT
    return _cost(clock, lambda: _post(session, BURN, next(accounts), points), BURN_ACCOUNTS)


def _against_naive_orm(bench: Bench) -> None:
    with ProcessPoolExecutor(
        CLIENTS, mp_context=get_context("spawn"), initializer=begin_worker, initargs=(bench.database_url,)
    ) as pool:

        def rate(work: Callable[[int], float]) -> float:
            return sum(pool.map(work, range(CLIENTS)))

        # The first round only warms the processes.
        for work in (earns_through_function, earns_through_orm):
            rate(work)
        figures = bench.interleave(
            {"function": lambda: rate(earns_through_function), "orm": lambda: rate(earns_through_orm)}
        )
    bench.tell(
        f"earn through ledger.api / naive Django ORM, per second, {CLIENTS} processes",
        figures["function"], figures["orm"], floor=3.0, goal=10.0,
    )  # fmt: skip


def earns_through_function(seed: int) -> float:
    """Earn through the front door for a while; give earns per second."""
    chance = random.Random(seed)

    def act() -> None:
        now = datetime.now(UTC)
        api.earn(
            api.EarnPosting(
                account_id=account_ref(chance.randint(1, ACCOUNTS)),
                points_amount=10,
                idempotency_scope="bench",
                idempotency_key=str(new_public_id()),
                occurred_at=now,
                expires_at=now + timedelta(days=365),
                caps=(api.CapLine(cap_ref="daily", window_start=now.date(), units_max=CAP_POINTS_MAX),),
                context={"a": 1},
            ),
            now=now,
        )

    return _rate(act)


def earns_through_orm(seed: int) -> float:
    """Earn through the naive ORM for a while; give earns per second."""
    chance = random.Random(seed)

    def act() -> None:
        now = datetime.now(UTC)
        account = account_ref(chance.randint(1, ACCOUNTS))
        naive.earn(account, 10, str(new_public_id()), CAP_POINTS_MAX, now.date(), now)

    return _rate(act)


def _rate(act: Callable[[], None]) -> float:
    started = time.perf_counter()
    number = 0
    while (elapsed := time.perf_counter() - started) < RUN_SECONDS:
        act()
        number += 1
    return number / elapsed


def _hot_updates(bench: Bench) -> None:
    with psycopg.connect(bench.database_url, autocommit=True) as session:
        # A backend hands its counters in when it ends; the earlier ones all have.
        rows = session.execute(HOT).fetchall()
    for table, share in rows:
        bench.tell_ratios(f"updates that stay in their page / all updates, {table}", [float(str(share))], floor=0.95)
