"""The whole platform up: servers, migrations, console, processes, administrator, run.json. `up` and `demo` share it."""

import hashlib
import os
import sys
from dataclasses import dataclass

from loyalty.config.launch import console_build, ports, programs
from loyalty.config.launch.environment import Endpoints, with_endpoints
from loyalty.config.launch.folder import read_json, write_private_json
from loyalty.config.launch.installation import Installation
from loyalty.config.launch.processes import Child
from loyalty.config.launch.progress import say, step

USERNAME = "admin"


@dataclass(frozen=True)
class Running:
    """Where the platform is to be found; the content of run.json, which stands there while it is ready."""

    url: str
    username: str
    password: str
    token: str
    database_url: str
    warehouse_url: str
    mail_dir: str
    xiva_url: str

    @property
    def line(self) -> str:
        """The one line that says it is ready."""
        return f"ready: {self.url}  login: {self.username} {self.password}"


def choose_endpoints(installation: Installation, port: int | None) -> Endpoints:
    """The port asked for, or the one of the last start when it is free, or any; the others are any."""
    environment = installation.environment
    done_file = installation.folder.done_file
    last = read_json(done_file).get("port")
    web = port or ports.find_free(last if isinstance(last, int) else None)
    write_private_json(done_file, read_json(done_file) | {"port": web})
    return Endpoints(
        web=web,
        mail=None if "EMAIL_HOST" in environment else ports.find_free(),
        sms=None if "LOYALTY_SMS_PROVIDER" in environment else ports.find_free(),
        xiva=None if "XIVA_API_BASE_URL" in environment else ports.find_free(),
    )


def prepare(installation: Installation, endpoints: Endpoints) -> None:
    """Bring the tables up to date, unless this database already has every migration of this code."""
    folder = installation.folder
    installation.environment = with_endpoints(installation.environment, folder, endpoints)
    write_private_json(folder.environment_file, installation.environment)
    if not is_done(installation, "migrated", _migrations_digest()):
        with step("bringing the database up to date"):
            collecting = installation.spawn("collectstatic", programs.manage("collectstatic", "--no-input"))
            installation.run_quietly("migrate", programs.manage("migrate", "--no-input"))
            installation.finish(collecting)
        note_done(installation, "migrated", _migrations_digest())


def _migrations_digest() -> str:
    """One number for every file a migration may run."""
    digest = hashlib.sha256((programs.ROOT / "requirements.lock").read_bytes())
    for pattern in ("migrations/*.py", "sql/**/*.sql"):
        for path in sorted((programs.ROOT / "loyalty").rglob(pattern)):
            digest.update(str(path).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def is_done(installation: Installation, act: str, value: str) -> bool:
    """Whether this was done to the database in use, so that a second start need not do it again."""
    return read_json(installation.folder.done_file).get(act) == [_database_identity(installation), value]


def note_done(installation: Installation, act: str, value: str) -> None:
    """Remember that it was done."""
    path = installation.folder.done_file
    write_private_json(path, read_json(path) | {act: [_database_identity(installation), value]})


def _database_identity(installation: Installation) -> str:
    """Which database it is: our own under any port, or somebody's under its address."""
    url = installation.environment["DATABASE_URL"]
    return hashlib.sha256(url.encode()).hexdigest() if os.environ.get("DATABASE_URL") == url else "embedded"


def begin_console(installation: Installation) -> Child | None:
    """Begin building the console beside everything else, when its sources changed since the last build."""
    if "LOYALTY_CONSOLE_DIST" in installation.environment or console_build.is_built():
        return None
    say("building the console beside the rest (the first time this fetches its packages) …")
    return installation.spawn("console-build", [sys.executable, "-m", "loyalty.config.launch.console_build"])


def finish_console(installation: Installation, endpoints: Endpoints, build: Child | None) -> None:
    """Wait for the console where it was begun, and let the web server have it."""
    if build is not None:
        with step("waiting for the console"):
            installation.finish(build)
        restart_web(installation, endpoints)


def start_processes(installation: Installation, endpoints: Endpoints) -> None:
    """Everything but the servers, all at once: each one spends its first second importing."""
    folder, environment = installation.folder, installation.environment
    with step("starting the web server, relay, workers, beat and the systems around"):
        installation.start(
            [
                programs.web(environment, endpoints),
                *programs.outside_world(folder, environment, endpoints),
                *programs.background(folder, environment),
            ]
        )


def restart_web(installation: Installation, endpoints: Endpoints) -> None:
    """The web server reads the list of the console's files once, when it starts."""
    with step("starting the web server with the new console"):
        installation.supervisor.stop(programs.WEB)
        installation.start([programs.web(installation.environment, endpoints)])


def describe(installation: Installation, endpoints: Endpoints) -> Running:
    """Let the administrator in, and say where everything is."""
    folder, environment = installation.folder, installation.environment
    password = folder.secret("admin_password", length=15)
    _let_administrator_in(installation, password)
    return Running(
        url=f"http://{ports.LOOPBACK}:{endpoints.web}",
        username=USERNAME,
        password=password,
        token=folder.token_file.read_text().strip(),
        database_url=environment["DATABASE_URL"],
        warehouse_url=environment.get("DWH_POSTGRESQL_URL", ""),
        mail_dir=str(folder.mail) if endpoints.mail is not None else "",
        xiva_url=environment.get("XIVA_API_BASE_URL", ""),
    )


def _let_administrator_in(installation: Installation, password: str) -> None:
    """An account that may do everything, with this folder's password, and an API token of its own."""
    if is_done(installation, "administrator", USERNAME):
        return
    token_file = installation.folder.token_file
    token_file.unlink(missing_ok=True)
    command = programs.manage("ensure_administrator", "--username", USERNAME, "--token-file", str(token_file))
    with step("letting the administrator in"):
        installation.run_quietly("administrator", command, {"LOYALTY_ADMIN_PASSWORD": password})
    note_done(installation, "administrator", USERNAME)
