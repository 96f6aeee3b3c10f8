"""Cutting a text into the segments that a network carries (3GPP TS 23.038 and 23.040)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import gsm0338

# A segment has 140 bytes: 160 characters of 7 bits, or 70 units of 16. Joined segments lose 6 bytes to the header.
SEPTETS_ALONE, SEPTETS_JOINED = 160, 153
BYTES_ALONE, BYTES_JOINED = 140, 134
# The header numbers segments with one byte; no network likes so many, and each one is paid for.
SEGMENTS_MAX = 10
ESCAPE = 0x1B
HIGH_SURROGATES = range(0xD800, 0xDC00)


class Alphabet(StrEnum):
    """How a text is coded: GSM's own 7 bits, or UCS-2 as soon as one character is in no table of GSM."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Segmented:
    """A text as a network carries it: each body without its header; one byte a character in GSM's alphabet."""

    alphabet: Alphabet
    bodies: tuple[bytes, ...]

    @property
    def is_joined(self) -> bool:
        """Whether the segments need a header that tells the telephone how to join them."""
        return len(self.bodies) > 1


@lru_cache(maxsize=1)
def _codec() -> gsm0338.Codec:
    return gsm0338.Codec()


def is_in_gsm(character: str) -> bool:
    """Tell whether a character is in GSM's alphabet or its extension."""
    try:
        _codec().encode(character)
    except UnicodeEncodeError:
        return False
    return True


def segments_of(text: str) -> Segmented:
    """Cut a text; no character is torn apart by a cut."""
    try:
        coded: bytes = _codec().encode(text)[0]
    except UnicodeEncodeError:
        wide = text.encode("utf-16-be")
        return Segmented(Alphabet.UCS2, tuple(_cut(wide, BYTES_ALONE, BYTES_JOINED, _wide_end)))
    return Segmented(Alphabet.GSM7, tuple(_cut(coded, SEPTETS_ALONE, SEPTETS_JOINED, _narrow_end)))


def _narrow_end(coded: bytes, end: int) -> int:
    """Give the end at or before which no extension character is torn from its escape."""
    return end - 1 if end < len(coded) and coded[end - 1] == ESCAPE else end


def _wide_end(coded: bytes, end: int) -> int:
    """Give the end at or before which no pair of surrogates is torn apart."""
    is_torn = end < len(coded) and int.from_bytes(coded[end - 2 : end], "big") in HIGH_SURROGATES
    return end - 2 if is_torn else end


def _cut(coded: bytes, alone: int, joined: int, end_of: Callable[[bytes, int], int]) -> Iterator[bytes]:
    if len(coded) <= alone:
        yield coded
        return
    start = 0
    while start < len(coded):
        end = end_of(coded, start + joined)
        yield coded[start:end]
        start = end
