"""Reading what an SMSC delivers to us: receipts of our messages, and messages of customers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from smpplib import consts, smpp
from smpplib.exceptions import ConnectionError as LineBroken

from loyalty.delivery.contracts import ReceiptOutcome
from loyalty.delivery.kinds.sms import message_ids, units
from loyalty.delivery.kinds.sms.inbound import CODINGS, PARTS_MAX, WIDE, Inbound, Part, codec_of
from loyalty.delivery.kinds.sms.providers.smpp import Line

# SMPP 3.4, 5.2.12: what a message is; nothing of it is a customer's own. An acknowledgement of a telephone, or what a
# centre says in between, says nothing final.
WHAT_IT_IS, IS_RECEIPT = 0x3C, 0x04
HAS_HEADER = 0x40
# 5.3.2: the optional parameters that are read.
RECEIPTED, STATE = (consts.OPTIONAL_PARAMS[name] for name in ("receipted_message_id", "message_state"))
PAYLOAD = consts.OPTIONAL_PARAMS["message_payload"]
JOINED_BY = tuple(
    consts.OPTIONAL_PARAMS[name] for name in ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
)
# GSM 03.40, 9.2.3.24: parts of a header that join segments, by the length of the message's number in them.
JOINING_PARTS = {0x00: 1, 0x08: 2}
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


def read(unit: Any, *, ids: str = message_ids.AS_TOLD) -> Receipt | Inbound | None:
    """Give what a deliver_sm or data_sm says, or None when it says nothing that counts.

    :param ids: how the centre writes the ids of segments, one of ``message_ids.CHOICES``.
    """
    kind = int(unit.esm_class or 0) & WHAT_IT_IS
    # Some centres mark a receipt by its parameters alone; no telephone can write those.
    if kind == IS_RECEIPT or (not kind and RECEIPTED in unit.options and STATE in unit.options):
        return _receipt_of(unit, ids)
    return None if kind else _inbound_of(unit)


def _words_of(unit: Any) -> bytes:
    return bytes(getattr(unit, "short_message", None) or b"") or unit.options.get(PAYLOAD, b"")


def _receipt_of(unit: Any, ids: str) -> Receipt | None:
    # The words of a receipt are ASCII, and GSM's alphabet would read the _ of an id as another letter.
    is_wide = codec_of(int(unit.data_coding or 0)) == CODINGS[WIDE]
    text = _words_of(unit).decode(CODINGS[WIDE] if is_wide else "ascii", "replace")
    told = RECEIPT_TEXT.search(text)
    by_text = message_ids.of_receipt(told["id"], ids) if told else ""
    # The parameter is what the centre answered to submit_sm (5.3.2.12), in the base of its answers.
    by_option = message_ids.of_answer(_ascii(unit.options.get(RECEIPTED)), ids)
    reference = (by_option or by_text) if ids == message_ids.AS_TOLD else (by_text or by_option)
    state = unit.options.get(STATE)
    if state:
        outcome = OUTCOMES.get(int.from_bytes(state, "big"))
    else:
        outcome = OUTCOMES_BY_WORD.get(told["stat"].upper() if told else "")
    detail = text or f"message_state {int.from_bytes(state or b'', 'big')}"
    return Receipt(reference, outcome, detail[:200]) if reference and outcome else None


def _inbound_of(unit: Any) -> Inbound:
    words = _words_of(unit)
    header = b""
    if int(unit.esm_class or 0) & HAS_HEADER and words:
        header, words = words[1 : words[0] + 1], words[words[0] + 1 :]
    return Inbound(
        from_address=_ascii(unit.source_addr),
        to_address=_ascii(unit.destination_addr),
        sequence=unit.sequence,
        coding=int(unit.data_coding or 0),
        coded=words,
        part=_part_by_header(header) or _part_by_options(unit.options),
    )


def _part_by_header(header: bytes) -> Part | None:
    """Read a header of GSM 03.40, which is a list of parts, each with its kind and its length."""
    place = 0
    while place + 2 <= len(header):
        kind, length = header[place], header[place + 1]
        value = header[place + 2 : place + 2 + length]
        of_name = JOINING_PARTS.get(kind)
        if of_name is not None and len(value) == of_name + 2:
            return _part(int.from_bytes(value[:of_name], "big"), value[of_name], value[of_name + 1])
        place += 2 + length
    return None


def _part_by_options(options: Mapping[int, bytes]) -> Part | None:
    if not all(options.get(tag) for tag in JOINED_BY):
        return None
    name, total, number = (int.from_bytes(options[tag], "big") for tag in JOINED_BY)
    return _part(name & 0xFFFF, total, number)


def _part(name: int, total: int, number: int) -> Part | None:
    """Give a part, or None where the numbers make no message of several."""
    return Part(name, total, number) if 1 <= number <= total <= PARTS_MAX and total > 1 else None


def _ascii(value: Any) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\x00")


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
        case command if command in units.MESSAGES:
            try:
                keep(unit)
            except Exception:
                _answer(line, f"{command}_resp", unit.sequence, consts.SMPP_ESME_RX_T_APPN)
                raise
            _answer(line, f"{command}_resp", unit.sequence, consts.SMPP_ESME_ROK)
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
