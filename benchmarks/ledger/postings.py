"""Earn and burn: rates at 1, 8 and 32 clients, batches, lots, the counter-account, log volume and updates in place."""

import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.harness import BackendClock, Bench, ServerClock, pgbench
from benchmarks.ledger.scene import (
    ACCOUNT_DIGITS,
    ACCOUNT_PREFIX,
    ACCOUNTS,
    BURN,
    CAP_POINTS_MAX,
    EARN,
    POINTS_OF_LOT,
    Session,
    cost,
    earn_lines,
    own_session,
    post,
    simple_update,
    wal_bytes,
)

CLIENTS = (1, 8, 32)
GOAL_CLIENTS, HOT_CLIENTS = 8, 32
# Fixed work and not fixed time: on a busy machine a run of some seconds may hardly run at all. Each run opens its
# connections anew, and each compiles and plans the functions once: with fewer for each client that is what is measured.
TRANSACTIONS, TRANSACTIONS_OF_CLIENT, QUICK_TRANSACTIONS = 24_000, 3_000, 2_400
POSTINGS = 500
BATCHES = (100, 500)
LOTS_OF_ACCOUNT, LOTS_BURNED = 100, 5
BURN_ACCOUNTS = 100

# Ids, keys and hashes are the client's to make, as it is in the product; each client counts on from where it began.
# They take few functions, because it is the server that evaluates them here. (`uuidv7()` in the statement cost a tenth
# of the earn: a server without OpenSSL opens a file for each.)
EARN_SCRIPT = """\\set account random({first}, {last})
\\set count :count + 1
\\set id {sixteen_digits} + :count * 64 + :client_id
SELECT * FROM {function}(('0199000000007000' || to_hex((:id)::bigint))::uuid, \
('{prefix}' || (:account)::text)::uuid, 10, 'bench', (:id)::bigint::text, '{request_hash}'::bytea, \
now(), now() + interval '365 days', ARRAY['daily'], ARRAY[current_date], ARRAY[{cap}::bigint], \
'bench', 'v1', '{{"rule": "base"}}'::jsonb, '{{"channel": "shop"}}'::jsonb, NULL, NULL, now());
"""
# From here on a number has sixteen digits to the base sixteen, so that it needs no filling up.
SIXTEEN_DIGITS = 16**15
REQUEST_HASH = f"\\x{'5a' * 32}"
HOT = """
    SELECT relname, n_tup_hot_upd::float / n_tup_upd FROM pg_stat_user_tables
    WHERE relname IN ('ledger_balance', 'ledger_cap_usage') AND n_tup_upd > 0 ORDER BY relname
"""
COUNTER_LEG = re.compile(r"INSERT INTO ledger_entry VALUES (\([^;]*v_recorded_at),\s+v_account\.issuance_id(,[^;]*);")


def run(bench: Bench) -> None:
    """Measure."""
    with TemporaryDirectory() as folder:
        _at_clients(bench, Path(folder))
        _counter_account(bench, Path(folder))
    _by_processor_time(bench)


def _script(folder: Path, function: str = "ledger_earn") -> str:
    path = folder / f"{function}.sql"
    text = EARN_SCRIPT.format(
        first=ACCOUNT_DIGITS + 1, last=ACCOUNT_DIGITS + ACCOUNTS, prefix=ACCOUNT_PREFIX, cap=CAP_POINTS_MAX,
        function=function, request_hash=REQUEST_HASH, sixteen_digits=SIXTEEN_DIGITS,
    )
    path.write_text(text)
    return str(path)


