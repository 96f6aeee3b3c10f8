"""What a customer writes to us by text message, as a network carries it: coded, and in parts where it is long."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import gsm0338

# SMPP 3.4, 5.2.19, and GSM 03.38, 4, for centres that hand the network's own coding on.
CODINGS = {0x01: "ascii", 0x03: "iso-8859-1", 0x06: "iso-8859-5", 0x07: "iso-8859-8", 0x08: "utf-16-be"}
GENERAL_CODINGS, WIDE = range(0x10, 0x80), 0x08
# One byte numbers the parts.
PARTS_MAX = 255


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a long message of a customer's a unit is."""

    name: int
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message of a customer's, or a part of one; ``sequence`` is what the centre calls its unit on this line."""

    from_address: str
    to_address: str
    sequence: int
    coding: int
    coded: bytes
    part: Part | None = None

    @property
    def body(self) -> str:
        """The words."""
        return decoded([(self.coded, self.coding)])


def decoded(pieces: Iterable[tuple[bytes, int]]) -> str:
    """Give the words of a message from its parts in their order: what is coded alike is joined before it is read, for
    a character may lie across two parts."""
    words = ""
    for coding, run in groupby(pieces, key=lambda piece: piece[1]):
        coded, codec = b"".join(piece[0] for piece in run), codec_of(coding)
        words += coded.decode(codec, "replace") if codec else str(gsm0338.Codec().decode(coded, "replace")[0])
    return words


def codec_of(coding: int) -> str:
    """Give the codec of Python's for a data_coding; empty for GSM's alphabet."""
    if coding in GENERAL_CODINGS and coding & 0x0C == WIDE:
        return CODINGS[WIDE]
    return CODINGS.get(coding, "")
