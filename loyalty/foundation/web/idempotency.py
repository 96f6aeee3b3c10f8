"""The Idempotency-Key header (IETF draft-ietf-httpapi-idempotency-key-header)."""

import hashlib

from rest_framework.request import Request

from loyalty.foundation.kernel.errors import Invalid
from loyalty.foundation.kernel.exact_json import dumps_exact

KEY_LENGTH_MAX = 200


class IdempotencyKeyMissing(Invalid):
    """A call that moves points came without a key."""

    code = "idempotency.key_missing"
    title = "Idempotency-Key is required"


class IdempotencyKeyInvalid(Invalid):
    """The key is empty, too long or has control characters."""

    code = "idempotency.key_invalid"
    title = "Idempotency-Key cannot be read"


def require_key(request: Request) -> str:
    """Give the caller's key from the header or the body's ``idempotency_key``.

    :raises IdempotencyKeyMissing: neither is there.
    :raises IdempotencyKeyInvalid: longer than 200 or not printable ASCII.
    """
    body = request.data if isinstance(request.data, dict) else {}
    key = request.headers.get("Idempotency-Key") or body.get("idempotency_key")
    if key is None or key == "":
        raise IdempotencyKeyMissing("Send a key of your own that names this one change, and repeat it on retries.")
    text = str(key).strip().strip('"')
    if not text or len(text) > KEY_LENGTH_MAX or not text.isascii() or not text.isprintable():
        raise IdempotencyKeyInvalid(f"A key is 1 to {KEY_LENGTH_MAX} printable ASCII characters.")
    return text


def fingerprint(value: object) -> bytes:
    """Give the SHA-256 of a request's content, to compare a retry with the first call."""
    return hashlib.sha256(dumps_exact(value)).digest()
