"""SMPP 3.4: text messages straight to an operator's SMSC, a window of them under way at once."""

import logging
import secrets
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from smpplib import consts, smpp
from smpplib.client import Client
from smpplib.exceptions import ConnectionError as LineBroken
from smpplib.exceptions import PDUError

from loyalty.delivery.contracts import Outgoing, Receipt
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.http import instant_of_call
from loyalty.delivery.kinds.sms import message_ids, units
from loyalty.delivery.kinds.sms.providers import registry
from loyalty.delivery.kinds.sms.segments import Alphabet, Segmented, segments_of
from loyalty.foundation.resilience import egress

log = logging.getLogger("loyalty.delivery.sms")
# The library tells each line that it opens, and in its debugging form whole messages.
CHATTER = logging.getLogger("loyalty.delivery.smpp")
CHATTER.setLevel(logging.WARNING)
UNIT_BYTES_MAX = 65_536

DATA_CODING = {Alphabet.GSM7: consts.SMPP_ENCODING_DEFAULT, Alphabet.UCS2: consts.SMPP_ENCODING_ISO10646}
# The SMSC has had enough for now, or a fault of its own; what it refused may come again (SMPP 3.4, 5.1.3).
BUSY = frozenset(
    {consts.SMPP_ESME_RTHROTTLED, consts.SMPP_ESME_RMSGQFUL, consts.SMPP_ESME_RSYSERR, consts.SMPP_ESME_RX_T_APPN}
)
# The number itself is no good.
NUMBER_REFUSED = frozenset(
    {consts.SMPP_ESME_RINVDSTADR, consts.SMPP_ESME_RINVDSTTON, consts.SMPP_ESME_RINVDSTNPI, consts.SMPP_ESME_RX_R_APPN}
)
# GSM 03.40, 9.2.3.24.1: the header that lets a telephone join segments; one byte names the message.
JOIN_HEADER = b"\x05\x00\x03"


BOUND = (
    consts.SMPP_CLIENT_STATE_BOUND_TX,
    consts.SMPP_CLIENT_STATE_BOUND_RX,
    consts.SMPP_CLIENT_STATE_BOUND_TRX,
)


class Line(Client):
    """The library's client, over a socket that egress opened, and wary of what it reads."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._use_tls: bool = values["use_tls"]
        # By it a message that the centre brings again is told from the same words written again.
        self.name = secrets.token_hex(4)
        super().__init__(
            values["host"],
            values["port"],
            timeout=values["timeout_s"],
            logger_name=CHATTER.name,
            allow_unknown_opt_params=True,
        )

    def connect(self) -> None:
        """Connect.

        :raises EgressRefusal: the administrator does not let calls go there.
        :raises OSError: nobody answers there.
        """
        opened = egress.open_socket(self.host, self.port, "sms", timeout_s=float(self.timeout))
        opened.settimeout(self.timeout)
        if self._use_tls:
            opened = egress.tls_context(egress.current_policy()).wrap_socket(opened, server_hostname=self.host)
        self._socket = opened
        self.state = consts.SMPP_CLIENT_STATE_OPEN

    def read_pdu(self) -> Any:
        """Read one unit of the SMSC's; what it asks that nobody can read is refused by a generic_nack, and passed over.

        :raises TimeoutError: the line is silent.
        :raises LineBroken: the line ended, stopped in the middle of a unit, or what came is no SMPP.
        """
        while True:
            raw = self._read_whole()
            try:
                unit = units.parse(raw, self)
            except units.Unreadable as fault:
                if fault.is_answer:
                    # Nobody can say what it answers.
                    raise LineBroken(f"What came is no SMPP: {fault}") from fault
                log.warning("the SMSC sent what cannot be read: %s", fault)
                self._socket.sendall(units.refusal_of(fault))
                continue
            if not unit.is_error():
                self.state = consts.STATE_SETTERS.get(unit.command, self.state)
            return unit

    def _read_whole(self) -> bytes:
        """Read the bytes of one unit."""
        first = self._recv_exact(1)
        try:
            length = int.from_bytes(first + self._recv_exact(3), "big")
            if not units.HEADER.size <= length <= UNIT_BYTES_MAX:
                raise LineBroken(f"A unit of {length} bytes.")
            return length.to_bytes(4, "big") + bytes(self._recv_exact(length - 4))
        except TimeoutError as fault:
            # What comes next on this line would be read from its middle.
            raise LineBroken("The SMSC stopped in the middle of a unit.") from fault


@contextmanager
def bound(role: str, values: Mapping[str, Any]) -> Iterator[Line]:
    """Open a line to the SMSC and bind as ``transmitter`` or ``receiver``.

    :raises DeliveryError: with ``is_channel_down``, when the SMSC is not there or does not let us in.
    """
    line = Line(values)
    try:
        try:
            line.connect()
            # Every line does both where the operator allows no other.
            as_role = registry.TRANSCEIVER if values["lines"] == registry.TRANSCEIVER else role
            getattr(line, f"bind_{as_role}")(
                system_id=values["system_id"],
                password=values["password"],
                system_type=values["system_type"],
            )
        except egress.EgressRefusal as refusal:
            raise DeliveryError(refusal.code, refusal.detail, is_channel_down=True) from refusal
        except PDUError as fault:
            # It speaks the protocol, and the answer to our binding is no.
            raise DeliveryError("sms.credentials_refused", _said(fault), is_channel_down=True) from fault
        except (LineBroken, OSError) as fault:
            raise DeliveryError("sms.server_unavailable", _said(fault), is_channel_down=True) from fault
        yield line
    finally:
        # What was sent is settled by now; an SMSC that is rude at goodbye changes nothing.
        with suppress(LineBroken, PDUError, OSError):
            if line.state in BOUND:
                line.unbind()
        with suppress(OSError):
            line.disconnect()


@contextmanager
def connect(section: Mapping[str, Any]) -> Iterator["SmppConnection"]:
    """Open the way: a line bound as transmitter, while receipts come over the receiver's own; or one that does both."""
    with bound("transmitter", section) as line:
        yield SmppConnection(line, section)


