"""The data folder: where everything of one installation lives, who holds it, and its secrets."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loyalty.config.launch.refusal import LaunchRefused

# A demo world of 10,000 customers takes about 250 MB, logs of the database included.
SPACE_NEEDED_MB = 400
_MIB = 1024**2


class DataFolder:
    """One folder, one installation. Every path below it is named here and nowhere else."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.postgres = self.root / "postgres"
        self.valkey = self.root / "valkey"
        self.mail = self.root / "mail"
        self.sms = self.root / "sms"
        self.logs = self.root / "logs"
        self.static = self.root / "static"
        self.run_file = self.root / "run.json"
        self.secrets_file = self.root / "secrets.json"
        self.processes_file = self.root / "processes.json"
        self.environment_file = self.root / "environment.json"
        self.demo_file = self.root / "demo.json"
        self.done_file = self.root / "done.json"
        self.token_file = self.root / "token"
        self.lock_file = self.root / "lock"
        self.beat_file = self.root / "beat-schedule"

    def create(self) -> None:
        """Make the folder and its rooms, readable by their owner only."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for room in (self.logs, self.mail, self.sms, self.valkey, self.static):
                room.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError:
            raise LaunchRefused(f"{self.root} is a file; --data must name a folder.") from None
        except PermissionError:
            raise self._not_writable() from None
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise self._not_writable()
        free_mb = shutil.disk_usage(self.root).free // _MIB
        if free_mb < SPACE_NEEDED_MB:
            raise LaunchRefused(
                f"The disk that holds {self.root} has {free_mb} MB free, and at least {SPACE_NEEDED_MB} MB are needed."
            )

    def _not_writable(self) -> LaunchRefused:
        return LaunchRefused(f"{self.root} cannot be written by this user; choose another folder with --data.")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process alone; the kernel lets go of it when the process ends, however it ends."""
        with self.lock_file.open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LaunchRefused(
                    f"{self.root} is in use by another khaywe; stop that one with `./khaywe stop --data {self.root}`, "
                    "or choose another folder with --data."
                ) from None
            yield

    def is_held(self) -> bool:
        """Whether a launcher holds this folder now."""
        try:
            with self.lock_file.open("a") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def is_fresh(self) -> bool:
        """Whether the platform was never brought up here."""
        return not self.done_file.exists()

    def clear(self) -> None:
        """Forget everything but the secrets: only for a demo world that was never finished."""
        for room in (self.postgres, self.valkey, self.mail, self.sms):
            shutil.rmtree(room, ignore_errors=True)
        people = self.root / "population.json"
        for path in (self.done_file, self.token_file, self.demo_file, self.run_file, people):
            path.unlink(missing_ok=True)
        self.create()

    def secret(self, name: str, length: int = 24) -> str:
        """A generated secret that stays the same for the life of the folder."""
        known = read_json(self.secrets_file)
        if name not in known:
            known[name] = secrets.token_urlsafe(length)
            write_private_json(self.secrets_file, known)
        return str(known[name])


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file of ours, or an empty one when there is none or it was cut short."""
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def write_private_json(path: Path, content: dict[str, Any]) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(content, handle, indent=2)
        handle.write("\n")
        handle.flush()
        os.fsync(handle.fileno())
    unfinished.replace(path)
