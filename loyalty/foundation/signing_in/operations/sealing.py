"""Sealing what must be read again, with AES-GCM under a key of its own derived from the platform's secret."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

NONCE_BYTES = 12
_PURPOSE = b"signing_in.second_factor"


class SealBroken(Exception):
    """The sealed text was changed, belongs to another row, or was sealed under another key."""


def _keys() -> list[AESGCM]:
    return [
        AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(force_bytes(secret)))
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def seal(plain: bytes, *, belongs_to: str) -> bytes:
    """Seal for one row: in another row it cannot be opened."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _keys()[0].encrypt(nonce, plain, belongs_to.encode())


def unseal(sealed: bytes, *, belongs_to: str) -> bytes:
    """Open what ``seal`` made.

    :raises SealBroken: it was changed, or moved, or no key fits.
    """
    for key in _keys():
        try:
            return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], belongs_to.encode())
        except (InvalidTag, ValueError):
            continue
    raise SealBroken
