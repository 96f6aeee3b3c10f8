"""The database server stopped at once right after a slice whose commit did not wait for the disk."""

import json
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
import pytest
from psycopg import sql

from loyalty.config.launch import postgres, programs
from loyalty.config.launch.identity import choose_for_postgres
from loyalty.config.launch.installation import Installation
from loyalty.config.launch.postgres import Use
from loyalty.config.launch.testing import temporary_installation
from loyalty.delivery.kinds.email.channel import EmailChannel
from tests.campaigns.crash_steps import PEOPLE
from tests.delivery.post import Post, post_office
from tests.house.source import ROOT

REVIVE_S = 120.0
STEP_S = 120
# In mid-window of the second window: one was settled, one is under way, and most wait.
MAILS_BEFORE_THE_END = 27
# Who else writes the log: with these asleep it is on the disk only as far as a commit has waited for it, however long a
# busy machine takes until the server dies.
WRITERS = ("walwriter", "background writer", "checkpointer", "autovacuum launcher")


def title_of(process: psutil.Process) -> str:
    """Give what a process of the server calls itself; nothing when it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


@dataclass
class Server:
    """A durable server that may be stopped, the database of one test on it, and the mail server beside it."""

    installation: Installation
    url: str
    post: Post

    def step(self, *names: str, may_fail: bool = False) -> dict[str, Any]:
        """Do steps in a process of their own; give what the last one told, nothing when its database died under it."""
        environment = {
            **self.installation.environment,
            "DATABASE_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "loyalty.config.settings.test",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(self.post.port),
            "LOYALTY_EMAIL_RELAY_IS_FINAL": "false",
            "LOYALTY_SENDER_LINES": "1",
        }
        command = [sys.executable, "-m", "tests.campaigns.crash_steps", *names]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=STEP_S
        )
        assert may_fail or done.returncode == 0, done.stderr[-3000:]
        told: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        return told

    def die(self) -> None:
        """Stop as ``pg_ctl stop -m immediate`` does: nothing is written any more."""
        cluster = postgres.place(self.installation.folder, choose_for_postgres())
        command = [str(cluster.binaries / "pg_ctl"), "-D", str(cluster.data), "-w", "stop", "-m", "immediate"]
        subprocess.run(cluster.identity.wrap(command), cwd=cluster.data, capture_output=True, check=True)

    def revive(self) -> None:
        """Start again from what the disk has."""
        self.installation.supervisor.revive(postgres.NAME, REVIVE_S)

    def put_writers_to_sleep(self) -> None:
        """Let nothing be written but what a commit waits for, until the server dies."""
        with psycopg.connect(self.url) as own:
            server = psutil.Process(own.info.backend_pid).parent()
        assert server is not None
        found = [one for one in server.children() if any(name in title_of(one) for name in WRITERS)]
        assert len(found) == len(WRITERS)
        for one in found:
            one.suspend()

    def forget_to_wait(self) -> None:
        """The planted fault: a sender's commit does not wait for the disk either."""
        with psycopg.connect(self.url, autocommit=True) as own:
            name = sql.Identifier(own.info.dbname)
            own.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))

    def findings(self, told: dict[str, Any]) -> list[str]:
        """Hold the ledger against the mails that arrived; tell what must not be."""
        arrived = Counter(parseaddr(str(mail["To"]))[1] for mail in self.post.mails())
        sent, unknown = set(told["SENT"]), set(told["UNKNOWN"])
        counts = {
            "doubled": sum(times > 1 for times in arrived.values()),
            "lost": len(sent - set(arrived)),
            "unlisted": len(set(arrived) - sent - unknown),
            "not ended": len(told["others"]),
            "missing": PEOPLE - told["placed"],
            "twice placed": told["rows"] - told["placed"],
            "open": told["open"],
        }
        return [f"{name}: {count}" for name, count in counts.items() if count]


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """A durable server with a platform's tables, which the databases of the tests are copied from."""
    with temporary_installation("crash", Use.BENCH) as own:
        migrate = programs.manage("migrate", "--no-input")
        own.run_quietly("migrate", migrate, {"DJANGO_SETTINGS_MODULE": "loyalty.config.settings.test"})
        yield own


@pytest.fixture
def server(installation: Installation, tmp_path: Path) -> Iterator[Server]:
    """A server that may die, with a database of its own."""
    parts = urlsplit(installation.environment["DATABASE_URL"])
    name = f"crash_{secrets.token_hex(4)}"
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as own:
        template = sql.Identifier(parts.path.lstrip("/"))
        own.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), template))
    with post_office(tmp_path) as post:
        yield Server(installation, urlunsplit(parts._replace(path=f"/{name}")), post)


def end_of(server: Server, *, waits_for_no_disk: bool = False) -> dict[str, Any]:
    """Send while the server dies at a mail, start it again and bring everything to its end."""
    server.step("begin")
    if waits_for_no_disk:
        server.forget_to_wait()
    server.put_writers_to_sleep()
    assert server.step("place")["placed"] == PEOPLE

    def die_at(mails: int) -> None:
        if mails == MAILS_BEFORE_THE_END:
            server.die()

    server.post.keeper.on_kept = die_at
    assert server.step("send", may_fail=True) == {}, "its database died under it"
    server.post.keeper.on_kept = None
    server.revive()
    return server.step("end")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_server__stopped_right_after_a_slice__forgets_it_whole_and_it_is_placed_once(server: Server) -> None:
    server.put_writers_to_sleep()
    assert server.step("begin", "place")["placed"] == PEOPLE
    server.die()
    server.revive()
    left = server.step("look")
    assert (left["placed"], left["open"]) == (0, 1), "the slice was not on the disk, and is open again as a whole"
    told = server.step("end")
    assert server.findings(told) == []
    assert len(told["SENT"]) == PEOPLE


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_server__stopped_while_a_slice_is_sent__writes_to_everybody_once_or_lists_them(server: Server) -> None:
    told = end_of(server)
    assert server.findings(told) == []
    assert len(told["SENT"]) + len(told["UNKNOWN"]) == PEOPLE
    assert 1 <= len(told["UNKNOWN"]) <= EmailChannel.window


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_server__whose_senders_wait_for_no_disk_either__is_found_by_the_same_look(server: Server) -> None:
    found = server.findings(end_of(server, waits_for_no_disk=True))
    assert any(one.startswith("doubled") for one in found), found
