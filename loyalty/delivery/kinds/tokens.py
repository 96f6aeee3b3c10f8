"""Signed tokens that are short enough for a text message: a few numbers and a signature, in digits and letters."""

import hmac
from collections.abc import Sequence

from django.conf import settings
from django.utils.crypto import salted_hmac

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VALUES = {digit: value for value, digit in enumerate(DIGITS)}
# Numbers of 63 bits take 9 bytes each; no token of ours is longer than this.
TOKEN_LENGTH_MAX = 60
# 48 bits: at 1,000 guesses a second the first hit is expected after 4,000 years.
SIGNATURE_BYTES = 6


def make(numbers: Sequence[int], salt: str) -> str:
    """Give the token of some numbers; the first is at least 1."""
    payload = b"".join(_varint(number) for number in numbers)
    return _text(payload + _signature(payload, salt, settings.SECRET_KEY))


def read(token: str, salt: str, count: int) -> tuple[int, ...] | None:
    """Give the numbers of a token, or None when we did not sign it."""
    raw = _bytes(token)
    if raw is None or len(raw) <= SIGNATURE_BYTES:
        return None
    payload, given = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(hmac.compare_digest(given, _signature(payload, salt, key)) for key in keys):
        return None
    numbers = _numbers(payload)
    return numbers if numbers is not None and len(numbers) == count else None


def _signature(payload: bytes, salt: str, key: str | bytes) -> bytes:
    return salted_hmac(salt, payload, secret=key, algorithm="sha256").digest()[:SIGNATURE_BYTES]


def _varint(number: int) -> bytes:
    """Give a number in groups of seven bits, the lowest first; every group but the last has its high bit set."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(0x80 | (number & 0x7F))
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _numbers(payload: bytes) -> tuple[int, ...] | None:
    numbers, number, shift = [], 0, 0
    for byte in payload:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            numbers.append(number)
            number, shift = 0, 0
    return None if shift else tuple(numbers)


def _text(raw: bytes) -> str:
    # The first byte is never 0, because the first number is at least 1, so no leading byte is lost.
    value, digits = int.from_bytes(raw, "big"), []
    while value:
        value, rest = divmod(value, len(DIGITS))
        digits.append(DIGITS[rest])
    return "".join(reversed(digits))


def _bytes(token: str) -> bytes | None:
    if not 0 < len(token) <= TOKEN_LENGTH_MAX or any(character not in VALUES for character in token):
        return None
    value = 0
    for character in token:
        value = value * len(DIGITS) + VALUES[character]
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
