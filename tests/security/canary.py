"""A server that nobody may reach: it counts who came."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Canary:
    """Listens on a port of both loopback addresses, over TCP, and counts connections."""

    def __init__(self) -> None:
        self.visits = 0
        self._sockets: list[socket.socket] = []
        first = self._listen(socket.AF_INET, "127.0.0.1", 0)
        self.port: int = first.getsockname()[1]
        # A machine without IPv6 has no such loopback to be reached by.
        with suppress(OSError):
            self._listen(socket.AF_INET6, "::1", self.port)

    def _listen(self, family: int, host: str, port: int) -> socket.socket:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.bind((host, port))
        listener.listen(64)
        self._sockets.append(listener)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                visitor, _ = listener.accept()
            except OSError:
                return
            self.visits += 1
            with visitor:
                visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncanary")

    def close(self) -> None:
        """Stop listening."""
        for listener in self._sockets:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()


@contextmanager
def watching() -> Iterator[Canary]:
    """Give a canary for as long as the block lasts."""
    canary = Canary()
    try:
        yield canary
    finally:
        canary.close()
