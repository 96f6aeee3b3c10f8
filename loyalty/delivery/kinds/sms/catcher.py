"""A short message centre (SMSC) for the demo and for tests: takes messages by SMPP 3.4 and fails on demand.

It answers each submit_sm, joins segments to one text as a telephone does, and delivers receipts and customers' messages
to whoever is bound as receiver. How it fails is read from a file before each message, as the mail catcher does.
"""

import asyncio
import itertools
import json
import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gsm0338
from smpplib import consts, smpp

log = logging.getLogger("loyalty.smsc")

HEADER = struct.Struct(">LLLL")
UNIT_BYTES_MAX = 65_536
# SMPP 3.4, 5.1.2.1.
SUBMIT_SM_RESP = 0x80000004
DELIVERED, UNDELIVERABLE = 2, 5
STATE_WORDS = {DELIVERED: "DELIVRD", UNDELIVERABLE: "UNDELIV"}


@dataclass(slots=True)
class Texts:
    """What the centre keeps: whole texts, one JSON object a line, and segments that wait for their others."""

    path: Path
    waiting: dict[tuple[str, str, int], dict[int, bytes]] = field(default_factory=dict)

    def keep(self, unit: Any) -> None:
        """Keep one segment; the last of a text writes it."""
        to, sender, body = _ascii(unit.destination_addr), _ascii(unit.source_addr), bytes(unit.short_message or b"")
        if int(unit.esm_class or 0) & consts.SMPP_GSMFEAT_UDHI:
            name, count, number = body[3:6]
            parts = self.waiting.setdefault((sender, to, name), {})
            parts[number] = body[6:]
            if len(parts) < count:
                return
            body = b"".join(parts[place] for place in sorted(parts))
            del self.waiting[sender, to, name]
            segments = count
        else:
            segments = 1
        line = {"to": to, "from": sender, "text": _decoded(body, int(unit.data_coding or 0)), "segments": segments}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


@dataclass(slots=True)
class Failures:
    """How the centre is to fail, read before each message; without the file it works.

    ``STATUS 88`` refuses with that command status, ``BIND 13`` refuses to bind, ``DROP`` takes the message and hangs up
    without an answer, ``HALF`` in the middle of one, ``SILENT`` never answers, ``UNDELIVERABLE`` sends a receipt of
    failure, ``GARBAGE`` answers bytes that are no unit of SMPP, ``SLOW 2`` answers after two seconds.
    """

    path: Path | None

    def told(self) -> tuple[str, int]:
        """Give the word and the number that say how to fail; two empty ones when it works."""
        try:
            word, _, number = (self.path.read_text(encoding="utf-8").strip() if self.path else "").partition(" ")
        except FileNotFoundError:
            return "", 0
        return word, int(number or 0)


