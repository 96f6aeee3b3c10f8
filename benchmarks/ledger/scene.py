"""What the parts of the ledger's benchmark share: the accounts, the statements, and how a cost is taken."""

import random
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

import psycopg
from django.db import connection

from benchmarks.harness import BackendClock, Bench, pgbench_tables
from benchmarks.naive import ledger as naive
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api

Session = psycopg.Connection[tuple[Any, ...]]

ACCOUNTS = 100_000
CAP_POINTS_MAX = 1_000_000
POINTS_OF_LOT = 10
PROGRAM = uuid.UUID("00000000-0000-7000-8000-00000000ffff")
ACCOUNT_PREFIX = "00000000-0000-7000-8000-"
# The numbers of accounts count on from here, so that all of them have the twelve digits that follow the prefix.
ACCOUNT_DIGITS = 100_000_000_000

OPEN = """
    SELECT count(*) FROM ledger_open_accounts(
        (SELECT array_agg((%(prefix)s || %(digits)s::bigint + n)::uuid) FROM generate_series(1, %(accounts)s) n),
        (SELECT array_agg((%(prefix)s || %(digits)s::bigint + n)::uuid) FROM generate_series(1, %(accounts)s) n),
        %(program)s, now())
"""
SIMPLE_UPDATE = (
    "UPDATE pgbench_accounts SET abalance = abalance + %(delta)s WHERE aid = %(account)s",
    "SELECT abalance FROM pgbench_accounts WHERE aid = %(account)s",
    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) "
    "VALUES (1, 1, %(account)s, %(delta)s, CURRENT_TIMESTAMP)",
)
EARN = """
    SELECT * FROM ledger_earn(%(id)s, %(account)s, 10, 'bench', %(key)s, %(hash)s, now(), now() + interval '365 days',
        ARRAY['daily'], ARRAY[current_date], ARRAY[1000000::bigint], 'bench', 'v1', '{"rule": "base"}'::jsonb,
        '{"channel": "shop"}'::jsonb, NULL, NULL, now())
"""
BURN = """
    SELECT * FROM ledger_burn(%(id)s, %(account)s, %(points)s, 'bench', %(key)s, %(hash)s, now(), 'bench', 'v1', '',
        NULL, '{"channel": "shop"}'::jsonb, NULL, NULL, now())
"""


def account_ref(number: int) -> uuid.UUID:
    """The public id of account number so-and-so."""
    return uuid.UUID(f"{ACCOUNT_PREFIX}{ACCOUNT_DIGITS + number}")


def fill(bench: Bench) -> None:
    """Open the accounts of ours, of pgbench and of the naive ORM."""
    with psycopg.connect(bench.database_url, autocommit=True) as session:
        named = {"prefix": ACCOUNT_PREFIX, "digits": ACCOUNT_DIGITS, "accounts": ACCOUNTS, "program": PROGRAM}
        session.execute(OPEN, named)
        pgbench_tables(bench, scale=ACCOUNTS // 100_000)
        naive.create_tables()
        session.execute(
            "INSERT INTO naive_naivebalance (account_id, points, lifetime_points_earned, last_sequence) "
            "SELECT public_id, 0, 0, 0 FROM ledger_account WHERE kind = 'member'"
        )
    tidy_up(bench)
    connection.close()


def tidy_up(bench: Bench) -> None:
    """Do the server's housekeeping for what was written so far, else it falls into whatever is measured next."""
    with psycopg.connect(bench.database_url, autocommit=True) as session:
        session.execute("VACUUM ANALYZE")


def spread(first: int, number: int, stride: int) -> list[int]:
    """Give so many accounts that lie apart: neighbours in one page would not find room there for all their new rows."""
    return [(first + n * stride) % ACCOUNTS + 1 for n in range(number)]


def own_session() -> Session:
    """Give the connection that Django uses, through which the front door of the ledger calls."""
    connection.ensure_connection()
    return cast("Session", connection.connection)


def cost(clock: BackendClock, act: Callable[[], object], times: int) -> float:
    """Give the server's processor time for each of so many acts."""
    before = clock.seconds()
    for _ in range(times):
        act()
    return (clock.seconds() - before) / times


def simple_update(session: Session, chance: random.Random) -> None:
    """Do what pgbench's simple-update does."""
    values = {"account": chance.randint(1, ACCOUNTS), "delta": chance.randint(-5000, 5000)}
    with session.transaction():
        for statement in SIMPLE_UPDATE:
            session.execute(statement, values, prepare=True)


def post(session: Session, statement: str, account: int, points: int = 10) -> None:
    """Post once under a key of its own."""
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


def earn_lines(accounts: Sequence[int], earned_at: datetime, *, days: float = 365, is_capped: bool = False) -> None:
    """Earn a lot for each of the accounts, in one batch; ``days`` from then until the lots expire."""
    now = datetime.now(UTC)
    expires_at = earned_at + timedelta(days=days)
    caps = (api.CapLine(cap_ref="daily", window_start=now.date(), units_max=CAP_POINTS_MAX),) if is_capped else ()
    postings = [
        api.EarnPosting(
            account_id=account_ref(account),
            points_amount=POINTS_OF_LOT,
            idempotency_scope="bench",
            idempotency_key=str(new_public_id()),
            occurred_at=earned_at,
            expires_at=expires_at,
            spendable_until=expires_at,
            caps=caps,
            actor_ref="bench",
            program_version_ref="v1",
            trace={"rule": "base"},
            context={"channel": "shop"},
        )
        for account in accounts
    ]
    refused = [line.refusal_code for line in api.earn_batch(postings, now=now) if line.receipt is None]
    if refused:
        raise SystemExit(f"benchmarks: a batch was refused: {refused[:3]}")


def wal_bytes(session: Session) -> int:
    """How much the server has written to its log since it began."""
    row = session.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint").fetchone()
    return int(row[0]) if row else 0
