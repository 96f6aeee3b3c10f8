"""`./khaywe up` and `./khaywe demo`: the platform running, without and with a world in it."""

import hashlib
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty.config.launch import bring_up, postgres, programs
from loyalty.config.launch.folder import DataFolder, read_json, write_private_json
from loyalty.config.launch.identity import choose_for_postgres
from loyalty.config.launch.installation import Installation, opened
from loyalty.config.launch.progress import say
from loyalty.config.launch.refusal import LaunchRefused, StopRequested

CUSTOMERS_DEFAULT = 10_000
CUSTOMERS_MAX = 5_000_000
_BEGUN, _FINISHED = "begun", "finished"


@dataclass(frozen=True)
class World:
    """Which demo world was asked for; None where the command line said nothing."""

    customers: int | None = None
    customers_file: Path | None = None
    id_column: str | None = None

    def check(self) -> None:
        """Refuse what cannot be built, before anything is started."""
        if self.customers is not None and not 1 <= self.customers <= CUSTOMERS_MAX:
            raise LaunchRefused(f"--customers must be between 1 and {CUSTOMERS_MAX:,}.")
        if (self.customers_file is None) != (self.id_column is None):
            raise LaunchRefused("--customers-file and --id-column go together: a file, and its column of ids.")
        if self.customers_file is not None:
            if self.customers is not None:
                raise LaunchRefused("--customers and --customers-file exclude each other.")
            try:
                with self.customers_file.open("rb"):
                    pass
            except OSError as error:
                raise LaunchRefused(f"{self.customers_file} cannot be read: {error.strerror}.") from None

    @property
    def is_asked_for(self) -> bool:
        """Whether the command line named a world at all."""
        return self.customers is not None or self.customers_file is not None

    def facts(self) -> dict[str, Any]:
        """What makes this world the same as another."""
        if self.customers_file is None:
            return {"customers": self.customers or CUSTOMERS_DEFAULT}
        digest = hashlib.sha256(self.customers_file.read_bytes()).hexdigest()
        return {"customers_file": digest, "id_column": self.id_column}

    def arguments(self) -> list[str]:
        """The options of `manage create_full_demo`."""
        if self.customers_file is None or self.id_column is None:
            return ["--customers", str(self.customers or CUSTOMERS_DEFAULT)]
        return ["--customers-file", str(self.customers_file.absolute()), "--id-column", self.id_column]


def up(folder: DataFolder, port: int | None) -> int:
    """Serve an installation without demo data until a stop is asked for."""
    with opened(folder, port=port) as installation:
        _bring_up(installation, port, world=None)
        _serve(installation)
    return 0


def demo(folder: DataFolder, port: int | None, world: World, *, is_exit: bool) -> int:
    """Build the world and run its main job, unless the folder holds it; then serve until a stop is asked for."""
    world.check()
    with opened(folder, port=port, before=lambda: check_world(folder, world)) as installation:
        code = _bring_up(installation, port, world=world)
        if code != 0 or is_exit:
            return code
        _serve(installation)
    return 0


def _serve(installation: Installation) -> None:
    """Until Ctrl-C, which is how serving ends well."""
    with suppress(StopRequested):
        installation.supervisor.watch()
    say("stopping")


def bring_up_world(installation: Installation, world: World) -> int:
    """The platform with a world in it, for whoever holds the installation; 0 when every check of the main job held."""
    return _bring_up(installation, None, world)


def _bring_up(installation: Installation, port: int | None, world: World | None) -> int:
    endpoints = bring_up.choose_endpoints(installation, port)
    build = bring_up.begin_console(installation)
    bring_up.prepare(installation, endpoints)
    bring_up.start_processes(installation, endpoints)
    running = bring_up.describe(installation, endpoints)
    if world is not None and not _is_built(installation.folder):
        code = _build_world(installation, world, running)
        if code != 0:
            say(f"the main job did not hold every check (exit code {code}); the logs are in {installation.folder.logs}")
            return code
    bring_up.finish_console(installation, endpoints, build)
    write_private_json(installation.folder.run_file, vars(running))
    print(running.line, file=sys.stdout, flush=True)
    return 0


def check_world(folder: DataFolder, world: World) -> None:
    """A folder holds one world for good; half of one is cleared away; somebody's installation is left alone."""
    recorded = read_json(folder.demo_file)
    if recorded.get("state") == _BEGUN:
        say(f"clearing away the unfinished demo world of {folder.root}")
        folder.clear()
        postgres.forget(folder, choose_for_postgres())
        recorded = {}
    if not recorded and not folder.is_fresh():
        raise LaunchRefused(f"{folder.root} was made without demo data; choose another folder with --data.")
    if recorded and world.is_asked_for and recorded.get("world") != world.facts():
        raise LaunchRefused(f"{folder.root} already holds another demo world; choose another folder with --data.")
    if not recorded:
        write_private_json(folder.demo_file, {"state": _BEGUN, "world": world.facts()})


def _is_built(folder: DataFolder) -> bool:
    return read_json(folder.demo_file).get("state") == _FINISHED


def _build_world(installation: Installation, world: World, running: bring_up.Running) -> int:
    """Run the main job with its own progress on the terminal; it learns where the platform is before anybody else."""
    say("building the demo world and running its main job")
    where = installation.folder.root / "starting.json"
    write_private_json(where, vars(running))
    try:
        command = programs.manage("create_full_demo", "--run-file", str(where), *world.arguments())
        code = installation.run(command)
    finally:
        where.unlink()
    if code == 0:
        write_private_json(installation.folder.demo_file, {"state": _FINISHED, "world": world.facts()})
    return code
