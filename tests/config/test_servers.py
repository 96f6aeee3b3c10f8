"""The embedded servers: side by side, killed, restarted, and nothing left behind. Real PostgreSQL and Valkey."""

import os
import signal
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from loyalty.config.launch import postgres
from loyalty.config.launch.folder import DataFolder, read_json
from loyalty.config.launch.identity import NOBODY
from loyalty.config.launch.installation import opened
from loyalty.config.launch.processes import is_same
from tests.config.launching import launch, servers_of, wait_until


def address(folder: Path, name: str) -> str:
    """One of the addresses that the launcher hands to its processes."""
    return str(read_json(DataFolder(folder).environment_file)[name])


def children_of(folder: Path) -> dict[str, tuple[int, float]]:
    """The pid and the start of each recorded process."""
    records = read_json(DataFolder(folder).processes_file)["children"]
    return {name: (record["pid"], record["started_at"]) for name, record in records.items()}


def answers(url: str) -> bool:
    """Whether PostgreSQL accepts a session there."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_servers__two_folders_at_once__each_has_its_own(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with servers_of(one), servers_of(two):
        for folder, word in ((one, "first"), (two, "second")):
            with psycopg.connect(address(folder, "DATABASE_URL")) as connection:
                connection.execute("CREATE TABLE whose (word text)")
                connection.execute("INSERT INTO whose VALUES (%s)", (word,))
            with redis.Redis.from_url(address(folder, "REDIS_URL")) as client:
                client.set("whose", word)
        for folder, word in ((one, "first"), (two, "second")):
            with psycopg.connect(address(folder, "DATABASE_URL")) as connection:
                assert connection.execute("SELECT word FROM whose").fetchall() == [(word,)]
            with redis.Redis.from_url(address(folder, "REDIS_URL")) as client:
                assert client.get("whose") == word.encode()
        processes = [*children_of(one).values(), *children_of(two).values()]
    assert not any(is_same(*process) for process in processes)


def test_servers__launcher_killed__next_start_has_the_committed_rows_and_no_second_server(tmp_path: Path) -> None:
    with servers_of(tmp_path) as launcher:
        with psycopg.connect(address(tmp_path, "DATABASE_URL")) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('committed')")
        before = children_of(tmp_path)
        launcher.send_signal(signal.SIGKILL)
        launcher.wait()
    with servers_of(tmp_path):
        assert not any(is_same(*process) for process in before.values())
        with psycopg.connect(address(tmp_path, "DATABASE_URL")) as connection:
            assert connection.execute("SELECT word FROM kept").fetchall() == [("committed",)]


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_servers__one_killed__is_started_again(tmp_path: Path, server: str) -> None:
    with servers_of(tmp_path):
        killed, _ = children_of(tmp_path)[server]
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda: children_of(tmp_path).get(server, (killed, 0.0))[0] != killed)
        assert wait_until(lambda: answers(address(tmp_path, "DATABASE_URL")))


def test_stop__folder_in_use__ends_launcher_and_servers(tmp_path: Path) -> None:
    with servers_of(tmp_path) as launcher:
        processes = children_of(tmp_path)
        stopped = launch("stop", "--data", str(tmp_path))
        assert stopped.returncode == 0, stopped.stderr
        assert launcher.wait(timeout=30) == 0
        assert not any(is_same(*process) for process in processes.values())


def test_start__folder_in_use__is_refused_in_one_sentence(tmp_path: Path) -> None:
    with servers_of(tmp_path):
        second = launch("up", "--data", str(tmp_path))
    assert second.returncode == 2
    assert "is in use by another khaywe" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1


def test_warehouse_reader__write__is_refused(tmp_path: Path) -> None:
    with servers_of(tmp_path):
        with psycopg.connect(address(tmp_path, "DWH_ADMIN_URL")) as owner:
            owner.execute("CREATE TABLE facts (number int)")
            owner.execute("INSERT INTO facts VALUES (7)")
        with psycopg.connect(address(tmp_path, "DWH_POSTGRESQL_URL"), autocommit=True) as reader:
            assert reader.execute("SELECT number FROM facts").fetchall() == [(7,)]
            reader.execute("SET default_transaction_read_only = off")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("DELETE FROM facts")
        stranger = address(tmp_path, "DWH_POSTGRESQL_URL").removesuffix("/warehouse") + "/loyalty"
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(stranger).close()


def test_servers__as_seen_on_the_machine__listen_on_loopback_and_show_no_password(tmp_path: Path) -> None:
    with servers_of(tmp_path):
        passwords = read_json(DataFolder(tmp_path).secrets_file).values()
        for pid, _ in children_of(tmp_path).values():
            process = psutil.Process(pid)
            listening = [each.laddr.ip for each in process.net_connections() if each.status == psutil.CONN_LISTEN]
            assert set(listening) == {"127.0.0.1"}
            assert not any(password in " ".join(process.cmdline()) for password in passwords)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to lay itself down")
def test_postgres__root_without_user_namespaces__runs_as_nobody_outside_roots_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "choose_for_postgres", lambda: NOBODY)
    for name in ("DATABASE_URL", "REDIS_URL", "DWH_TYPE", "DWH_POSTGRESQL_URL", "DWH_ADMIN_URL"):
        monkeypatch.delenv(name, raising=False)
    folder = DataFolder(tmp_path)
    home = postgres.place(folder, NOBODY).data.parent
    try:
        for _ in ("made", "started again"):
            with opened(folder) as installation:
                pid, _started = children_of(tmp_path)["postgres"]
                assert psutil.Process(pid).username() == "nobody"
                assert answers(installation.environment["DATABASE_URL"])
    finally:
        postgres.forget(folder, NOBODY)
    assert not home.exists()


def test_servers__database_of_the_user__is_used_and_the_embedded_one_keeps_the_warehouse(tmp_path: Path) -> None:
    with servers_of(tmp_path / "theirs"):
        theirs = address(tmp_path / "theirs", "DATABASE_URL")
        broker = address(tmp_path / "theirs", "REDIS_URL")
        with servers_of(tmp_path / "ours", DATABASE_URL=theirs, REDIS_URL=broker):
            assert address(tmp_path / "ours", "DATABASE_URL") == theirs
            assert address(tmp_path / "ours", "REDIS_URL") == broker
            assert set(children_of(tmp_path / "ours")) == {"postgres"}
            assert answers(address(tmp_path / "ours", "DWH_POSTGRESQL_URL"))