def _rates(
    bench: Bench, runs: Mapping[str, tuple[int, tuple[str, ...], Callable[[], None]]]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Run pgbench in turn; give transactions per second, and processor seconds of the server for each transaction."""
    clock = ServerClock(bench.database_url)
    costs: dict[str, list[float]] = {name: [] for name in runs}

    def measure(name: str) -> float:
        clients, options, before = runs[name]
        before()
        began = clock.seconds()
        number = QUICK_TRANSACTIONS if bench.is_quick else min(TRANSACTIONS, clients * TRANSACTIONS_OF_CLIENT)
        done = pgbench(bench, *options, clients=clients, transactions=number)
        costs[name].append((clock.seconds() - began) / max(done.transactions, 1))
        return done.tps

    rates = bench.interleave({name: lambda name=name: measure(name) for name in runs})  # type: ignore[misc]
    return rates, costs


def _nothing() -> None:
    """There is nothing to prepare."""


def _at_clients(bench: Bench, folder: Path) -> None:
    script = _script(folder)
    runs: dict[str, tuple[int, tuple[str, ...], Callable[[], None]]] = {}
    for clients in CLIENTS:
        runs[f"simple-update {clients}"] = (clients, ("-b", "simple-update"), _nothing)
        runs[f"earn {clients}"] = (clients, ("-f", script), _nothing)
    rates, costs = _rates(bench, runs)
    for clients in CLIENTS:
        is_goal = clients == GOAL_CLIENTS
        earn, update = f"earn {clients}", f"simple-update {clients}"
        bench.tell(
            f"earn / simple-update, per second, {clients} clients", rates[earn], rates[update],
            floor=0.7 if is_goal else None, goal=1.0 if is_goal else None,
        )  # fmt: skip
        bench.tell(
            f"  the same by the server's processor time, {clients} clients", costs[update], costs[earn],
        )  # fmt: skip


def _counter_account(bench: Bench, folder: Path) -> None:
    """The same earn with its counter-leg and without it, in a table of its own that has no such column."""
    with psycopg.connect(bench.database_url, autocommit=True) as session:
        row = session.execute(
            "SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.proname = 'ledger_earn'"
        ).fetchone()
        alone, changed = COUNTER_LEG.subn(r"INSERT INTO bench_entry VALUES \1\2;", str(row[0]) if row else "")
        if changed != 1:
            print("  the counter-leg of ledger_earn was not found; earn without it is not measured")
            return
        session.execute("CREATE TABLE bench_entry (LIKE ledger_entry INCLUDING ALL)")
        session.execute("ALTER TABLE bench_entry DROP COLUMN counter_id CASCADE")
        session.execute(alone.replace(".ledger_earn(", ".bench_earn_alone(", 1).encode())
        rates, costs = _rates(
            bench,
            {
                "with": (HOT_CLIENTS, ("-f", _script(folder)), _nothing),
                "without": (HOT_CLIENTS, ("-f", _script(folder, "bench_earn_alone")), _nothing),
            },
        )
        session.execute("DROP FUNCTION bench_earn_alone")
        # The proofs after this would miss what was earned there.
        session.execute(
            "INSERT INTO ledger_entry SELECT (jsonb_populate_record(NULL::ledger_entry, to_jsonb(e) "
            "|| jsonb_build_object('counter_id', a.issuance_id))).* FROM bench_entry e "
            "JOIN ledger_account a ON a.id = e.account_id"
        )
        session.execute("DROP TABLE bench_entry")
    name = f"earn with counter-account / without, {HOT_CLIENTS} clients"
    bench.tell(f"{name}, per second", rates["with"], rates["without"], floor=0.85, goal=0.95)
    bench.tell("  the same by the server's processor time", costs["without"], costs["with"], floor=0.85, goal=0.95)


def _by_processor_time(bench: Bench) -> None:
    session = own_session()
    clock = BackendClock(session)
    if not clock.can_read:
        print("  the server's processor time cannot be read from here; wall ratios only")
        return
    _give_lots(bench)
    chance = random.Random(1)
    measures: dict[str, Callable[[], float]] = {
        "simple-update": lambda: cost(clock, lambda: simple_update(session, chance), POSTINGS),
        "earn": lambda: cost(clock, lambda: post(session, EARN, chance.randint(1, ACCOUNTS)), POSTINGS),
        "burn": lambda: _burn_cost(session, clock),
    }
    for lines in BATCHES:
        times = max(2, 2000 // lines)
        measures[f"batch {lines}"] = lambda lines=lines, times=times: (
            cost(clock, lambda: _batch(chance, lines), times) / lines
        )  # type: ignore[misc]  # noqa: E501
    figures = bench.interleave(measures)
    base = figures["simple-update"]
    bench.tell("simple-update / earn, one connection, server processor time", base, figures["earn"], goal=1.0)
    for lines in BATCHES:
        bench.tell(
            f"simple-update / earn in a batch of {lines}, server processor time",
            base, figures[f"batch {lines}"], floor=4.0, goal=8.0,
        )  # fmt: skip
    bench.tell(
        f"simple-update / burn of {LOTS_BURNED} among {LOTS_OF_ACCOUNT} lots, server processor time",
        base, figures["burn"], floor=0.6, goal=1.0,
    )  # fmt: skip
    acts: dict[str, Callable[[], object]] = {
        "earn": lambda: post(session, EARN, chance.randint(1, ACCOUNTS)),
        "simple-update": lambda: simple_update(session, chance),
    }
    for name, act in acts.items():
        before = wal_bytes(session)
        for _ in range(POSTINGS):
            act()
        print(f"  log written per {name}: {(wal_bytes(session) - before) / POSTINGS:,.0f} bytes", flush=True)


def _batch(chance: random.Random, lines: int) -> None:
    earn_lines([chance.randint(1, ACCOUNTS) for _ in range(lines)], datetime.now(UTC), is_capped=True)


def _give_lots(bench: Bench) -> None:
    # Some lots more than measured, because each repetition burns five of them.
    base = datetime.now(UTC) - timedelta(days=1)
    for number in range(LOTS_OF_ACCOUNT + LOTS_BURNED * (bench.repetitions + 1) // 2):
        earn_lines(list(range(1, BURN_ACCOUNTS + 1)), base + timedelta(minutes=number))
    own_session().execute("VACUUM ANALYZE ledger_lot_open")


def _burn_cost(session: Session, clock: BackendClock) -> float:
    accounts = iter(range(1, BURN_ACCOUNTS + 1))
    points = LOTS_BURNED * POINTS_OF_LOT
    return cost(clock, lambda: post(session, BURN, next(accounts), points), BURN_ACCOUNTS)


def tell_hot_updates(bench: Bench) -> None:
    """Tell how many updates stayed in their page."""
    with psycopg.connect(bench.database_url, autocommit=True) as session:
        # A backend hands its counters in when it ends; the earlier ones all have.
        rows = session.execute(HOT).fetchall()
    for table, share in rows:
        bench.tell_ratios(f"updates that stay in their page / all updates, {table}", [float(str(share))], floor=0.95)
