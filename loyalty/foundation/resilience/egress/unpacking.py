"""Unpacks answers piece by piece, so that a small answer cannot become a large one in memory."""

import zlib
from collections.abc import Iterator

from loyalty.foundation.resilience.egress.errors import AnswerTooLarge, AnswerUnreadable

# What is asked for; anything else that comes is refused.
ACCEPTED = "gzip, deflate"
PIECE_BYTES = 65_536
# The window of zlib, with which it reads gzip's or zlib's head by itself.
EITHER_HEAD = zlib.MAX_WBITS | 32


def unpacked(pieces: Iterator[bytes], coding: str, bytes_max: int) -> Iterator[bytes]:
    """Give the content of an answer in pieces of at most 64 kB.

    :param coding: the answer's Content-Encoding.
    :param bytes_max: the most that is taken, packed and unpacked each.
    :raises AnswerTooLarge: there is more.
    :raises AnswerUnreadable: it is packed otherwise than asked, twice, or broken.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        yield from _counted(pieces, bytes_max)
    elif coding in ("gzip", "x-gzip", "deflate"):
        yield from _counted(_inflated(_counted(pieces, bytes_max)), bytes_max)
    else:
        raise AnswerUnreadable("The answer is packed in a way that was not asked for.")


def _counted(pieces: Iterator[bytes], bytes_max: int) -> Iterator[bytes]:
    count = 0
    for piece in pieces:
        count += len(piece)
        if count > bytes_max:
            raise AnswerTooLarge(f"The answer has more than {bytes_max} bytes.")
        yield piece


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(EITHER_HEAD)
    has_begun = False
    for packed in pieces:
        rest = packed
        while rest and not inflater.eof:
            try:
                piece = inflater.decompress(rest, PIECE_BYTES)
            except zlib.error as fault:
                if has_begun:
                    raise AnswerUnreadable("The answer's packing is broken.") from fault
                # "deflate" without a head, which some servers send.
                inflater, has_begun = zlib.decompressobj(-zlib.MAX_WBITS), True
                continue
            has_begun = True
            rest = inflater.unconsumed_tail
            if piece:
                yield piece
    # What is left in the inflater is at most one window long, but may unpack to more than one piece.
    while has_begun and not inflater.eof:
        piece = inflater.decompress(inflater.unconsumed_tail, PIECE_BYTES)
        if not piece:
            raise AnswerUnreadable("The answer ends in the middle.")
        yield piece
