"""What befalls the database: immediate stops, ended and killed backends, and deaths inside the SQL functions.

Inside a function nothing of ours can run, so its statements are stopped from outside: a lock on a table that the
function is about to write lets it wait exactly there, and whoever waits dies. The name of such a point is
``<function>@<table>``.
"""

import os
import random
import signal
import threading
from collections import Counter
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]

# In the order in which a posting writes them.
TABLES = (
    "ledger_transaction", "ledger_cap_usage", "ledger_balance", "ledger_cap_hit", "ledger_lot_apart", "ledger_lot_open",
    "ledger_allocation", "ledger_hold", "ledger_hold_lot", "ledger_answer", "ledger_entry", "events_outbox",
    "audit_auditentry", "events_stored", "events_storecursor", "events_inboxentry", "events_relaycursor",
)  # fmt: skip
# Rare enough that the clients get on between two strokes: a locked table holds everybody up.
PAUSE_S = (0.1, 0.4)
LOCK_WAIT = "40ms"
LOOKS = 8
LOOK_S = 0.004
WAITING = """
    SELECT pid, application_name, substring(query FROM
        '(ledger_[a-z_]+|events_relay|events_store_facts|events_trim_outbox|customers_receive_events)\\(')
    FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND pg_backend_pid() = ANY (pg_blocking_pids(pid)) AND datname = current_database()
"""
BACKENDS = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'kill %%' AND pid <> pg_backend_pid()
"""
# Of a hundred strokes.
TERMINATIONS, BACKEND_KILLS = 20, 2


class Storm:
    """Strikes at the database's sessions until told to rest; the server as a whole is stopped by the run itself."""

    def __init__(self, url: str, seed: int) -> None:
        self.url = url
        self.points: Counter[str] = Counter()
        self.killed: Counter[str] = Counter()
        self.stops = self.terminated = 0
        self._chance = random.Random(f"{seed} storm")
        self._rest = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to strike."""
        self._rest.clear()
        self._thread = threading.Thread(target=self._strike_on, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Rest."""
        self._rest.set()
        if self._thread is not None:
            self._thread.join()

    def _strike_on(self) -> None:
        while not self._rest.wait(self._chance.uniform(*PAUSE_S)):
            with suppress(psycopg.Error), psycopg.connect(self.url, autocommit=True, connect_timeout=3) as own:
                drawn = self._chance.randrange(100)
                if drawn < TERMINATIONS:
                    self._end_backend(own, is_hard=drawn < BACKEND_KILLS)
                else:
                    self._kill_at(own, self._chance.choice(TABLES))

    def _end_backend(self, own: Connection, *, is_hard: bool) -> None:
        pids = [int(pid) for (pid,) in own.execute(BACKENDS.replace("%%", "%")).fetchall()]
        if not pids:
            return
        pid = self._chance.choice(pids)
        if is_hard:
            # The server takes this as a crash: all sessions end and it recovers from its log.
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                self.stops += 1
            return
        own.execute("SELECT pg_terminate_backend(%s)", (pid,))
        self.terminated += 1

    def _kill_at(self, own: Connection, table: str) -> None:
        own.execute(sql.SQL("SET lock_timeout = {}").format(LOCK_WAIT))
        with own.transaction():
            own.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(sql.Identifier(table)))
            for _ in range(LOOKS):
                waiting = own.execute(WAITING).fetchall()
                if waiting:
                    self._kill_waiting(own, table, *self._chance.choice(waiting))
                    return
                if self._rest.wait(LOOK_S):
                    return

    def _kill_waiting(self, own: Connection, table: str, backend: int, name: str, function: str | None) -> None:
        """Kill the process whose statement waits, or end its backend."""
        self.points[f"{function or 'statement'}@{table}"] += 1
        _, kind, pid = (*name.split(), "", "")[:3]
        if pid.isdigit() and self._chance.random() < 0.7:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
                self.killed[kind] += 1
            return
        own.execute("SELECT pg_terminate_backend(%s)", (backend,))
        self.terminated += 1
