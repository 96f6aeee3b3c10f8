"""Other people's ledgers, measured beside ours: installed in a folder of their own, run in processes of their own."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loyalty.config.launch.programs import ROOT

# django-hordak comes as source only, so what builds it is locked as well and installed first.
BUILD, LOCK = (Path(__file__).with_name(f"{name}.lock") for name in ("build", "requirements"))


def install() -> Path | None:
    """Install the locked packages into a folder beside .venv, once; None when they cannot be had here."""
    place = ROOT / ".khaywe-bench" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    if (place / "hordak").is_dir():
        return place
    for lock in (BUILD, LOCK):
        command = [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"),
            *("--no-build-isolation", "--disable-pip-version-check", "--target", str(place), "-r", str(lock)),
        ]
        environment = {**os.environ, "PYTHONPATH": str(place)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode != 0:
            print(f"  django-hordak could not be installed: {done.stderr.strip()[-300:]}")
            return None
    return place


class Peer:
    """A process that does a number of transfers when asked, and tells the processor time that they took."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.hear()

    def hear(self) -> float:
        """Read its answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("benchmarks: a peer ended.")
        return float(line)

    def seconds_per_transfer(self, number: int) -> float:
        """Have it do so many transfers; give its and its server process's processor time for each."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        return self.hear() / number


@contextmanager
def hordak(place: Path, database_url: str) -> Iterator[Peer]:
    """Run django-hordak on a database of its own."""
    environment = {**os.environ, "PYTHONPATH": f"{place}{os.pathsep}{ROOT}", "DATABASE_URL": database_url}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "benchmarks.peers.hordak_process"]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Peer(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
