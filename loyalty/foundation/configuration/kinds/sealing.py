"""Seals and opens secrets with the master key at hand."""

from loyalty.foundation.configuration.contracts import SealedColumn
from loyalty.foundation.configuration.kinds.registry import find_key, sealing_key
from loyalty.foundation.configuration.policy import envelope
from loyalty.foundation.kernel.redaction import remember_secret

# The secrets of the sections themselves.
SECRETS = SealedColumn("configuration_sealedsecret", "sealed", "id", "configuration")


def seal(plaintext: bytes, *, associated: bytes) -> bytes:
    """Seal a secret for one place, which ``associated`` names (``<name of the column>:<id of the row>``).

    :raises KeyMissing: no master key is set.
    """
    return envelope.seal(plaintext, sealing_key(), associated)


def unseal(sealed: bytes, *, associated: bytes) -> bytes:
    """Open a secret that ``seal`` made for the same place.

    :raises KeyWrong: no key at hand sealed it, or it was moved or changed.
    :raises KeyMissing: no master key is set.
    """
    return envelope.unseal(bytes(sealed), find_key, associated)


def seal_text(text: str, *, associated: str) -> bytes:
    """Seal a text, and keep it out of the logs."""
    remember_secret(text)
    return seal(text.encode(), associated=associated.encode())


def unseal_text(sealed: bytes | memoryview, *, associated: str) -> str:
    """Open a text, and keep it out of the logs."""
    text = unseal(bytes(sealed), associated=associated.encode()).decode()
    remember_secret(text)
    return text