def probe(values: Mapping[str, Any]) -> None:
    """Bind and say goodbye.

    :raises DeliveryError: the centre is not there, or does not let us in.
    """
    with bound("transmitter", values):
        pass


@dataclass(slots=True)
class Flight:
    """A message whose segments are under way."""

    message: Outgoing
    segments: int
    references: dict[int, str] = field(default_factory=dict)
    refusal: int | None = None
    submitted: int = 0

    @property
    def is_answered(self) -> bool:
        """Whether every segment that was sent has its answer."""
        return len(self.references) == self.segments or self.refusal is not None

    def outcome(self) -> Receipt | DeliveryError:
        """Give what became of the message."""
        if self.refusal is not None:
            return _refused(self.refusal, is_partly_taken=bool(self.references))
        if self.is_answered:
            # A centre that gives no id cannot be asked after the segment, nor tell of it.
            references = tuple(name for _, name in sorted(self.references.items()) if name)
            return Receipt(references=references, units=self.segments)
        return DeliveryError("sms.outcome_unknown", "The line broke before the answer.", is_unknown=True)


class SmppConnection:
    """One line to the SMSC; submits without waiting, as many segments as the SMSC's window allows."""

    def __init__(self, line: Line, values: Mapping[str, Any]) -> None:
        self._line, self._source, self._window = line, values["sender"], values["window"]
        self._asked: dict[int, tuple[Flight, int]] = {}
        self._broken = ""
        self._pace = Pace(values["segments_per_second"])
        self._ids: str = values["message_ids"]

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Hand a window of messages over and wait for all answers."""
        if self._broken:
            # What would be written now goes nowhere, and that is known.
            return [DeliveryError("sms.connection_lost", self._broken, is_channel_down=True)]
        flights: list[Flight] = []
        try:
            for message in messages:
                self._submit(message, flights)
            while self._asked:
                self._hear()
        except (LineBroken, PDUError, OSError) as fault:
            log.warning("the line to the SMSC broke: %s", _said(fault))
            self._asked.clear()
            self._broken = _said(fault)
            return self._outcomes_of_broken(flights, self._broken)
        return [flight.outcome() for flight in flights]

    def _outcomes_of_broken(self, flights: Sequence[Flight], told: str) -> list[Receipt | DeliveryError]:
        """Give what is known when the line broke; what never left the house may go over the next line."""
        outcomes = [flight.outcome() for flight in flights if flight.submitted]
        return [*outcomes, DeliveryError("sms.connection_lost", told, is_channel_down=True)]

    def _submit(self, message: Outgoing, flights: list[Flight]) -> None:
        segmented = segments_of(message.rendered.text)
        flight = Flight(message, len(segmented.bodies))
        flights.append(flight)
        for part, body in enumerate(_bodies(segmented)):
            if flight.refusal is not None:
                return  # the rest of a refused message helps nobody
            while len(self._asked) >= self._window:
                self._hear()
            self._pace.wait()
            unit = self._unit(message, segmented, body)
            self._asked[unit.sequence] = (flight, part)
            # Counted before it is written: of what was half written nobody knows.
            flight.submitted += 1
            self._line.send_pdu(unit)

    def _unit(self, message: Outgoing, segmented: Segmented, body: bytes) -> Any:
        """Give one submit_sm; a sender of letters and one of digits are numbered differently (SMPP 3.4, 5.2.5)."""
        source = self._source
        is_number = source.lstrip("+").isdigit()
        return smpp.make_pdu(
            "submit_sm",
            client=self._line,
            sequence=self._line.next_sequence(),
            source_addr_ton=consts.SMPP_TON_INTL if is_number else consts.SMPP_TON_ALNUM,
            source_addr_npi=consts.SMPP_NPI_ISDN if is_number else consts.SMPP_NPI_UNK,
            source_addr=source.lstrip("+"),
            dest_addr_ton=consts.SMPP_TON_INTL,
            dest_addr_npi=consts.SMPP_NPI_ISDN,
            destination_addr=message.address.lstrip("+"),
            esm_class=consts.SMPP_GSMFEAT_UDHI if segmented.is_joined else consts.SMPP_MSGTYPE_DEFAULT,
            data_coding=DATA_CODING[segmented.alphabet],
            registered_delivery=consts.SMPP_SMSC_DELIVERY_RECEIPT_BOTH,
            short_message=body,
        )

    def _hear(self) -> None:
        """Read one unit of the SMSC's and act on it."""
        unit = self._line.read_pdu()
        if unit.command == "enquire_link":
            self._answer("enquire_link_resp", unit.sequence)
        elif unit.command in ("submit_sm_resp", "generic_nack"):
            flight, part = self._asked.pop(unit.sequence, (None, 0))
            if flight is None:
                log.warning("the SMSC answers what was not asked: %s", unit.sequence)
            elif unit.is_error():
                flight.refusal = unit.status
            else:
                flight.references[part] = message_ids.of_answer(_text(unit.message_id), self._ids)
        elif unit.command in units.MESSAGES:
            self._answer(f"{unit.command}_resp", unit.sequence, self._kept(unit, self._line.name))
        elif unit.command == "unbind":
            self._answer("unbind_resp", unit.sequence)
            raise LineBroken("The SMSC said goodbye.")

    @staticmethod
    def _kept(unit: Any, line: str) -> int:
        """Keep what a centre brings over a line that does both; give the status that it is answered with."""
        if registry.Incoming.keep is None:
            return int(consts.SMPP_ESME_RX_T_APPN)
        try:
            registry.Incoming.keep(unit, line, instant_of_call())
        except Exception:  # whatever it is, what is under way here must be settled, and the centre brings it again
            log.exception("what the SMSC brought could not be kept")
            return int(consts.SMPP_ESME_RX_T_APPN)
        return int(consts.SMPP_ESME_ROK)

    def _answer(self, command: str, sequence: int, status: int = consts.SMPP_ESME_ROK) -> None:
        answer = smpp.make_pdu(command, client=self._line, status=status)
        answer.sequence = sequence
        self._line.send_pdu(answer)


