"""Starting a process of ours, knowing it again after a crash of the launcher, and stopping it with all its children."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from loyalty.config.launch.folder import DataFolder, read_json, write_private_json
from loyalty.config.launch.identity import SELF, Identity
from loyalty.config.launch.progress import say
from loyalty.config.launch.refusal import LaunchRefused, StepFailed

# psutil gives the start to a hundredth of a second; a recycled pid is never that close.
_START_TOLERANCE_S = 0.05
_POLL_S = 0.05
_LOG_TAIL_LINES = 25
_DISK_FULL = "No space left on device"
_LOG_KEPT_BYTES = 20 * 1024**2


@dataclass(frozen=True)
class Program:
    """A process to keep running: what, as whom, and how it is asked to stop."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    identity: Identity = SELF
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10.0
    is_ready: Callable[[], bool] | None = None


@dataclass
class Child:
    """A running program."""

    program: Program
    popen: "subprocess.Popen[bytes]"
    log: Path
    started_at: float = field(default_factory=time.monotonic)

    @property
    def exit_code(self) -> int | None:
        """The code it ended with, or None while it runs; negative after a signal."""
        return self.popen.poll()


def spawn(program: Program, logs: Path) -> Child:
    """Start a program as the leader of its own session, its output in a file of its own."""
    log = logs / f"{program.name}.log"
    if log.exists() and log.stat().st_size > _LOG_KEPT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        popen = subprocess.Popen(
            program.identity.wrap(program.command),
            cwd=program.folder,
            env=program.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(program=program, popen=popen, log=log)


def failure_of(child: Child, what: str) -> LaunchRefused | StepFailed:
    """Why a child did not do its work: a full disk in one sentence, else its last lines on the terminal and `what`."""
    lines = child.log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
    if any(_DISK_FULL in line for line in lines):
        return LaunchRefused(f"The disk that holds {child.log.parent.parent} is full.")
    sys.stderr.writelines(f"{child.program.name} | {line}\n" for line in lines)
    return StepFailed(f"{child.program.name} {what}; see {child.log}.")


def ask_to_stop(child: Child) -> None:
    """The polite signal, to the leader alone: it tells its own children in its own order."""
    if child.exit_code is None:
        with suppress(ProcessLookupError):
            child.popen.send_signal(child.program.stop_signal)


def await_stop(child: Child) -> None:
    """Wait for the leader; when it takes too long, or leaves somebody behind, end the whole session."""
    try:
        child.popen.wait(timeout=child.program.stop_timeout_s)
    except subprocess.TimeoutExpired:
        say(f"{child.program.name} did not stop in {child.program.stop_timeout_s:.0f} s and is ended")
    end_session(child)


def end_session(child: Child) -> None:
    """End the leader, if it still runs, and whoever it left behind."""
    _kill_group(child.popen.pid)
    child.popen.wait()


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def started_at_of(pid: int) -> float | None:
    """When this pid's present process began, or None when there is no such process."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def is_same(pid: int, started_at: float) -> bool:
    """Whether the pid still means the process that began then."""
    found = started_at_of(pid)
    return found is not None and abs(found - started_at) < _START_TOLERANCE_S


def write_records(folder: DataFolder, children: list[Child]) -> None:
    """Write down who runs, so that the next start knows them if this one is killed."""
    own = os.getpid()
    write_private_json(
        folder.processes_file,
        {
            "launcher": {"pid": own, "started_at": started_at_of(own)},
            "children": {
                child.program.name: {
                    "pid": child.popen.pid,
                    "started_at": started_at_of(child.popen.pid),
                    "stop_signal": int(child.program.stop_signal),
                }
                for child in children
                if child.exit_code is None
            },
        },
    )


def launcher_of(folder: DataFolder) -> int | None:
    """The pid of the launcher that wrote the records, if it still runs."""
    record = read_json(folder.processes_file).get("launcher", {})
    pid, started_at = record.get("pid"), record.get("started_at")
    if isinstance(pid, int) and isinstance(started_at, float) and is_same(pid, started_at):
        return pid
    return None


def stop_leftovers(folder: DataFolder, timeout_s: float = 15.0) -> int:
    """Stop what a killed launcher left running. Only the holder of the folder may call this.

    Returns how many sessions were found alive.
    """
    records = read_json(folder.processes_file).get("children", {})
    left = [record for record in reversed(records.values()) if _session_lives(record)]
    for record in left:
        if is_same(record["pid"], record["started_at"]):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(record["pid"], record["stop_signal"])
    deadline = time.monotonic() + timeout_s
    while any(_session_lives(record) for record in left) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    for record in left:
        if _session_lives(record):
            _kill_group(record["pid"])
    folder.processes_file.unlink(missing_ok=True)
    return len(left)


def _session_lives(record: dict[str, object]) -> bool:
    """Whether the recorded leader runs, or, the leader gone, somebody of its session still does.

    A session's number is not given to another process while a member lives, so members without a leader are ours.
    """
    pid, started_at = record.get("pid"), record.get("started_at")
    if not isinstance(pid, int) or not isinstance(started_at, float):
        return False
    if is_same(pid, started_at):
        return True
    if started_at_of(pid) is not None:
        return False
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False
