"""A message centre by the text of SMPP 3.4 alone, byte by byte: it shares nothing with ours or its library."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

# SMPP 3.4, 5.1.2.1.
NACK, SUBMIT, DELIVER, UNBIND, ENQUIRE, DATA = 0x80000000, 0x04, 0x05, 0x06, 0x15, 0x103
BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER = 0x01, 0x02, 0x09
ANSWER = 0x80000000
# 5.3.2: the tags of the optional parameters that these tests send.
PAYLOAD, RECEIPTED, STATE, SAR_NAME, SAR_TOTAL, SAR_NUMBER = 0x0424, 0x001E, 0x0427, 0x020C, 0x020E, 0x020F
VENDOR, STATUS_TEXT, VALIDITY = 0x1501, 0x001D, 0x1204


@dataclass(frozen=True, slots=True)
class Unit:
    """A protocol data unit."""

    command: int
    status: int
    sequence: int
    body: bytes = b""

    def written(self) -> bytes:
        """Give its bytes."""
        return struct.pack(">IIII", 16 + len(self.body), self.command, self.status, self.sequence) + self.body


def option(tag: int, value: bytes) -> bytes:
    """Write an optional parameter."""
    return struct.pack(">HH", tag, len(value)) + value


def deliver(
    sequence: int,
    text: bytes,
    *,
    esm_class: int = 0,
    coding: int = 0,
    sender: bytes = b"9613000001",
    options: bytes = b"",
) -> Unit:
    """Write a deliver_sm (4.6.1)."""
    body = b"\0" + b"\x01\x01" + sender + b"\0" + b"\x00\x01" + b"5555\0" + bytes((esm_class, 0, 0))
    body += b"\0\0" + b"\0\0" + bytes((coding, 0, len(text))) + text + options
    return Unit(DELIVER, 0, sequence, body)


def data_sm(sequence: int, *, esm_class: int, options: bytes, coding: int = 0) -> Unit:
    """Write a data_sm (4.7.1), which has optional parameters alone for its text."""
    body = b"\0" + b"\x01\x01" + b"9613000001\0" + b"\x00\x01" + b"5555\0" + bytes((esm_class, 0, coding)) + options
    return Unit(DATA, 0, sequence, body)


def receipt_text(name: str, word: str = "DELIVRD") -> bytes:
    """Write a receipt's text (appendix B)."""
    told = f"id:{name} sub:001 dlvrd:001 submit date:2611291000 done date:2611291001 stat:{word} err:000 text:Hello"
    return told.encode()


@dataclass(slots=True)
class RawCentre:
    """What the centre heard, and how it answers a submit_sm: with the units that ``answers`` gives."""

    port: int = 0
    answers: Callable[[Unit], list[bytes]] = field(default=lambda unit: [answered(unit, b"m1")])
    heard: list[Unit] = field(default_factory=list)
    # What is written to a line bound as receiver, right behind the answer to its binding.
    to_receiver: list[bytes] = field(default_factory=list)
    binds: tuple[int, ...] = (BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER)

    def of(self, command: int) -> list[Unit]:
        """Give what was heard of one command."""
        return [unit for unit in self.heard if unit.command == command]


def answered(unit: Unit, name: bytes, *, status: int = 0, options: bytes = b"") -> bytes:
    """Answer a submit_sm."""
    body = name + b"\0" + options if not status else b""
    return Unit(unit.command | ANSWER, status, unit.sequence, body).written()


def _serve(line: socket.socket, centre: RawCentre) -> None:
    file = line.makefile("rb")
    while len(head := file.read(16)) == 16:
        length, command, status, sequence = struct.unpack(">IIII", head)
        unit = Unit(command, status, sequence, file.read(length - 16))
        centre.heard.append(unit)
        if command in (BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER):
            if command not in centre.binds:
                line.sendall(Unit(command | ANSWER, 0x0D, sequence).written())
                continue
            # With sc_interface_version, as a centre of 3.4 tells it.
            line.sendall(Unit(command | ANSWER, 0, sequence, b"raw\0" + option(0x0210, b"\x34")).written())
            if command != BIND_TRANSMITTER:
                for piece in centre.to_receiver:
                    line.sendall(piece)
        elif command == SUBMIT:
            for piece in centre.answers(unit):
                line.sendall(piece)
        elif command in (UNBIND, ENQUIRE):
            line.sendall(Unit(command | ANSWER, 0, sequence).written())
            if command == UNBIND:
                return


def _accept(server: socket.socket, centre: RawCentre, lines: list[socket.socket]) -> None:
    def serve(line: socket.socket) -> None:
        with suppress(OSError, ValueError), line:
            _serve(line, centre)

    with suppress(OSError):
        while True:
            line, _ = server.accept()
            lines.append(line)
            threading.Thread(target=serve, args=(line,), daemon=True).start()


@contextmanager
def raw_centre() -> Iterator[RawCentre]:
    """Run a centre on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        centre = RawCentre(port=server.getsockname()[1])
        lines: list[socket.socket] = []
        threading.Thread(target=_accept, args=(server, centre, lines), daemon=True).start()
        try:
            yield centre
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for line in lines:
                line.close()