class Pace:
    """Keeps a line under the number of segments a second that the operator sold; 0 is as many as go."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._sent: deque[float] = deque()

    def wait(self) -> None:
        """Wait until one more may go."""
        if not self._per_second:
            return
        if len(self._sent) == self._per_second:
            time.sleep(max(0.0, self._sent.popleft() + 1 - time.monotonic()))
        self._sent.append(time.monotonic())


def _bodies(segmented: Segmented) -> list[bytes]:
    if not segmented.is_joined:
        return list(segmented.bodies)
    name, count = secrets.token_bytes(1), len(segmented.bodies)
    return [JOIN_HEADER + name + bytes((count, number)) + body for number, body in enumerate(segmented.bodies, start=1)]


def _refused(status: int, *, is_partly_taken: bool) -> DeliveryError:
    told = f"{status:#06x} {consts.DESCRIPTIONS.get(status, 'unknown status')}"
    if status in NUMBER_REFUSED:
        return DeliveryError("sms.number_refused", told, is_permanent=True, is_recipient=True)
    if status not in BUSY:
        return DeliveryError("sms.refused", told, is_permanent=True)
    # Sent again, the segments that were taken would reach the telephone twice.
    return DeliveryError("sms.busy", told, is_unknown=is_partly_taken)


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")


def _said(fault: Exception) -> str:
    # The library breaks a line without a word.
    return f"{type(fault).__name__}: {str(fault) or 'the line broke'}"[:300]
