"""`./khaywe manage …` and `./khaywe bench …`: a command of the platform with servers behind it."""

import os
import subprocess
import sys
from collections.abc import Sequence

from loyalty.config.launch import postgres, programs
from loyalty.config.launch.folder import DataFolder, read_json
from loyalty.config.launch.installation import opened
from loyalty.config.launch.postgres import Use
from loyalty.config.launch.testing import temporary_installation


def manage(folder: DataFolder, arguments: Sequence[str]) -> int:
    """Run a management command on the running installation of this folder, or on its servers, started for it alone."""
    command = programs.manage(*arguments)
    if folder.root.is_dir() and folder.is_held():
        running = {str(name): str(value) for name, value in read_json(folder.environment_file).items()}
        return subprocess.run(command, env={**running, **_terminal()}, cwd=programs.ROOT, check=False).returncode
    with opened(folder) as installation:
        # In the terminal's own session, because `manage shell` talks with the user.
        environment = installation.environment
        return subprocess.run(command, env=environment, cwd=programs.ROOT, check=False).returncode


def bench(arguments: Sequence[str]) -> int:
    """Run benchmarks on servers of their own, durable as in earnest, in a folder that goes away.

    The kill harness stops and starts its servers itself, so it is only called.
    """
    if arguments[:1] == ["kill"]:
        command = [sys.executable, "-P", "-m", "benchmarks.kill", *arguments[1:]]
        environment = {**os.environ, "PYTHONPATH": str(programs.ROOT)}
        with subprocess.Popen(command, cwd=programs.ROOT, env=environment, stdin=subprocess.DEVNULL) as harness:
            try:
                return harness.wait()
            except KeyboardInterrupt:
                # The terminal has told the harness too; it stops its servers and then ends.
                return harness.wait()
    with temporary_installation("bench", Use.BENCH) as installation:
        extra = {"KHAYWE_POSTGRES_BIN": str(postgres.wheel_binaries())}
        return installation.run([sys.executable, "-m", "benchmarks", *arguments], extra)


def _terminal() -> dict[str, str]:
    """What belongs to the terminal of now, not to that of the running installation."""
    return {name: os.environ[name] for name in ("TERM", "COLUMNS", "LINES", "PATH") if name in os.environ}
