"""TCP ports on the loopback address: finding a free one, and refusing a busy one in a sentence."""

import random
import socket

from loyalty.config.launch.refusal import LaunchRefused

LOOPBACK = "127.0.0.1"
# Below the range from which Linux and macOS take the ports of outgoing connections, so that none gets in between.
_FIRST, _LAST = 20_000, 29_999
_TRIES_MAX = 200
_TCP_PORT_MAX = 65_535


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def find_free(preferred: int | None = None) -> int:
    """A free port: the preferred one when nobody has it, else a random one."""
    if preferred is not None and is_free(preferred):
        return preferred
    for _ in range(_TRIES_MAX):
        port = random.randint(_FIRST, _LAST)
        if is_free(port):
            return port
    raise LaunchRefused(f"No free TCP port was found on {LOOPBACK} between {_FIRST} and {_LAST}.")


def check_free(port: int) -> None:
    """Refuse a port the user asked for and cannot have."""
    if not 1 <= port <= _TCP_PORT_MAX:
        raise LaunchRefused(f"--port {port} is not a TCP port; it must be between 1 and {_TCP_PORT_MAX}.")
    if not is_free(port):
        raise LaunchRefused(f"Port {port} is busy or not allowed; choose another with --port, or leave --port out.")


def answers(port: int) -> bool:
    """Whether something accepts a connection on this port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
