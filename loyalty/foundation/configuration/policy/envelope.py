"""Envelope encryption: each secret under a data key of its own, each data key under the master key (AES-256-GCM).

A sealed text is ``1 | length of the key's name | key's name | length of the wrapped data key (2) | wrapped data key |
nonce (12) | content and tag``. The data key and the content are both bound to the associated data, which names the row;
so a text that is copied to another row opens there as little as one that was changed. A change of the master key wraps
the data keys anew and leaves the contents as they are.
"""

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from loyalty.foundation.configuration.errors import KeyWrong

FORM = 1
NONCE_BYTES = 12
DATA_KEY_BYTES = 32
WRAP, CONTENT = b"khaywe data key:", b"khaywe secret:"


class KeyWrapper(Protocol):
    """One master key, wherever it is kept: in this process, or in a service that never hands it out."""

    @property
    def name(self) -> str:
        """A name that tells the key from others and nothing of it; at most 255 bytes."""
        ...

    def wrap(self, data_key: bytes, associated: bytes) -> bytes:
        """Encrypt a data key, bound to the associated data."""
        ...

    def unwrap(self, wrapped: bytes, associated: bytes) -> bytes:
        """Decrypt it again.

        :raises KeyWrong: it was wrapped by another key, or for other data.
        """
        ...


class LocalKey:
    """A master key that this process holds, made from a text of at least 32 bytes."""

    def __init__(self, text: str) -> None:
        self._cipher = AESGCM(_derived(text, b"wrap"))
        self._name = _derived(text, b"name")[:8].hex()

    @property
    def name(self) -> str:
        """Sixteen hexadecimal digits that are derived from the key and do not lead back to it."""
        return self._name

    def wrap(self, data_key: bytes, associated: bytes) -> bytes:
        """Encrypt a data key."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data_key, WRAP + associated)

    def unwrap(self, wrapped: bytes, associated: bytes) -> bytes:
        """Decrypt it again."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], WRAP + associated)
        except (InvalidTag, ValueError) as fault:
            raise KeyWrong("A secret was moved to another place, or changed, or sealed by another key.") from fault

    def __repr__(self) -> str:
        return f"LocalKey({self._name})"


def _derived(text: str, use: bytes) -> bytes:
    # The text is random already; the function only separates its uses.
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=b"khaywe configuration", info=use).derive(text.encode())


@dataclass(frozen=True, slots=True)
class Parts:
    """A sealed text taken apart."""

    key_name: str
    wrapped: bytes
    content: bytes

    def joined(self) -> bytes:
        """Put it together."""
        name = self.key_name.encode()
        return struct.pack(f"!BB{len(name)}sH", FORM, len(name), name, len(self.wrapped)) + self.wrapped + self.content


def take_apart(sealed: bytes) -> Parts:
    """Read a sealed text.

    :raises KeyWrong: it is none.
    """
    try:
        form, length = struct.unpack_from("!BB", sealed)
        name = sealed[2 : 2 + length]
        (wrapped_length,) = struct.unpack_from("!H", sealed, 2 + length)
        begin = 4 + length
        parts = Parts(name.decode(), sealed[begin : begin + wrapped_length], sealed[begin + wrapped_length :])
    except (struct.error, UnicodeDecodeError) as fault:
        raise KeyWrong("What is stored is no sealed secret.") from fault
    if form != FORM or len(parts.wrapped) != wrapped_length or len(parts.content) <= NONCE_BYTES:
        raise KeyWrong("What is stored is no sealed secret.")
    return parts


def seal(plaintext: bytes, key: KeyWrapper, associated: bytes) -> bytes:
    """Seal a secret under a fresh data key."""
    data_key = os.urandom(DATA_KEY_BYTES)
    nonce = os.urandom(NONCE_BYTES)
    content = nonce + AESGCM(data_key).encrypt(nonce, plaintext, CONTENT + associated)
    return Parts(key.name, key.wrap(data_key, associated), content).joined()


def unseal(sealed: bytes, find_key: Callable[[str], KeyWrapper], associated: bytes) -> bytes:
    """Open a sealed secret.

    :raises KeyWrong: no key at hand sealed it, it was moved, or it was changed.
    """
    parts = take_apart(sealed)
    data_key = find_key(parts.key_name).unwrap(parts.wrapped, associated)
    try:
        nonce, content = parts.content[:NONCE_BYTES], parts.content[NONCE_BYTES:]
        return AESGCM(data_key).decrypt(nonce, content, CONTENT + associated)
    except (InvalidTag, ValueError) as fault:
        raise KeyWrong("A secret was changed where it is stored.") from fault


def rewrap(sealed: bytes, find_key: Callable[[str], KeyWrapper], key: KeyWrapper, associated: bytes) -> bytes | None:
    """Wrap the data key of a sealed secret by another master key; None when it is wrapped by that one already.

    :raises KeyWrong: no key at hand sealed it, or it was moved.
    """
    parts = take_apart(sealed)
    if parts.key_name == key.name:
        return None
    data_key = find_key(parts.key_name).unwrap(parts.wrapped, associated)
    return Parts(key.name, key.wrap(data_key, associated), parts.content).joined()
