"""Keeps the processes of one installation running: starts, restarts after a crash with back-off, stops in order."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from loyalty.config.launch.folder import DataFolder
from loyalty.config.launch.processes import (
    Child,
    Program,
    ask_to_stop,
    await_stop,
    end_session,
    failure_of,
    spawn,
    write_records,
)
from loyalty.config.launch.progress import say
from loyalty.config.launch.refusal import StopRequested

_POLL_S = 0.1
_BACKOFF_FIRST_S = 0.5
_BACKOFF_LAST_S = 30.0
# A process that ran this long was well; its next crash counts as a first one.
_WELL_AFTER_S = 60.0


class Supervisor:
    """The children of this launcher, in the order they were started."""

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self._children: dict[str, Child] = {}
        self._crashes: dict[str, int] = {}
        self._restart_at: dict[str, float] = {}

    def start(self, program: Program) -> Child:
        """Start a program and write it down."""
        child = spawn(program, self.folder.logs)
        self._children[program.name] = child
        write_records(self.folder, list(self._children.values()))
        return child

    def await_ready(self, name: str, timeout_s: float) -> None:
        """Wait until a program answers. One that ends first, or never answers, shows its last lines."""
        child = self._children[name]
        is_ready = child.program.is_ready
        deadline = time.monotonic() + timeout_s
        while is_ready is not None and not is_ready():
            if child.exit_code is not None:
                raise failure_of(child, f"ended with code {child.exit_code} before it was ready")
            if time.monotonic() > deadline:
                raise failure_of(child, f"was not ready after {timeout_s:.0f} s")
            time.sleep(_POLL_S / 2)

    def watch(self, until: float | None = None) -> None:
        """Restart what crashes, until a stop is asked for or the given moment of the monotonic clock."""
        while until is None or time.monotonic() < until:
            self.tend()
            time.sleep(_POLL_S)

    def tend(self) -> None:
        """One round: note crashes, restart what is due."""
        now = time.monotonic()
        for name, child in list(self._children.items()):
            if child.exit_code is None:
                continue
            if name not in self._restart_at:
                delay = self._note_crash(name, child, now)
                self._restart_at[name] = now + delay
                say(f"{name} ended with code {child.exit_code}; again in {delay:.1f} s (log: {child.log})")
            elif now >= self._restart_at[name]:
                del self._restart_at[name]
                self.start(child.program)

    def pid_of(self, name: str) -> int:
        """The process that runs under a name; the leader of its session."""
        return self._children[name].popen.pid

    def revive(self, name: str, timeout_s: float) -> None:
        """Start again at once what was ended on purpose, without the waits that follow a crash, and wait for it."""
        child = self._children[name]
        child.popen.wait(timeout_s)
        end_session(child)
        self.start(child.program)
        self.await_ready(name, timeout_s)

    def _note_crash(self, name: str, child: Child, now: float) -> float:
        end_session(child)
        if now - child.started_at > _WELL_AFTER_S:
            self._crashes[name] = 0
        crashes = self._crashes.get(name, 0)
        self._crashes[name] = crashes + 1
        return min(_BACKOFF_FIRST_S * 2.0**crashes, _BACKOFF_LAST_S)

    def stop(self, *names: str) -> None:
        """Stop these at the same time and wait for them."""
        stopping = [self._children.pop(name) for name in names if name in self._children]
        for child in stopping:
            ask_to_stop(child)
        for child in stopping:
            await_stop(child)

    def stop_all(self, servers: tuple[str, ...]) -> None:
        """Everything that uses the servers first, then the servers, the database last."""
        self.stop(*[name for name in self._children if name not in servers])
        for name in servers:
            self.stop(name)
        self.folder.processes_file.unlink(missing_ok=True)


@contextmanager
def stop_signals() -> Iterator[None]:
    """Turn the first Ctrl-C, SIGTERM or hang-up into StopRequested; while stopping, further ones are ignored."""
    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def on_signal(number: int, frame: FrameType | None) -> None:
        for each in watched:
            signal.signal(each, signal.SIG_IGN)
        raise StopRequested(signal.Signals(number).name)

    before = {each: signal.signal(each, on_signal) for each in watched}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
