"""Reading units of SMPP as centres write them: optional parameters of any tag and length, behind any command.

The library reads the parameters that it expects, takes the last letter of a text that has no end, and gives up a whole
unit for a parameter of another command; SMPP asks to pass over what is not known (3.4, 3.3).
"""

import struct
from collections.abc import Iterator
from typing import Any

from smpplib import command_codes, consts, smpp

HEADER = struct.Struct(">IIII")
OPTION = struct.Struct(">HH")
# SMPP 3.4, 5.1.2: the bit of an answer.
IS_ANSWER = 0x80000000
# What brings a receipt or a customer's words.
MESSAGES = ("deliver_sm", "data_sm")


class Unreadable(Exception):  # noqa: N818 - what the other side sent, not a fault of ours
    """A unit that has its length, and nothing that can be read in it."""

    def __init__(self, code: int, sequence: int, status: int) -> None:
        super().__init__(f"command {code:#010x}, status {status:#04x}")
        self.sequence, self.status, self.is_answer = sequence, status, bool(code & IS_ANSWER)


def parse(raw: bytes, client: Any) -> Any:
    """Read a whole unit; ``options`` of what is given are its optional parameters, as bytes by their tags.

    :raises Unreadable: nobody knows the command, or its parts are not where they belong.
    """
    _, code, _, sequence = HEADER.unpack_from(raw)
    try:
        unit = smpp.make_pdu(command_codes.get_command_name(code), client=client)
    except Exception as fault:  # the library names what it does not know in several ways
        raise Unreadable(code, sequence, consts.SMPP_ESME_RINVCMDID) from fault
    options: dict[int, bytes] = {}
    unit.parse_optional_params = lambda data: options.update(_options_of(bytes(data)))
    try:
        unit.parse(raw)
    except Exception as fault:  # the library's parser fails in many ways on bytes that are no unit
        raise Unreadable(code, sequence, consts.SMPP_ESME_RINVCMDLEN) from fault
    if unit.command in MESSAGES and unit.data_coding is None:
        # The library is content with the first half of what must be there.
        raise Unreadable(code, sequence, consts.SMPP_ESME_RINVCMDLEN)
    if len(getattr(unit, "short_message", None) or b"") != int(getattr(unit, "sm_length", None) or 0):
        raise Unreadable(code, sequence, consts.SMPP_ESME_RINVMSGLEN)
    unit.options = options
    return unit


def refusal_of(fault: Unreadable) -> bytes:
    """Give a generic_nack (4.3.1)."""
    return HEADER.pack(HEADER.size, command_codes.get_command_code("generic_nack"), fault.status, fault.sequence)


def _options_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the optional parameters; one that breaks off ends them."""
    place = 0
    while place + OPTION.size <= len(data):
        tag, length = OPTION.unpack_from(data, place)
        place += OPTION.size
        if place + length > len(data):
            return
        yield tag, data[place : place + length]
        place += length
