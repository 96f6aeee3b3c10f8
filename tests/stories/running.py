"""A whole platform for stories: started by the launcher as a person would, with its own servers in its own folder."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.house.source import ROOT

TELCO = ROOT.parent / "shared" / "data" / "telco_customers.csv"
# What another platform's settings would say must not reach this one.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "DWH_", "XIVA_", "EMAIL_", "LOYALTY_", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class Platform:
    """A running platform: where it is, and the process that holds it."""

    run: dict[str, str]
    folder: Path
    process: "subprocess.Popen[str]"
    output: list[str]

    @property
    def http(self) -> httpx.Client:
        """Give a client that may do everything."""
        return httpx.Client(
            base_url=f"{self.run['url']}/api/loyalty/v1/",
            headers={"Authorization": f"Bearer {self.run['token']}"},
            timeout=60,
        )

    def processes(self, *words: str) -> list[psutil.Process]:
        """Find the platform's processes whose command line has all the words."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            if all(word in line for word in words):
                found.append(child)
        return found

    def kill(self, *words: str) -> int:
        """Kill -9 the processes whose command line has all the words; give how many."""
        killed = 0
        for child in self.processes(*words):
            try:
                child.kill()
                killed += 1
            except psutil.NoSuchProcess:
                continue
        return killed

    def environment(self) -> dict[str, str]:
        """Give the environment of the platform's own processes."""
        stored = json.loads((self.folder / "environment.json").read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in stored.items()}

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a management command beside the platform."""
        return subprocess.run(
            [sys.executable, "-m", "django", *arguments], cwd=ROOT, env=self.environment(), check=False,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip


def clean_environment(**extra: str) -> dict[str, str]:
    """Give the environment without what belongs to the test suite's own servers."""
    return {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)} | extra


def wait_for(what: str, look: Callable[[], Any], *, seconds: float = 120) -> Any:
    """Look again until the answer is true, and give it."""
    deadline = time.monotonic() + seconds
    seen: Any = None
    while time.monotonic() < deadline:
        try:
            seen = look()
        except httpx.TransportError as fault:
            seen = None
            last: object = fault
        else:
            last = seen
        if seen:
            return seen
        threading.Event().wait(0.1)
    raise AssertionError(f"waited {seconds} s for {what}; last: {last!r}")


@contextmanager
def platform(folder: Path, console: Path, *arguments: str, command: str = "demo") -> Iterator[Platform]:
    """Start ``./khaywe demo`` (or ``up``) and stop it with Ctrl-C."""
    console.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "loyalty.config.launch", command, "--data", str(folder), *arguments],
        cwd=ROOT, env=clean_environment(LOYALTY_CONSOLE_DIST=str(console)), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    output: list[str] = []
    ready = threading.Event()

    def read() -> None:
        for line in process.stdout or ():
            output.append(line.rstrip())
            if line.startswith("ready: "):
                ready.set()
        ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        ready.wait(800)
        assert any(line.startswith("ready: ") for line in output), "\n".join(output[-60:])
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        yield Platform(run=run, folder=folder, process=process, output=output)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        finally:
            if process.poll() is None:
                process.kill()
            reader.join(10)
