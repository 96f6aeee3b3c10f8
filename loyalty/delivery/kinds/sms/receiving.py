"""Reading what an SMSC delivers to us: receipts of our messages, and messages of customers."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import gsm0338
from smpplib import consts, smpp
from smpplib.exceptions import ConnectionError as LineBroken

from loyalty.delivery.contracts import ReceiptOutcome
from loyalty.delivery.kinds.sms import message_ids
from loyalty.delivery.kinds.sms.providers.smpp import Line

# SMPP 3.4, 5.2.12: the bits that mark a delivery receipt.
IS_RECEIPT = 0x04
HAS_HEADER = 0x40
# SMPP 3.4, 5.2.28. What is under way, accepted or unknown says nothing final.
OUTCOMES = {
    2: ReceiptOutcome.DELIVERED,
    3: ReceiptOutcome.FAILED,
    4: ReceiptOutcome.FAILED,
    5: ReceiptOutcome.REFUSED,
    8: ReceiptOutcome.FAILED,
}
# Appendix B: the same as text, for centres that send no optional parameters.
OUTCOMES_BY_WORD = {
    "DELIVRD": ReceiptOutcome.DELIVERED,
    "EXPIRED": ReceiptOutcome.FAILED,
    "DELETED": ReceiptOutcome.FAILED,
    "UNDELIV": ReceiptOutcome.REFUSED,
    "REJECTD": ReceiptOutcome.FAILED,
}
RECEIPT_TEXT = re.compile(
    r"id:(?P<id>\S+).*?stat:(?P<stat>[A-Z]{7}).*?(?:err:(?P<err>\S+))?", re.DOTALL | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one of our segments."""

    reference: str
    outcome: ReceiptOutcome
    detail: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message of a customer, as one text."""

    reference: str
    from_address: str
    to_address: str
    body: str


def read(unit: Any, now: datetime, *, ids: str = message_ids.AS_TOLD) -> Receipt | Inbound | None:
    """Give what a deliver_sm says, or None when it says nothing that counts.

    :param ids: how the centre writes the ids of segments, one of ``message_ids.CHOICES``.
    """
    if int(unit.esm_class or 0) & IS_RECEIPT:
        return _receipt_of(unit, ids)
    return _inbound_of(unit, now)


def _receipt_of(unit: Any, ids: str) -> Receipt | None:
    text = bytes(unit.short_message or b"").decode("ascii", "replace")
    told = RECEIPT_TEXT.search(text)
    reference = _ascii(unit.receipted_message_id) or (told["id"] if told else "")
    state = _number(unit.message_state)
    outcome = OUTCOMES.get(state) if state is not None else OUTCOMES_BY_WORD.get(told["stat"].upper() if told else "")
    reference = message_ids.of_receipt(reference, ids)
    return Receipt(reference, outcome, text[:200]) if reference and outcome else None


def _inbound_of(unit: Any, now: datetime) -> Inbound:
    body = bytes(unit.short_message or b"") or bytes(unit.message_payload or b"")
    if int(unit.esm_class or 0) & HAS_HEADER and body:
        body = body[body[0] + 1 :]
    text = _decoded(body, int(unit.data_coding or 0))
    sender, to = _ascii(unit.source_addr), _ascii(unit.destination_addr)
    # The centre names no message of a customer's. One that it repeats, because our answer was lost, comes at once and
    # with the same words; the same words a day later are another message.
    seed = f"{now:%Y-%m-%d}\n{sender}\n{to}\n{unit.sequence}\n{text}"
    return Inbound(hashlib.sha256(seed.encode()).hexdigest(), sender, to, text)


def _decoded(body: bytes, coding: int) -> str:
    match coding:
        case consts.SMPP_ENCODING_ISO10646:
            return body.decode("utf-16-be", "replace")
        case consts.SMPP_ENCODING_ISO88591:
            return body.decode("iso-8859-1")
        case _:
            text: str = gsm0338.Codec().decode(body, "replace")[0]
            return text


def _ascii(value: Any) -> str:
    return (
        value.decode("ascii", "replace").strip("\x00") if isinstance(value, bytes) else str(value or "").strip("\x00")
    )


def _number(value: Any) -> int | None:
    if isinstance(value, bytes):
        return int.from_bytes(value, "big") if value else None
    return int(value) if value is not None else None


def listen_once(line: Line, keep: Callable[[Any], None]) -> None:
    """Read one unit and answer it; ``keep`` is called before the answer, so that what is answered is kept.

    A silent line is asked whether it still lives. When ``keep`` fails the centre is told to bring the message again.

    :raises LineBroken: the line ended, or did not answer.
    """
    try:
        unit = line.read_pdu()
    except TimeoutError:
        line.send_pdu(smpp.make_pdu("enquire_link", client=line, sequence=line.next_sequence()))
        unit = line.read_pdu()
    match unit.command:
        case "deliver_sm":
            try:
                keep(unit)
            except Exception:
                _answer(line, "deliver_sm_resp", unit.sequence, consts.SMPP_ESME_RX_T_APPN)
                raise
            _answer(line, "deliver_sm_resp", unit.sequence, consts.SMPP_ESME_ROK)
        case "enquire_link":
            _answer(line, "enquire_link_resp", unit.sequence, consts.SMPP_ESME_ROK)
        case "unbind":
            _answer(line, "unbind_resp", unit.sequence, consts.SMPP_ESME_ROK)
            raise LineBroken("The SMSC said goodbye.")
        case _:
            pass


def _answer(line: Line, command: str, sequence: int, status: int) -> None:
    answer = smpp.make_pdu(command, client=line, status=status)
    answer.sequence = sequence
    line.send_pdu(answer)
