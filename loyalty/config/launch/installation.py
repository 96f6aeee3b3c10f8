"""One installation while this launcher holds it: its folder, its servers, its environment, and how it all ends."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from loyalty.config.launch import postgres, valkey
from loyalty.config.launch.environment import of_user, start_servers
from loyalty.config.launch.folder import DataFolder
from loyalty.config.launch.ports import check_free
from loyalty.config.launch.postgres import Use
from loyalty.config.launch.processes import Child, Program, ask_to_stop, await_stop, failure_of, spawn, stop_leftovers
from loyalty.config.launch.programs import ROOT
from loyalty.config.launch.progress import say
from loyalty.config.launch.supervisor import Supervisor, stop_signals

# The order in which the servers stop, after everything that uses them; the database last.
SERVERS = (valkey.NAME, postgres.NAME)
_POLL_S = 0.05
_STOP_ASKED_S = 10.0


@dataclass
class Installation:
    """What the commands work with."""

    folder: DataFolder
    supervisor: Supervisor
    environment: dict[str, str]
    _steps: list[Child] = field(default_factory=list)

    def start(self, programs: Sequence[Program], timeout_s: float = 120.0) -> None:
        """Start several at once, then wait until each of them answers."""
        for program in programs:
            self.supervisor.start(program)
        for program in programs:
            self.supervisor.await_ready(program.name, timeout_s)

    def run(self, command: list[str], extra: dict[str, str] | None = None, *, folder: Path = ROOT) -> int:
        """Run a command with its output on the terminal, and keep the processes alive meanwhile."""
        popen = subprocess.Popen(
            command,
            cwd=folder,
            env={**self.environment, **(extra or {})},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            while popen.poll() is None:
                self.supervisor.tend()
                time.sleep(_POLL_S)
        except BaseException:
            _end(popen)
            raise
        return popen.returncode

    def run_quietly(self, name: str, command: list[str], extra: dict[str, str] | None = None) -> None:
        """Run a step with its output in the logs; a failure shows the last lines of it."""
        child = self.spawn(name, command, extra)
        self.finish(child)

    def spawn(self, name: str, command: list[str], extra: dict[str, str] | None = None) -> Child:
        """Begin a step that may go on while others are done."""
        step = spawn(Program(name, command, {**self.environment, **(extra or {})}, ROOT), self.folder.logs)
        self._steps.append(step)
        return step

    def finish(self, child: Child) -> None:
        """Wait for a step that was begun.

        :raises StepFailed: it ended with another code than 0.
        """
        while child.exit_code is None:
            self.supervisor.tend()
            time.sleep(_POLL_S)
        self._steps.remove(child)
        if child.exit_code != 0:
            raise failure_of(child, f"ended with code {child.exit_code}")

    def stop(self) -> None:
        """End the steps that are still at work, then everything else in order."""
        for step in self._steps:
            ask_to_stop(step)
        for step in self._steps:
            await_stop(step)
        self.folder.run_file.unlink(missing_ok=True)
        self.supervisor.stop_all(SERVERS)


@contextmanager
def opened(
    folder: DataFolder,
    *,
    port: int | None = None,
    use: Use = Use.EARNEST,
    users: dict[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> Iterator[Installation]:
    """Hold the folder, stop what a killed launcher left there, start the servers, and stop everything at the end.

    `port` is refused when it is busy; `before` runs when the folder is held and nothing is started yet; `users` is the
    environment to start from, the user's own when it is not given.
    """
    folder.create()
    with folder.held(), stop_signals():
        left = stop_leftovers(folder)
        if left:
            say(f"stopped {left} processes that an earlier khaywe left behind")
        if port is not None:
            check_free(port)
        if before is not None:
            before()
        # It says where a platform runs, and none does yet.
        folder.run_file.unlink(missing_ok=True)
        installation = Installation(folder, Supervisor(folder), of_user() if users is None else users)
        try:
            installation.environment = start_servers(installation.supervisor, folder, installation.environment, use=use)
            yield installation
        finally:
            # From here on a second Ctrl-C changes nothing: half a stop would be worse than a few seconds.
            for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(each, signal.SIG_IGN)
            installation.stop()


def _end(popen: "subprocess.Popen[bytes]") -> None:
    """Ask a whole session to stop, then make it."""
    for number, patience_s in ((signal.SIGTERM, _STOP_ASKED_S), (signal.SIGKILL, None)):
        try:
            os.killpg(popen.pid, number)
            popen.wait(timeout=patience_s)
        except ProcessLookupError:
            popen.wait()
            return
        except subprocess.TimeoutExpired:
            continue
