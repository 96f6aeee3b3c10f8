"""The Idempotency-Key header (IETF draft-ietf-httpapi-idempotency-key-header)."""

import hashlib
from decimal import Decimal

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
    :raises IdempotencyKeyInvalid: longer than 200 or not printable ASCII, or the two places name different keys.
    """
    body = request.data if isinstance(request.data, dict) else {}
    places = (request.headers.get("Idempotency-Key"), body.get("idempotency_key"))
    told = [key for key in places if key not in (None, "")]
    if not told:
        raise IdempotencyKeyMissing("Send a key of your own that names this one change, and repeat it on retries.")
    keys = [str(key).strip().strip('"') for key in told]
    if any(not key or len(key) > KEY_LENGTH_MAX or not key.isascii() or not key.isprintable() for key in keys):
        raise IdempotencyKeyInvalid(f"A key is 1 to {KEY_LENGTH_MAX} printable ASCII characters.")
    if keys[0] != keys[-1]:
        # Which of the two a retry would repeat, nobody knows.
        raise IdempotencyKeyInvalid("The key of the header and the key of the body are not the same.")
    return keys[0]


def fingerprint(value: object) -> bytes:
    """Give the SHA-256 of a request's content, to compare a retry with the first call.

    The order of an object's members and idle zeros of its numbers (``1.50`` and ``1.5``) say nothing in JSON, and a
    client that writes its body anew for a retry may change both.
    """
    return hashlib.sha256(dumps_exact(_canonical(value))).digest()


def _canonical(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _canonical(value[name]) for name in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [_canonical(inner) for inner in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    return value