class MessageCentre:
    """The server's state: who is bound to receive, what was kept."""

    def __init__(self, folder: Path, fail_file: Path | None = None, *, sends_receipts: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.texts = Texts(folder / "messages.jsonl")
        self.failures = Failures(fail_file)
        self.sends_receipts = sends_receipts
        self.receivers: list[Session] = []
        self.on_kept: Callable[[int], None] | None = None
        self.kept = 0
        self._names = itertools.count(1)
        self._undelivered: list[Callable[[Session], None]] = []

    def new_name(self) -> str:
        """Give the next message id."""
        return f"m{next(self._names):08x}"

    def name_in_receipt(self, name: str) -> str:
        """Give a message id as receipts write it."""
        return name

    def deliver(self, say: "Callable[[Session], None]") -> None:
        """Say something to a bound receiver, or keep it until there is one."""
        if self.receivers:
            self.receivers[0].say_until_answered(say)
        else:
            self._undelivered.append(say)

    def welcome(self, session: "Session") -> None:
        """Take a receiver, and give it what waited."""
        self.receivers.append(session)
        waiting, self._undelivered = self._undelivered, []
        for say in waiting:
            session.say_until_answered(say)

    def write_to_us(self, *, sender: str, to: str, text: str) -> None:
        """Deliver a customer's message."""
        self.deliver(lambda session: session.deliver_text(sender, to, text))


class _Numbers:
    """What the library's units ask of a client: numbers of their own."""

    sequence = 0

    def __init__(self) -> None:
        self._count = itertools.count(1)

    def next_sequence(self) -> int:
        """Give the next number."""
        self.sequence = next(self._count)
        return self.sequence


class Session(asyncio.Protocol):
    """One line of a client's."""

    def __init__(self, centre: MessageCentre) -> None:
        self.centre = centre
        self.transport: asyncio.Transport | None = None
        self._read = b""
        self._numbers = _Numbers()
        self._unanswered: dict[int, Callable[[Session], None]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        if isinstance(transport, asyncio.Transport):
            self.transport = transport

    def connection_lost(self, fault: Exception | None) -> None:
        """End; what was said and not answered is said again to the next receiver."""
        if self in self.centre.receivers:
            self.centre.receivers.remove(self)
        unanswered, self._unanswered = self._unanswered, {}
        for say in unanswered.values():
            self.centre.deliver(say)

    def data_received(self, data: bytes) -> None:
        """Read whole units."""
        self._read += data
        while len(self._read) >= HEADER.size:
            length = HEADER.unpack_from(self._read)[0]
            if not HEADER.size <= length <= UNIT_BYTES_MAX:
                self._hang_up()
                return
            if len(self._read) < length:
                return
            unit = smpp.parse_pdu(self._read[:length], client=self._numbers, allow_unknown_opt_params=True)
            self._read = self._read[length:]
            self._act(unit)

    def _act(self, unit: Any) -> None:
        match unit.command:
            case "bind_transmitter" | "bind_receiver" | "bind_transceiver":
                word, status = self.centre.failures.told()
                refused = status if word == "BIND" else 0
                self._say(f"{unit.command}_resp", unit.sequence, status=refused, system_id="smsc")
                if unit.command != "bind_transmitter" and not refused:
                    self.centre.welcome(self)
            case "submit_sm":
                self._take(unit)
            case "enquire_link":
                self._say("enquire_link_resp", unit.sequence)
            case "deliver_sm_resp" if not unit.is_error():
                self._unanswered.pop(unit.sequence, None)
            case "unbind":
                self._say("unbind_resp", unit.sequence)
                self._hang_up()
            case _:
                pass

    def say_until_answered(self, say: "Callable[[Session], None]") -> None:
        """Say something that is said again to another receiver unless this one answers."""
        say(self)
        self._unanswered[self._numbers.sequence] = say

    def _take(self, unit: Any) -> None:
        word, status = self.centre.failures.told()
        if word == "STATUS":
            self._say("submit_sm_resp", unit.sequence, status=status)
            return
        self.centre.texts.keep(unit)
        self.centre.kept += 1
        name = self.centre.new_name()
        match word:
            case "DROP" if self.transport:
                self.transport.abort()
            case "HALF" if self.transport:
                # The head of a unit of which the rest never comes.
                self.transport.write(struct.pack(">LL", 40, SUBMIT_SM_RESP))
                self.transport.close()
            case "SLOW":
                loop = asyncio.get_running_loop()
                loop.call_later(status or 1, self._say_taken, unit, name, word)
            case "SILENT":
                pass
            case "GARBAGE" if self.transport:
                self.transport.write(b"\x00\x00\x00\x10\xff\xff\xff\xff garbage")
            case _:
                self._say_taken(unit, name, word)
        if self.centre.on_kept:
            self.centre.on_kept(self.centre.kept)

    def _say_taken(self, unit: Any, name: str, word: str) -> None:
        """Answer that a segment was taken, and tell later what became of it."""
        self._say("submit_sm_resp", unit.sequence, message_id=name)
        if self.centre.sends_receipts and unit.registered_delivery:
            state = UNDELIVERABLE if word == "UNDELIVERABLE" else DELIVERED
            self.centre.deliver(lambda session: session.deliver_receipt(name, state, unit))

    def deliver_receipt(self, name: str, state: int, unit: Any) -> None:
        """Tell what became of a message, in both ways that centres have."""
        name = self.centre.name_in_receipt(name)
        text = f"id:{name} sub:001 dlvrd:001 stat:{STATE_WORDS[state]} err:000 text:"
        self._say(
            "deliver_sm",
            self._numbers.next_sequence(),
            source_addr=_ascii(unit.destination_addr),
            destination_addr=_ascii(unit.source_addr),
            esm_class=0x04,
            short_message=text.encode(),
            receipted_message_id=name,
            message_state=state,
        )

    def deliver_text(self, sender: str, to: str, text: str) -> None:
        """Deliver a customer's message."""
        self._say(
            "deliver_sm",
            self._numbers.next_sequence(),
            source_addr=sender,
            destination_addr=to,
            esm_class=0,
            data_coding=consts.SMPP_ENCODING_ISO10646,
            short_message=text.encode("utf-16-be"),
        )

    def _say(self, command: str, sequence: int, **fields: Any) -> None:
        unit = smpp.make_pdu(command, client=self._numbers, **fields)
        unit.sequence = sequence
        if self.transport and not self.transport.is_closing():
            self.transport.write(unit.generate())

    def _hang_up(self) -> None:
        if self.transport:
            self.transport.close()


def _ascii(value: Any) -> str:
    return (
        value.decode("ascii", "replace").strip("\x00") if isinstance(value, bytes) else str(value or "").strip("\x00")
    )


def _decoded(body: bytes, coding: int) -> str:
    if coding == consts.SMPP_ENCODING_ISO10646:
        return body.decode("utf-16-be", "replace")
    text: str = gsm0338.Codec().decode(body)[0]
    return text


async def serve(centre: MessageCentre, host: str, port: int) -> asyncio.Server:
    """Listen; port 0 takes a free one."""
    return await asyncio.get_running_loop().create_server(lambda: Session(centre), host=host, port=port)


def kept_texts(folder: Path) -> list[dict[str, Any]]:
    """Give every text that the centre of a folder kept, oldest first."""
    path = folder / "messages.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
