"""What the launcher's tests share: running it as its own process, and waiting with a deadline."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_POLL_S = 0.05


def environment(**extra: str) -> dict[str, str]:
    """The environment of a user who set nothing: the embedded servers are to be used."""
    theirs = ("DATABASE_URL", "REDIS_URL", "DWH_", "EMAIL_", "XIVA_", "LOYALTY_", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


def launch(*arguments: str, **extra: str) -> "subprocess.CompletedProcess[str]":
    """Run one command of the launcher to its end."""
    return subprocess.run(
        [sys.executable, "-m", "loyalty.config.launch", *arguments],
        cwd=ROOT,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def wait_until(holds: Callable[[], bool], timeout_s: float = 30.0) -> bool:
    """Whether it came to hold before the deadline."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


@contextmanager
def servers_of(folder: Path, **extra: str) -> Iterator["subprocess.Popen[str]"]:
    """A launcher in a process of its own that holds a folder and its servers; it says `up` when they answer."""
    popen = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("hold_servers.py")), str(folder)],
        cwd=ROOT,
        env=environment(**extra),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert popen.stdout is not None
        assert popen.stdout.readline().strip() == "up"
        yield popen
    finally:
        if popen.poll() is None:
            popen.terminate()
        popen.wait(timeout=60)
        for stream in (popen.stdin, popen.stdout):
            if stream is not None:
                stream.close()
